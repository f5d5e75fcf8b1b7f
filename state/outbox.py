"""Numbers what a desk says: every command and fact gets the id that its cause determines."""

from typing import Any, NamedTuple

from topics.commands import AnyCommand, Command
from topics.facts import AnyFact, Fact
from topics.frames import JournalPosition


class Outputs(NamedTuple):
    """What one frame led to, in order."""

    commands: list[AnyCommand]
    facts: list[AnyFact]


class Outbox:
    """Collects the outputs of the frame that is being applied.

    Ids are `<journal partition>-<journal offset>-<index>`, the index counting commands and facts
    of the frame together.
    """

    __slots__ = ("cause", "commands", "facts", "now_us", "prefix")

    def __init__(self) -> None:
        self.commands: list[AnyCommand] = []
        self.facts: list[AnyFact] = []
        self.prefix = ""
        self.cause = "clock"
        self.now_us = 0

    def open(self, position: JournalPosition, now_us: int) -> None:
        """Begin a frame."""
        self.prefix = f"{position.partition}-{position.offset}-"
        self.cause = "clock"
        self.now_us = now_us

    def close(self) -> Outputs:
        """End a frame: return what was said in it."""
        outputs = Outputs(self.commands, self.facts)
        if self.commands or self.facts:
            self.commands, self.facts = [], []
        return outputs

    def _common(self, account: str | None) -> dict[str, Any]:
        index = len(self.commands) + len(self.facts)
        return {
            "id": f"{self.prefix}{index}",
            "ts_us": self.now_us,
            "account": account,
            "cause": self.cause,
        }

    def command(self, kind: type[Command], account: str, **values: Any) -> str:
        """Give a command; returns its id."""
        made: Any = kind(**self._common(account), **values)
        self.commands.append(made)
        return str(made.id)

    def fact(self, kind: type[Fact], account: str | None, **values: Any) -> str:
        """State a fact; returns its id."""
        made: Any = kind(**self._common(account), **values)
        self.facts.append(made)
        return str(made.id)
