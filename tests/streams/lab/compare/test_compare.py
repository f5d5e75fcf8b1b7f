"""Many runs, here and in workers: the same answer, and nothing left behind."""

import multiprocessing
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from state.rules.policy import DEFAULT, NONE, REFERENCE, policy_from
from streams.lab.backtest.run import RunOptions, calendars_for, run_backtest
from streams.lab.compare import Compared, Hearing, Setup, compare
from streams.lab.compare.finished import WHOLE_RUNS
from streams.lab.errors import CompareError
from streams.lab.periods import Period, periods
from streams.lab.ranges import Swept, read_range, sweep
from streams.market import Market, MarketError, read_market
from streams.strategies import StrategyError
from tests.streams.cli.command import DAY, head
from tests.streams.lab.compare import makers

SAMPLES_MAX = 7
THREE = [Swept(NONE), Swept(REFERENCE), Swept(DEFAULT)]


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Market:
    return read_market([head(DAY, 1_500, Path(tmp_path_factory.mktemp("market")))])


def setup(make=makers.ladder, stretches: tuple[Period, ...] | None = None) -> Setup:
    return Setup(make, RunOptions(), 3_500.0, stretches or periods(), ("day.csv",))


def halves(market: Market) -> tuple[Period, ...]:
    return periods(split_us=int(market.quotes.ts_us[len(market.quotes) // 2]))


def test_workers_change_nothing(market):
    def told(workers: int) -> tuple[Compared, list[list[str]]]:
        lines: list[list[str]] = []
        made = setup(stretches=halves(market))
        return compare(market, THREE, made, workers, Hearing(commands=lines.append)), lines

    alone, of_alone = told(1)
    several, of_several = told(2)
    assert several == alone
    assert of_several == of_alone
    assert len(of_alone) == 6
    assert not multiprocessing.active_children()


def test_a_run_of_a_comparison_is_the_run_alone(market):
    found = compare(market, THREE, setup()).first.comparison.runs
    times = calendars_for(market)
    for one in THREE:
        alone = run_backtest(market, makers.ladder(market), one.policy, RunOptions(), times)
        assert found[one.policy.name] == alone


def test_the_unseen_period_knows_nothing_of_the_fit(market):
    fit, unseen = compare(market, THREE, setup(stretches=halves(market))).parts
    assert (fit.name, unseen.name) == ("fit", "unseen")
    later = halves(market)[1].of(market)
    alone = compare(later, THREE, setup()).first
    assert unseen.comparison.runs == alone.comparison.runs
    assert unseen.steals == alone.steals
    assert unseen.against == alone.against


def test_the_digest_is_of_policies_data_and_options(market):
    def digest(swept: Sequence[Swept] = THREE, market: Market = market, **changes: object) -> str:
        return compare(market, swept, replace(setup(), **changes)).digest  # type: ignore[arg-type]

    plain = digest()
    assert plain == digest() == digest(files=("renamed.csv",))
    renamed = Swept(policy_from({"name": "other"}))
    others = [
        digest([*THREE[:2], renamed]),
        digest([THREE[1], THREE[0], THREE[2]]),
        # It changes no decision here, but it is another policy.
        digest([*THREE[:2], Swept(policy_from({"rejections_max": 7}))]),
        digest(options=RunOptions(fee_rate=0.002)),
        digest(market=Period("all", 0, int(market.quotes.ts_us[-1])).of(market)),
    ]
    assert len({plain, *others}) == 6


def test_the_baseline_is_none_or_else_the_first(market):
    few = Period("all", 0, int(market.quotes.ts_us[400])).of(market)
    assert compare(few, [Swept(DEFAULT), Swept(NONE)], setup()).baseline == "none"
    assert compare(few, [Swept(DEFAULT), Swept(REFERENCE)], setup()).baseline == "default"


def test_many_runs_keep_their_figures_and_lose_their_course(market, monkeypatch):
    monkeypatch.setattr("streams.lab.compare.finished.SAMPLES_MAX", SAMPLES_MAX)
    ranges = [read_range("protection", "0.0005:0.01:8")]
    many = compare(market, [Swept(DEFAULT), *sweep([DEFAULT], ranges)], setup())
    assert len(many.swept) == WHOLE_RUNS + 1
    (whole,) = compare(market, [Swept(DEFAULT)], setup()).parts
    thin, full = many.first.comparison.runs["default"], whole.comparison.runs["default"]
    assert many.first.steals["default"] == whole.steals["default"]
    assert thin.timeline == ()
    assert len(full.timeline) == full.steals > 0
    assert replace(thin, series=full.series, timeline=full.timeline) == full
    assert 0 < len(thin.series.ts_us) <= SAMPLES_MAX
    assert thin.series.ts_us[-1] == full.series.ts_us[-1]
    assert thin.series.equity[-1] == full.series.equity[-1]


def test_progress_counts_quotes_here_and_runs_in_workers(market):
    for workers, whole in ((1, 3 * len(market.quotes)), (2, 3)):
        heard: list[int] = []
        compare(market, THREE, setup(), workers, Hearing(progress=heard.append))
        assert sum(heard) == whole


@pytest.mark.parametrize("workers", [1, 2])
def test_a_mistake_is_told_alike_and_ends_the_workers(market, workers):
    swept = [*THREE, *THREE]
    with pytest.raises(StrategyError, match="there is no class Mine"):
        compare(market, swept, setup(makers.at_a_loss), workers)
    assert not multiprocessing.active_children()


def test_a_lost_worker_is_one_sentence(market):
    with pytest.raises(CompareError, match="fewer --workers"):
        compare(market, THREE, setup(makers.lost_in_a_worker), 2)
    assert not multiprocessing.active_children()


def test_a_period_without_quotes_is_told_before_any_run(market):
    after = periods(split_us=int(market.quotes.ts_us[-1]) + 1)
    with pytest.raises(MarketError, match="No quote lies"):
        compare(market, THREE, setup(makers.at_a_loss, after))
