"""What must hold of bringing accounts down, whatever the venue answers (see `nights`)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from state.desk import Desk
from topics.codec import encode
from topics.facts import AccountHalted, DeleverageDone, DeleverageStarted

from .nights import CENT, LEAD_S, STOCKS, Night, evenings, holdings
from .street import plain
from .world import times

many = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@many
@given(holdings, evenings)
def test_nothing_is_reduced_that_is_not_held_and_capacity_holds(held, drawn):
    night = Night(held)
    night.play(drawn)  # every command is judged as it is given
    night.come_to_rest()
    assert not [fact for fact in night.outputs if isinstance(fact, AccountHalted)]


@pytest.mark.slow
@many
@given(holdings, evenings)
def test_when_all_is_answered_the_account_fits_after_the_close(held, drawn):
    night = Night(held)
    night.play(drawn)
    night.come_to_rest()
    started = [fact for fact in night.outputs if isinstance(fact, DeleverageStarted)]
    done = [fact for fact in night.outputs if isinstance(fact, DeleverageDone)]
    event(f"brought down {len(started)} times")
    stocks_left = any(name in STOCKS for name, _ in night.held())
    stocks_left |= any(name in STOCKS for name, _, _ in night.books.entries.values())
    assert night.bound(overnight=True) <= night.equity() + CENT or not stocks_left
    assert len(done) == len(started)
    assert night.world.account().deleveraging is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(holdings, evenings, st.integers(1, 4))
def test_a_desk_restored_after_any_frame_says_the_same(held, drawn, every):
    night = Night(held)
    night.play(drawn)
    night.come_to_rest()
    desk = Desk(times(), plain(deleverage_before_close_s=LEAD_S))
    rows: dict[str, bytes] = {}
    said: list[Any] = []
    for number, (frame, position) in enumerate(night.frames):
        outputs = desk.apply(frame, position)
        said += [*outputs.commands, *outputs.facts]
        if number % every == 0:
            rows |= desk.take_changed_rows()
            desk = Desk.restore(rows, times())
    assert [encode(message) for message in said] == [encode(message) for message in night.outputs]
    assert desk.digest() == night.world.desk.digest()
