"""Counts what a run says and samples what it uses; becomes a `RunResult` at the end."""

from collections import Counter
from hashlib import blake2b

from state.outbox import Outputs
from topics.codec import encode
from topics.facts import EntryBlocked, StealExpired, StealLost, StealSettled, StealStarted

from .checker import CapacityChecker
from .result import RunResult, Series, StealLine

MINUTE_US = 60_000_000


class Tally:
    """The figures of one run in the making."""

    def __init__(self, policy: str, capital: float, checker: CapacityChecker) -> None:
        self.policy = policy
        self.capital = capital
        self.checker = checker
        self.entries = 0
        self.fills = 0
        self.commands = 0
        self._said = blake2b(digest_size=16)
        self._blocks: Counter[str] = Counter()
        self._steals: dict[str, StealLine] = {}
        self._ends: Counter[str] = Counter()
        self._series = Series()
        self._highest = round(capital * 1e6)
        self._drawdown = 0
        self._drawdown_fraction = 0.0
        self._peak = 0
        self._last_use = 0
        self._last_equity = 0
        self._first_us: int | None = None
        self._last_us = 0
        self._use_time = 0

    def outputs(self, outputs: Outputs) -> None:
        """Take in what one frame led to."""
        for command in outputs.commands:
            self._said.update(encode(command))
        self.commands += len(outputs.commands)
        for fact in outputs.facts:
            self._said.update(encode(fact))
            if isinstance(fact, EntryBlocked):
                self._blocks[fact.reason] += 1
            elif isinstance(fact, StealStarted):
                self._start(fact)
            elif isinstance(fact, StealSettled):
                self._end(fact.steal, "settled")
            elif isinstance(fact, StealLost):
                self._end(fact.steal, "lost")
            elif isinstance(fact, StealExpired):
                self._end(fact.steal, "expired")

    def _start(self, fact: StealStarted) -> None:
        self._steals[fact.steal] = StealLine(
            fact.ts_us,
            fact.id,
            fact.steal,
            fact.entry,
            fact.symbol,
            tuple(f"{victim.symbol} {victim.order}" for victim in fact.victims),
            sum(victim.freed_micros for victim in fact.victims),
            "open",
        )

    def _end(self, steal: str, outcome: str) -> None:
        line = self._steals[steal]
        self._ends[outcome] += 1
        self._steals[steal] = StealLine(
            line.ts_us,
            line.id,
            line.steal,
            line.entry,
            line.thief,
            line.victims,
            line.freed_micros,
            outcome,
        )

    def moment(self, now_us: int) -> None:
        """Sample capital and equity; called once for each instant, after everything in it."""
        if self._first_us is None:
            self._first_us = self._last_us = now_us
        elif now_us // MINUTE_US != self._last_us // MINUTE_US:
            self._sample()
        self._use_time += self._last_use * (now_us - self._last_us)
        equity, use = self.checker.equity_micros, self.checker.in_use_micros(now_us)
        self._last_us, self._last_use, self._last_equity = now_us, use, equity
        self._peak = max(self._peak, use)
        self._highest = max(self._highest, equity)
        fallen = self._highest - equity
        self._drawdown = max(self._drawdown, fallen)
        if self._highest > 0:
            self._drawdown_fraction = max(self._drawdown_fraction, fallen / self._highest)

    def _sample(self) -> None:
        """Keep how the minute ended that is over now."""
        self._series.ts_us.append(self._last_us)
        self._series.equity.append(self._last_equity / 1e6)
        self._series.in_use.append(self._last_use / 1e6)
        self._series.capacity.append(self._last_equity / 1e6)

    def result(self, state_digest: str) -> RunResult:
        """Return the figures; call it once, at the end."""
        if self._first_us is not None:
            self._sample()
        span = self._last_us - (self._first_us or 0)
        blocks = sorted(self._blocks.items(), key=lambda item: (-item[1], item[0]))
        return RunResult(
            policy=self.policy,
            entries=self.entries,
            fills=self.fills,
            steals=len(self._steals),
            steals_settled=self._ends["settled"],
            steals_lost=self._ends["lost"],
            blocks=self._blocks.total(),
            commands=self.commands,
            pnl=(self.checker.equity_micros - round(self.capital * 1e6)) / 1e6,
            fees=self.checker.fees_micros / 1e6,
            interest=0.0,
            max_drawdown=self._drawdown / 1e6,
            max_drawdown_fraction=self._drawdown_fraction,
            capital_mean=self._use_time / span / 1e6 if span else 0.0,
            capital_peak=self._peak / 1e6,
            idle_fraction=0.0,
            capacity_breaches=self.checker.breaches,
            refusals=dict(blocks),
            digest=self._said.hexdigest(),
            state_digest=state_digest,
            series=self._series,
            timeline=tuple(self._steals.values()),
        )
