"""The desk allocates as a naive allocator does that was written from the rules alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.rules.fights import pair_of
from tests.oracle import Book, Wish, allocate
from tests.state.world import SECOND, World, kinds, roomy
from topics.commands import Cancel
from topics.facts import EntryBlocked

SYMBOLS = ("AAAUSD", "BBBUSD", "CCCUSD", "DDDUSD")

# Whole numbers of 1/1000 of the limit, and dollars divisible by the limit: no float dust decides.
limits = st.sampled_from([64.0, 64.0, 62.5])
gaps = st.sampled_from([-30, 0, 1, 2, 5, 6, 7, 20, 20, 50])
dollars = st.sampled_from([256.0, 1024.0, 1024.0, 2048.0, 4096.0])
pnls = st.sampled_from([-1.0, 0.0, 1.0, 2.0])


@st.composite
def wishes(draw, name, entry=False):
    limit = draw(limits)
    return Wish(
        name,
        "AAAUSD" if entry else draw(st.sampled_from(SYMBOLS)),
        "buy" if entry else draw(st.sampled_from(["buy", "buy", "sell"])),
        limit,
        draw(dollars) / limit,
        draw(pnls),
        draw(st.sampled_from(["normal"] * 5 + ["probe"])),
        "entry" if entry else draw(st.sampled_from(["entry"] * 5 + ["exit"])),
        draw(st.sampled_from([0.0, 60.0, 60.0, 300.0])),
    )


@st.composite
def books(draw):
    names = draw(st.permutations(["a", "b", "c", "d", "e", "f"]))
    orders = [draw(wishes(name)) for name in names[: draw(st.integers(0, 6))]]
    prices = {
        symbol: 64.0 * (1 + draw(gaps) / 1000) for symbol in SYMBOLS if draw(st.integers(0, 19)) > 0
    }
    if draw(st.integers(0, 4)) > 0:
        prices["AAAUSD"] = 64.0 * (1 + draw(st.sampled_from([-1, 0, 3, 6])) / 1000)
    times = st.lists(st.sampled_from([10.0, 600.0, 1800.0, 1801.0]), max_size=6)
    pairs = {
        frozenset((one, other)): draw(times)
        for index, one in enumerate(SYMBOLS)
        for other in SYMBOLS[index + 1 :]
        if draw(st.integers(0, 3)) == 0
    }
    ago = st.sampled_from([0.0, 119.0, 120.0, 599.0, 600.0])
    stolen = {symbol: draw(ago) for symbol in SYMBOLS if draw(st.integers(0, 3)) == 0}
    committed = sum(order.qty * order.limit for order in orders if order.intent == "entry")
    equity = committed + draw(st.sampled_from([-512.0, 0.0, 512.0, 512.0, 4096.0]))
    return Book(equity, prices, orders, stolen, pairs)


def desk_says(book, entry):
    """Bring a desk into the book's state, let the entry come, and name the outcome alike."""
    world = World(roomy())
    start = world.now_us
    for order in sorted(book.orders, key=lambda order: -order.age):
        world.now_us = start - round(order.age * SECOND)
        world.desk.clock.now_us = min(world.desk.clock.now_us, world.now_us)
        world.working(
            order.name,
            order.symbol,
            order.limit,
            order.qty * order.limit,
            side=order.side,
            pnl=order.pnl,
            mode=order.mode,
            intent=order.intent,
        )
    world.now_us = start
    world.fund(book.equity)
    for symbol, price in book.prices.items():
        world.quote(symbol, price)
    account = world.account()
    account.cooldowns |= {s: start - round(ago * SECOND) for s, ago in book.stolen_ago.items()}
    for pair, times in book.steals_ago.items():
        key = pair_of(*sorted(pair))
        account.fights[key] = sorted(start - round(ago * SECOND) for ago in times)
    outputs = world.want(
        entry.name,
        entry.symbol,
        entry.limit,
        entry.qty * entry.limit,
        side=entry.side,
        pnl=entry.pnl,
        mode=entry.mode,
    )
    if "Submit" in kinds(outputs):
        return "submit", []
    victims = [command.order for command in outputs.commands if isinstance(command, Cancel)]
    if victims:
        return "steal", victims
    reasons = [fact.reason for fact in outputs.facts if isinstance(fact, EntryBlocked)]
    return (reasons[0] if reasons else "wait"), []


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(books(), wishes("thief", entry=True))
def test_the_desk_allocates_as_the_naive_allocator_does(book, entry):
    assert desk_says(book, entry) == allocate(book, entry)
