"""One line in the log for each decision of the desk, and never so many that they slow it down.

A line has the fact's or command's id, the account, what it is about and its cause; what an order is
worth, and at which price, is on the topics.  The levels:

- `error`: an account was halted;
- `warning`: a steal expired, for then an account waits for its venue;
- `info`: steals that started, settled or were lost; fights; bringing an account down for the close;
- `debug`: everything else that was commanded or refused.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from state.dealing.outbox import Outputs
from topics.commands import Cancel, Reduce, Steal, Submit
from topics.facts import (
    AccountHalted,
    CooldownStarted,
    DeleverageDone,
    DeleverageStarted,
    EntryBlocked,
    EntryEnded,
    EventRefused,
    FightDetected,
    InterestCharged,
    StealExpired,
    StealLost,
    StealSettled,
    StealStarted,
)
from topics.frames import Frame, JournalPosition

LOGGER = "worksteal.decisions"

LINES_PER_S = 100
"""More are not written, only counted: a line takes as long as the desk takes for twenty events."""

VICTIMS_MAX = 20
"""So many victims are named in a line."""

LEVELS: dict[type, int] = {
    AccountHalted: logging.ERROR,
    StealExpired: logging.WARNING,
    StealStarted: logging.INFO,
    StealSettled: logging.INFO,
    StealLost: logging.INFO,
    FightDetected: logging.INFO,
    DeleverageStarted: logging.INFO,
    DeleverageDone: logging.INFO,
    InterestCharged: logging.INFO,
    Reduce: logging.INFO,
    Submit: logging.DEBUG,
    Cancel: logging.DEBUG,
    Steal: logging.DEBUG,
    EntryBlocked: logging.DEBUG,
    EntryEnded: logging.DEBUG,
    EventRefused: logging.DEBUG,
    CooldownStarted: logging.DEBUG,
}
"""Of every fact and command."""

SAID = ("steal", "entry", "order", "symbol", "reason", "attempt", "unanswered", "funded_by", "won")
"""Fields that go into a line as they are.  The free texts `detail` and `text` do not."""


class Decisions:
    """Writes the lines of one worker; `dropped` counts those that were too many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.dropped = 0
        self._clock = clock
        self._log: Any = structlog.stdlib.get_logger(LOGGER)
        self._level: int | None = None
        self._second = 0
        self._written = 0
        self._untold = 0

    def applied(self, frame: Frame, position: JournalPosition, outputs: Outputs) -> None:  # noqa: ARG002 - the form of `Applied`
        """Write what a frame led to."""
        if not outputs.facts and not outputs.commands:
            return
        if self._level is None:  # asked once, when logging is surely set up
            self._level = logging.getLogger(LOGGER).getEffectiveLevel()
        for message in (*outputs.commands, *outputs.facts):
            level = LEVELS[type(message)]
            if level >= self._level and self._may():
                self._log.log(level, _name(message), **_said(message))

    def _may(self) -> bool:
        """Tell whether a line may be written in this second; says how many were not in the last."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._written = second, 0
            if self._untold:
                self._log.warning("decisions not logged", lines=self._untold)
                self._untold = 0
        if self._written < LINES_PER_S:
            self._written += 1
            return True
        self.dropped += 1
        self._untold += 1
        return False


def _name(message: msgspec.Struct) -> str:
    return str(message.__struct_config__.tag)


def _said(message: Any) -> dict[str, Any]:
    said = {"id": message.id, "account": message.account, "cause": message.cause}
    for field in SAID:
        value = getattr(message, field, None)
        if value is not None:
            said[field] = value
    victims = getattr(message, "victims", None)
    if victims is not None:
        said["victims"] = [victim.order for victim in victims[:VICTIMS_MAX]]
        if len(victims) > VICTIMS_MAX:
            said["more_victims"] = len(victims) - VICTIMS_MAX
    if type(message) is FightDetected:
        said["pair"] = list(message.pair)
    return said
