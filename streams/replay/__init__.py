"""Replaying what was decided: recordings of a journal, replays of them, and the proof that they agree.

    recorder → a recording (blocks, writer, recording)          a file instead of a broker
    source   → replay (drive: one desk)                         what a desk says, and its digest
    verify   → compare (ledger)                                 the same bytes, or the first difference

Nothing here decides: `drive` hands frames to `state.desk.Desk` as the live worker does.
"""

from .compare import compare
from .errors import ReplayError
from .found import Comparison, Found
from .recorder import record
from .recording import Recording
from .replay import Replayed, replay, replay_broker
from .validate import Validated, validate
from .verify import Difference, Verdict, found_on_broker, verify, verify_broker

__all__ = [
    "Comparison",
    "Difference",
    "Found",
    "Recording",
    "ReplayError",
    "Replayed",
    "Validated",
    "Verdict",
    "compare",
    "found_on_broker",
    "record",
    "replay",
    "replay_broker",
    "validate",
    "verify",
    "verify_broker",
]
