"""Counts what a run says about one account; becomes a `RunResult` at the end."""

from collections import Counter
from dataclasses import replace

from state.dealing.outbox import Outputs
from topics.codec import encode
from topics.commands import Steal, Submit
from topics.digests import OutputDigest
from topics.facts import (
    AnyFact,
    EntryBlocked,
    EntryEnded,
    StealExpired,
    StealLost,
    StealSettled,
    StealStarted,
)

from .checker import MICROS, CapacityChecker
from .curve import Curve
from .result import Leg, RunResult, StealLine


class RunTally:
    """The figures of one account in the making."""

    def __init__(
        self, policy: str, capital: float, checker: CapacityChecker, *, digest: bool = True
    ) -> None:
        self.policy = policy
        self.capital = capital
        self.entries = 0
        self.fills = 0
        self._commands = 0
        self._checker = checker
        self._said = OutputDigest() if digest else None
        self._blocks: Counter[str] = Counter()
        self._steals: dict[str, StealLine] = {}
        self._ends: dict[str, str] = {}
        self._thieves: dict[str, Leg] = {}
        self._entry_of: dict[str, str] = {}
        self._ended_us: dict[str, int] = {}

    def outputs(self, outputs: Outputs) -> None:
        """Take in what one frame led to."""
        if self._said is not None:
            for output in (*outputs.commands, *outputs.facts):
                self._said.take(encode(output))
        self._commands += len(outputs.commands)
        for fact in outputs.facts:
            self._fact(fact)
        for command in outputs.commands:  # a steal's fact may be of the same frame
            if isinstance(command, Submit | Steal):
                self._entry_of[command.order] = command.entry
                if isinstance(command, Steal):
                    self._thief(command)

    def _fact(self, fact: AnyFact) -> None:
        if isinstance(fact, EntryBlocked):
            self._blocks[fact.reason] += 1
        elif isinstance(fact, EntryEnded):
            self._ended_us[fact.entry] = fact.ts_us
        elif isinstance(fact, StealStarted):
            self._start(fact)
        elif isinstance(fact, StealSettled):
            self._ends[fact.steal] = "settled"
        elif isinstance(fact, StealLost):
            self._ends[fact.steal] = "lost"
        elif isinstance(fact, StealExpired):
            self._ends[fact.steal] = "expired"

    def _start(self, fact: StealStarted) -> None:
        self._steals[fact.steal] = StealLine(
            ts_us=fact.ts_us,
            id=fact.id,
            steal=fact.steal,
            entry=fact.entry,
            thief=fact.symbol,
            victims=tuple(f"{victim.symbol} {victim.order}" for victim in fact.victims),
            freed_micros=sum(victim.freed_micros for victim in fact.victims),
            outcome="open",
            victim_legs=tuple(
                leg for victim in fact.victims if (leg := self._victim(victim.order)) is not None
            ),
        )

    def _victim(self, order: str) -> Leg | None:
        """Return a victim as it rests at the venue now."""
        resting = self._checker.entry(order)
        if resting is None:
            return None
        symbol, side, limit, qty = resting
        return Leg(order, symbol, side, limit, qty, 0)

    def _thief(self, command: Steal) -> None:
        self._thieves[command.steal] = Leg(
            command.order, command.symbol, command.side, command.limit, command.qty, 0
        )

    def _finished(self, line: StealLine, last_us: int) -> StealLine:
        """Fill in how a steal ended, and when the entries behind its orders did."""

        def lasting(leg: Leg) -> Leg:
            entry = self._entry_of.get(leg.order, "")
            return replace(leg, until_us=self._ended_us.get(entry, last_us))

        thief = self._thieves.get(line.steal)
        return replace(
            line,
            outcome=self._ends.get(line.steal, line.outcome),
            thief_leg=None if thief is None else lasting(thief),
            victim_legs=tuple(map(lasting, line.victim_legs)),
        )

    def result(self, state_digest: str, curve: Curve, last_us: int) -> RunResult:
        """Return the figures; call it once, at the end."""
        blocks = sorted(self._blocks.items(), key=lambda item: (-item[1], item[0]))
        checker, ends = self._checker, Counter(self._ends.values())
        return RunResult(
            policy=self.policy,
            entries=self.entries,
            fills=self.fills,
            steals=len(self._steals),
            steals_settled=ends["settled"],
            steals_lost=ends["lost"],
            blocks=self._blocks.total(),
            commands=self._commands,
            pnl=(curve.final_equity_micros - round(self.capital * MICROS)) / MICROS,
            fees=checker.fees_micros / MICROS,
            interest=checker.interest_micros / MICROS,
            max_drawdown=curve.max_drawdown,
            max_drawdown_fraction=curve.max_drawdown_fraction,
            capital_mean=curve.capital_mean,
            capital_peak=curve.capital_peak,
            idle_fraction=curve.idle_fraction,
            capacity_breaches=checker.breaches,
            refusals=dict(blocks),
            digest="" if self._said is None else self._said.value(),
            state_digest=state_digest,
            series=curve.series,
            timeline=tuple(self._finished(line, last_us) for line in self._steals.values()),
        )
