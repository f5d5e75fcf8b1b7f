"""Counts what a replay goes through and what its desk says."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from state.dealing.outbox import Outputs
from topics.facts import AccountHalted, StealExpired, StealLost, StealSettled, StealStarted


@dataclass(slots=True, kw_only=True)
class ReplayTally:
    """Figures of one journal partition, or of all.  Times in microseconds, None without a frame."""

    frames: int = 0
    events: int = 0
    """In the frames; an event that a resend repeated counts again."""
    commands: int = 0
    facts: int = 0
    steals_started: int = 0
    steals_settled: int = 0
    steals_lost: int = 0
    steals_expired: int = 0
    accounts_halted: int = 0
    dropped_runs: int = 0
    """Runs that did not join, as after a sequencer that lost its place; the rightful one sends them."""
    open_runs: int = 0
    """Source partitions of which a dropped run's offsets never came again."""
    ignored_policies: int = 0
    """Only in a what-if."""
    first_us: int | None = None
    last_us: int | None = None

    def frame(self, events: int, ts_us: int) -> None:
        """Take in one frame at its time."""
        self.frames += 1
        self.events += events
        self.first_us = ts_us if self.first_us is None else min(self.first_us, ts_us)
        self.last_us = ts_us if self.last_us is None else max(self.last_us, ts_us)

    def outputs(self, outputs: Outputs) -> None:
        """Take in what one frame led to."""
        self.commands += len(outputs.commands)
        self.facts += len(outputs.facts)
        for fact in outputs.facts:
            kind = type(fact)
            if kind is StealStarted:
                self.steals_started += 1
            elif kind is StealSettled:
                self.steals_settled += 1
            elif kind is StealLost:
                self.steals_lost += 1
            elif kind is StealExpired:
                self.steals_expired += 1
            elif kind is AccountHalted:
                self.accounts_halted += 1


def total(tallies: Iterable[ReplayTally]) -> ReplayTally:
    """Return the figures of several partitions together."""
    every = list(tallies)
    summed = ReplayTally()
    for field in fields(ReplayTally):
        values = [getattr(tally, field.name) for tally in every]
        if field.name.endswith("_us"):
            known = [value for value in values if value is not None]
            extreme = min if field.name == "first_us" else max
            setattr(summed, field.name, extreme(known) if known else None)
        else:
            setattr(summed, field.name, sum(values))
    return summed
