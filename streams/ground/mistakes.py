"""What a person can do something about: one sentence that says what, an exit status, no traceback.

    Mistake                      status 2: starting again would not help
    ├── BrokerError              the broker cannot be used
    ├── ClaimsError              a changelog cannot be read
    ├── CompareError             runs cannot be compared as asked
    ├── DeadLetterError          a dead letter cannot be shown or put back
    ├── LostError                records are gone that the journal never got
    ├── MarketError              market data cannot be used
    ├── OptimizeError            a search cannot be made as asked
    ├── PaperError               the paper venue cannot run or go on
    ├── Passing                  status 1: nobody's mistake, starting again helps
    │   ├── FencedError          another worker wrote to a changelog that this one owns
    │   ├── LeaseError           the process stood still, others own its partitions
    │   └── StuckError           a machine gets nothing to go on with
    ├── ReplayError              a recording or a journal cannot be used
    │   └── FullError            a recording cannot be written on
    ├── ReportError              a report could not be made
    ├── SchemaError              the schemas' files are not what they should be
    ├── SettingsError            the settings cannot be used
    ├── StrategyError            a user's own strategy cannot be used
    ├── TailError                a topic cannot be looked at
    ├── TimeError                an option's time cannot be read
    ├── UsageError               options that do not go together
    └── WebError                 the HTTP server cannot listen

Whoever starts something for a person catches `Mistake` and nothing else: any other exception is a
bug, and keeps its traceback.  Errors of `topics` and `state` know nothing of this; whoever calls
these packages says what such an error means to the person.
"""

from typing import ClassVar


class Mistake(Exception):
    """Ends what a person asked for; the message is one sentence that says what to do."""

    exit_status: ClassVar[int] = 2


class Passing(Mistake):
    """An expected end of a process: the status makes its supervisor start it again."""

    exit_status: ClassVar[int] = 1
