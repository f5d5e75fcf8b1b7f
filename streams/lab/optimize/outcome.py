"""One evaluation: a policy played on a stretch of the data, and what is kept of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

import msgspec

from state.dealing.outbox import Outputs
from state.rules.policy import Policy
from streams.lab.backtest.result import RunResult
from streams.lab.backtest.run import Hooks, Options, calendars_for, run_backtest
from streams.lab.compare.confidence import days_of
from streams.market import Market
from streams.strategies import Strategy
from topics.codec import encode
from topics.digests import OutputDigest, checksum

StrategyMaker = Callable[[Market], Strategy]
"""Makes a new strategy for a run; workers are sent it, so it must be picklable."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A named part of the data: from a time until before another, microseconds since 1970 UTC."""

    name: str
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Work:
    """What all evaluations share; a worker is sent it once."""

    market: Market
    make: StrategyMaker
    options: Options
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A policy on a stretch, by the stretch's place in `Work.stretches`."""

    policy: Policy
    stretch: int

    @property
    def key(self) -> str:
        """Return what tells evaluations apart: the policy's name does not."""
        text = self.policy.model_dump_json(exclude={"name"})
        return f"{self.stretch}:{checksum(text.encode())}"


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an evaluation came to.  Dollars, unless a name says otherwise."""

    pnl: float
    max_drawdown: float
    idle: float
    """Share of the capacity that was not in use."""
    fees: float
    steals: int
    settled: int
    blocks: int
    commands: int
    breaches: int
    """Times that more was in use than there was; always 0."""
    digest: str
    """Of what the venue was told, see `Told`."""
    days: dict[int, int]
    """Equity at the end of each day (since 1970 UTC), micro-dollars."""


@dataclass(slots=True)
class Told:
    """Digest of the commands without ids and causes.

    Those follow from what else the desk said in the same instant, which changes no trade.
    """

    _digest: OutputDigest = field(default_factory=OutputDigest)

    def outputs(self, outputs: Outputs) -> None:
        """Take in the commands of one instant."""
        for command in outputs.commands:
            self._digest.take(encode(msgspec.structs.replace(command, id="0-0-0", cause="clock")))

    @property
    def digest(self) -> str:
        """Return it, as hexadecimal digits."""
        return self._digest.value()


class Evaluator:
    """Carries out jobs, here; each stretch of the data is cut out once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._times = calendars_for(work.market)
        self._market: Callable[[int], Market] = lru_cache(maxsize=None)(self._cut)

    def run(self, job: Job) -> Outcome:
        """Play one job; raises what `run_backtest` and the strategy raise."""
        market = self._market(job.stretch)
        told = Told()
        strategy = self._work.make(market)
        hooks = Hooks(outputs=told.outputs, digest=False)
        options = self._work.options
        return _outcome(
            run_backtest(market, strategy, job.policy, options, self._times, hooks), told.digest
        )

    def _cut(self, place: int) -> Market:
        stretch = self._work.stretches[place]
        return self._work.market.between(stretch.from_us, stretch.until_us)


def _outcome(run: RunResult, digest: str) -> Outcome:
    return Outcome(
        pnl=run.pnl,
        max_drawdown=run.max_drawdown,
        idle=run.idle_fraction,
        fees=run.fees,
        steals=run.steals,
        settled=run.steals_settled,
        blocks=run.blocks,
        commands=run.commands,
        breaches=run.capacity_breaches,
        digest=digest,
        days=days_of(run.series),
    )


def market_checksum(market: Market) -> str:
    """Return a checksum of every price, time and forecast of the data."""
    quotes, bars = market.quotes, market.bars
    taken = blake2b(repr((quotes.names, bars.names, market.symbols, market.bar_us)).encode())
    for column in (
        *(quotes.ts_us, quotes.codes, quotes.bids, quotes.asks),
        *(quotes.bid_sizes, quotes.ask_sizes),
        *(bars.codes, bars.start_us, bars.end_us, bars.prices),
    ):
        taken.update(column.tobytes())
    if bars.forecasts is not None:
        taken.update(bars.forecasts.tobytes())
    return taken.hexdigest()[:32]
