"""Trigger prices: the triggers find exactly the entries that a look at every band would find."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.market.triggers import Band, Key, Triggers, band, is_triggered
from state.rules.policy import DEFAULT, REFERENCE

KEYS = [("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")]
edges = st.sampled_from([98.0, 99.0, 99.5, 100.0, 100.5, 101.0])
lows = st.one_of(st.just(-inf), edges)
highs = st.one_of(st.just(inf), edges)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(KEYS), st.tuples(lows, highs)),
        st.tuples(st.just("remove"), st.sampled_from(KEYS)),
        st.tuples(st.just("quote"), st.one_of(edges, st.floats(97.0, 102.0))),
    ),
    max_size=40,
)


def naive(bands: dict[Key, Band], price: float) -> set[Key]:
    return {key for key, (low, high) in bands.items() if low <= price <= high}


def settle(triggers: Triggers, price: float) -> None:
    """Quote as the desk does: what stays in the quiet interval is not even passed on."""
    if not triggers.quiet_low < price < triggers.quiet_high:
        triggers.move(price)


@settings(max_examples=500, deadline=None)
@given(steps)
def test_the_triggers_find_what_a_naive_scan_finds(moves):
    triggers, bands = Triggers(), {}
    for kind, *rest in moves:
        if kind == "put":
            key, new = rest
            triggers.put(key, new)
            bands[key] = new
        elif kind == "remove":
            triggers.remove(rest[0])
            bands.pop(rest[0], None)
        else:
            settle(triggers, rest[0])
            assert set(triggers.awake) == naive(bands, rest[0])
        if triggers.price is not None:
            assert set(triggers.awake) == naive(bands, triggers.price)
        assert triggers.bands == bands


@settings(max_examples=500, deadline=None)
@given(steps, st.floats(97.0, 102.0))
def test_no_quote_inside_the_quiet_interval_matters(moves, price):
    triggers = Triggers()
    for kind, *rest in moves:
        getattr(triggers, "move" if kind == "quote" else kind)(*rest)
    if triggers.quiet_low < price < triggers.quiet_high:
        assert naive(triggers.bands, price) == set()


def test_edges_belong_to_the_band():
    triggers = Triggers()
    triggers.put(KEYS[0], (99.0, 101.0))
    found = []
    for price in (98.9, 99.0, 100.0, 101.0, 101.1, 101.0, 98.0):
        triggers.move(price)
        found.append(list(triggers.awake) == [KEYS[0]])
    assert found == [False, True, True, True, False, True, False]


def test_triggers_without_a_price_wakes_nobody_and_is_never_quiet():
    triggers = Triggers()
    triggers.put(KEYS[0], (-inf, inf))
    assert not triggers.awake
    assert not triggers.quiet_low < 100.0 < triggers.quiet_high
    triggers.move(100.0)
    assert list(triggers.awake) == [KEYS[0]]


def test_the_quiet_interval_reaches_to_the_nearest_edges():
    triggers = Triggers()
    triggers.put(KEYS[0], (95.0, 96.0))
    triggers.put(KEYS[1], (104.0, 105.0))
    triggers.move(100.0)
    assert (triggers.quiet_low, triggers.quiet_high) == (96.0, 104.0)
    triggers.move(105.0)  # awake: every quote counts
    assert not triggers.quiet_low < 105.0 < triggers.quiet_high
    triggers.remove(KEYS[1])
    assert (triggers.quiet_low, triggers.quiet_high) == (96.0, inf)


@pytest.mark.parametrize(
    ("policy", "side", "price", "goes"),
    [
        (DEFAULT, "buy", 101.0, True),
        (DEFAULT, "buy", 101.01, False),
        (DEFAULT, "buy", 1.0, True),
        (DEFAULT, "sell", 99.0, True),
        (DEFAULT, "sell", 98.99, False),
        (DEFAULT, "sell", 1e6, True),
        (REFERENCE, "buy", 99.0, True),
        (REFERENCE, "buy", 98.99, False),
        (REFERENCE, "buy", 101.0, True),
        (REFERENCE, "buy", 101.01, False),
    ],
)
def test_band_and_exact_rule_agree(policy, side, price, goes):
    low, high = band(policy, side, 100.0, 0.01, False)
    assert (low <= price <= high) is goes
    assert is_triggered(policy, side, 100.0, price, 0.01, False) is goes


@given(
    st.floats(1e-6, 1e6),
    st.floats(0.0, 0.05),
    st.floats(-0.06, 0.06),
    st.sampled_from(["buy", "sell"]),
    st.sampled_from([DEFAULT, REFERENCE]),
)
def test_no_entry_sleeps_at_a_price_that_triggers_it(limit, tolerance, away, side, policy):
    price = limit * (1.0 + away)
    low, high = band(policy, side, limit, tolerance, False)
    if is_triggered(policy, side, limit, price, tolerance, False):
        assert low <= price <= high


def test_a_forced_entry_goes_at_any_price():
    assert band(DEFAULT, "buy", 100.0, 0.01, True) == (-inf, inf)
    assert is_triggered(DEFAULT, "buy", 100.0, 1e9, 0.01, True)
