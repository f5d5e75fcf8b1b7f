"""Numbers what a desk says: every command and fact gets the id that its cause determines."""

from collections.abc import Callable
from typing import Any, NamedTuple

from topics.commands import AnyCommand, Command
from topics.facts import AnyFact, Fact
from topics.frames import JournalPosition, Run
from topics.ids import id_prefix

from .attempts import Attempt


class Outputs(NamedTuple):
    """What one frame led to, in order."""

    commands: list[AnyCommand]
    facts: list[AnyFact]


class Outbox:
    """Collects the outputs of the frame that is being applied, and gives each its id.

    Nearly every frame says nothing, so what its ids begin with is only made when it says something.
    The index is put behind it right here: a call would be paid for each output.
    """

    __slots__ = ("_position", "_prefix", "commands", "facts", "now_us", "of", "on_attempt")

    def __init__(self) -> None:
        self.commands: list[AnyCommand] = []
        self.facts: list[AnyFact] = []
        self._position = JournalPosition(0, 0, 0)
        self._prefix = ""
        self.of: tuple[Run, int] | None = None
        """The run and offset of the event that is at work; None: time passes."""
        self.now_us = 0
        self.on_attempt: Callable[[Attempt], None] | None = None
        """Told of every try, for whoever watches; see `Desk.watch`."""

    def open(self, position: JournalPosition, now_us: int) -> None:
        """Begin a frame."""
        self._position = position
        self._prefix = ""
        self.of = None
        self.now_us = now_us

    def close(self) -> Outputs:
        """End a frame: return what was said in it."""
        outputs = Outputs(self.commands, self.facts)
        if self.commands or self.facts:
            self.commands, self.facts = [], []
        return outputs

    def _begin(self) -> str:
        """Make what this frame's ids begin with."""
        self._prefix = id_prefix(self._position.partition, self._position.offset)
        return self._prefix

    def _cause(self) -> str:
        if self.of is None:
            return "clock"
        run, offset = self.of
        return f"{run.topic}:{run.partition}:{offset}"

    def command(self, kind: type[Command], account: str, **values: Any) -> str:
        """Give a command; returns its id."""
        name = f"{self._prefix or self._begin()}{len(self.commands) + len(self.facts)}"
        made: Any = kind(id=name, ts_us=self.now_us, account=account, cause=self._cause(), **values)
        self.commands.append(made)
        return name

    def fact(self, kind: type[Fact], account: str | None, **values: Any) -> str:
        """State a fact; returns its id."""
        name = f"{self._prefix or self._begin()}{len(self.commands) + len(self.facts)}"
        made: Any = kind(id=name, ts_us=self.now_us, account=account, cause=self._cause(), **values)
        self.facts.append(made)
        return name
