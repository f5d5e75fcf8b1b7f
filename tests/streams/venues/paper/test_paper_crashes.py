"""A paper venue that is killed between any two steps loses nothing and contradicts nothing.

Steps lie before and after each transaction and between any two publications.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.venues.paper.rows import decode_rows
from topics.events import AccountSnapshot, Fill

from .crashing import CASH, HOLDING, OPTIONS, Run, check_stories, money, script, without_snapshots

DAY = script(seed=279, instants=12)


def same(run: Run, calm: Run) -> None:
    """Compare what was said and what stands in the file at the end."""
    assert without_snapshots(run.events()) == without_snapshots(calm.events())
    assert run.rows == calm.rows
    check_stories(run.events())


def explained(run: Run) -> None:
    """Compare the file and the last snapshots with the money that the fills explain."""
    loaded = decode_rows(run.rows)
    assert loaded is not None
    want = money(run.events(), CASH)
    for row in loaded.accounts:
        micros, coins = want[row.venue.account]
        assert row.venue.cash_micros == micros
        assert row.venue.holdings.get("BTCUSD", 0.0) == pytest.approx(coins, abs=1e-9)
    shown = {e.account: e for e in run.events() if isinstance(e, AccountSnapshot)}
    for account, (micros, coins) in want.items():
        held = {p.symbol: p for p in shown[account].positions}
        worth = sum(round(p.qty * p.price * 1e6) for p in held.values())
        assert round(shown[account].equity * 1e6) == micros + worth
        assert sum(p.qty for p in held.values()) == pytest.approx(coins, abs=1e-9)


def test_the_day_has_what_it_takes(tmp_path):
    run = Run(tmp_path, OPTIONS).play(DAY)
    tags = [str(event.__struct_config__.tag) for event in run.events()]
    assert set(tags) == {
        *["fill", "account.snapshot"],
        *["order.accepted", "order.rejected", "order.cancelled", "order.cancel_rejected"],
    }
    assert tags.count("fill") > 3
    assert run.steps.done > 60
    check_stories(run.events())
    explained(run)


def test_the_day_closes_what_it_opened_in_every_way(tmp_path):
    run = Run(tmp_path, HOLDING).play(DAY)
    about = [event for event in run.events() if getattr(event, "order", "").startswith("x-")]
    tags = [str(event.__struct_config__.tag) for event in about]
    assert set(tags) == {"order.accepted", "order.cancelled", "fill"}
    sold = [event for event in about if isinstance(event, Fill)]
    assert len({fill.order for fill in sold}) < len(sold), "none was filled in parts"
    assert any(fill.order.endswith(".2") for fill in sold), "none was offered anew"
    check_stories(run.events())
    explained(run)


@pytest.mark.parametrize("options", [OPTIONS, HOLDING])
def test_a_kill_at_any_step_changes_nothing(options, tmp_path):
    calm = Run(tmp_path / "calm", options).play(DAY)
    for kill in range(calm.steps.done):
        run = Run(tmp_path / str(kill), options, frozenset({kill})).play(DAY)
        same(run, calm)
        explained(run)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sets(st.integers(0, 200), max_size=12),
    st.sampled_from([OPTIONS, HOLDING]),
)
def test_many_kills_on_any_day_change_nothing(tmp_path_factory, seed, kills, options):
    day = script(seed, instants=10)
    folder = tmp_path_factory.mktemp("kills")
    calm = Run(folder / "calm", options).play(day)
    run = Run(folder / "run", options, frozenset(kills)).play(day)
    same(run, calm)
    explained(run)


@pytest.mark.parametrize("options", [OPTIONS, HOLDING])
def test_how_long_a_venue_lives_changes_nothing_either(options, tmp_path):
    calm = Run(tmp_path / "one", options).play(DAY)
    same(Run(tmp_path / "many", options, brief=True).play(DAY), calm)
