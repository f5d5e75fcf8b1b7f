"""Small searches for tests: a few days of real hourly bars, a dozen evaluations."""

from functools import lru_cache, partial
from pathlib import Path

from state.rules.policy import DEFAULT
from streams.lab.backtest.run import RunOptions
from streams.lab.optimize import (
    OBJECTIVES,
    Journal,
    Optimized,
    Plan,
    folds_of,
    periods_of,
    space_of,
)
from streams.lab.optimize import optimize as carry_out
from streams.lab.runs import Work
from streams.market import Market, read_market
from streams.strategies import Strategy, strategy_for
from tests.paths import ROOT

MIXED = ROOT / "examples" / "market" / "hourly-mixed-2025-12.csv"
FIXED = ("crypto_force_count", "crypto_ooh_tolerance", "fight_threshold", "fight_cooldown_s")
FIRST_US = 1_765_843_200_000_000  # 2025-12-16
DAY_US = 86_400_000_000


@lru_cache(maxsize=1)
def market(days: int = 2) -> Market:
    return read_market([MIXED], []).between(FIRST_US, FIRST_US + days * DAY_US)


def make(position: float, data: Market) -> Strategy:
    return strategy_for(data, position)


def plan(
    *,
    data: Market | None = None,
    ranges=(),
    fixed=FIXED,
    objective="pnl",
    seed=1,
    count=None,
    base=DEFAULT,
) -> Plan:
    data = data or market()
    folds = tuple(folds_of(data, count))
    return Plan(
        work=Work(data, partial(make, 3_500.0), RunOptions(), periods_of(folds)),
        space=space_of(base, ranges, fixed),
        objective=OBJECTIVES[objective],
        folds=folds,
        evaluations=12,
        seed=seed,
        position=3_500.0,
        strategy="test",
        files=("day.csv",),
    )


def carried_out(made: Plan, state: Path, workers=1, progress=None) -> Optimized:
    with Journal(state, made.asked) as journal:
        return carry_out(made, journal, workers, progress)
