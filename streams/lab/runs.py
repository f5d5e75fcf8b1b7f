"""What every study is made of: a policy, played on a period of the data by a new strategy.

Work ──▶ Runs.play(Job) ──▶ RunResult        here and in a worker process the same
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from state.market.hours import Calendars
from state.rules.policy import Policy
from streams.market import Market
from streams.strategies import Strategy
from topics.digests import checksum

from .backtest.result import RunResult
from .backtest.run import Hooks, RunOptions, calendars_for, run_backtest
from .periods import WHOLE, Period

StrategyMaker = Callable[[Market], Strategy]
"""Makes a new strategy for a run; workers are sent it, so it must be picklable."""


@dataclass(frozen=True, slots=True)
class Work:
    """What all runs of a study share; a worker is sent it once."""

    market: Market
    make: StrategyMaker
    options: RunOptions
    periods: tuple[Period, ...] = WHOLE


@dataclass(frozen=True, slots=True)
class Job:
    """One run: a policy on a period, by the period's place in `Work.periods`."""

    policy: Policy
    period: int = 0

    @property
    def key(self) -> str:
        """Return what tells runs apart: the policy's name does not."""
        text = self.policy.model_dump_json(exclude={"name"})
        return f"{self.period}:{checksum(text.encode())}"


class Runs:
    """Plays jobs, one after the other; each period of the data is cut out once."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.market: Callable[[int], Market] = lru_cache(maxsize=None)(self._cut)
        """The data of a period, by its place."""
        self._times: Calendars = calendars_for(work.market)

    def play(self, job: Job, hooks: Hooks) -> RunResult:
        """Play one job; raises what `run_backtest` and the strategy raise."""
        market = self.market(job.period)
        strategy = self.work.make(market)
        return run_backtest(market, strategy, job.policy, self.work.options, self._times, hooks)

    def _cut(self, place: int) -> Market:
        return self.work.periods[place].of(self.work.market)
