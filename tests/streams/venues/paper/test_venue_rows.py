"""A simulated venue that is written down and loaded goes on as if it had never stopped."""

import random

import pytest

from streams.venues.paper.rows import AccountRow, decode_rows, encode_row
from streams.venues.simulated.order_ids import KEPT_MAX, OrderIds
from streams.venues.simulated.venue import SimulatedVenue
from tests.streams.venues.simulated import ACK, SECOND, kept, quote
from topics.events import AnyEvent

from .test_paper_store import ROWS

PRICES: dict[str, tuple[float, float]] = {}


def new_venue() -> SimulatedVenue:
    return SimulatedVenue("acc", 2000.0, funds_delay_us=SECOND, quotes=PRICES)


def carried_over(venue: SimulatedVenue, now_us: int, file: dict[str, int | None]) -> SimulatedVenue:
    """Write a venue down and load it into a new one; `file` has the ids written down so far."""
    row = encode_row(AccountRow(opening=2000.0, venue=venue.row()))
    loaded = decode_rows({"cursor": ROWS["cursor"], "account acc": row})
    assert loaded is not None
    made = new_venue()
    made.load(loaded.accounts[0].venue, now_us)
    file.update(venue.ids.take_changes())
    made.ids.load((name, at) for name, at in file.items() if at is not None)
    assert encode_row(AccountRow(opening=2000.0, venue=made.row())) == row
    return made


def drive(seed: int, restarts: bool) -> tuple[list[AnyEvent], SimulatedVenue]:
    chance, fate = random.Random(seed), random.Random(seed)
    PRICES.clear()
    venue = new_venue()
    events, now_us = venue.advance(0), 0
    file: dict[str, int | None] = {}
    for step in range(300):
        now_us += chance.choice((0, 0, 1, ACK, SECOND))
        price = round(chance.uniform(90, 110), 1)
        symbol = chance.choice(("BTCUSD", "ETHUSD"))
        qty = chance.uniform(0.1, 9)
        match chance.randrange(6):
            case 0 | 1:
                if chance.random() < 0.5:
                    venue.submit(now_us, f"o{step}", symbol, "buy", price, qty, "entry")
                else:
                    venue.submit(now_us, f"o{step}", symbol, "sell", price, qty, "exit")
            case 2:
                venue.cancel(now_us, f"o{chance.randrange(step + 1)}")
            case 3:
                venue.reduce(now_us, f"r{step}", symbol, "sell", qty)
            case _:
                sizes = (chance.choice((None, 0.0, 2.0)), chance.choice((None, 0.0, 2.0)))
                events += venue.on_quote(
                    quote(now_us, price, price + 1, sizes=sizes, symbol=symbol)
                )
        if restarts and fate.random() < 0.2:
            events += venue.advance(now_us)
            restarted = carried_over(venue, now_us, file)
            # The names of fills are the only thing that whoever keeps several venues keeps itself.
            restarted._matching._name_fill = venue._matching._name_fill
            venue = restarted
    return events + venue.advance(now_us + SECOND), venue


@pytest.mark.parametrize("seed", range(12))
def test_a_venue_goes_on_after_any_restart(seed):
    calm, at_rest = drive(seed, restarts=False)
    disturbed, loaded = drive(seed, restarts=True)
    assert kept(disturbed) == kept(calm)
    assert {event.__struct_config__.tag for event in calm} >= {"fill", "order.cancelled"}
    assert loaded.row() == at_rest.row()


def test_after_a_restart_the_account_is_shown_as_soon_as_time_moves():
    venue = new_venue()
    venue.advance(5)
    loaded = carried_over(venue, 5, {})
    assert loaded.due_us() == 6
    assert [event.ts_us for event in loaded.advance(6)] == [5]


def test_a_shorter_delay_after_a_restart_lets_no_request_overtake_another():
    slow = SimulatedVenue("acc", 2000.0, ack_delay_us=9 * SECOND)
    slow.advance(0)
    slow.submit(0, "a", "BTCUSD", "buy", 100.0, 1.0, "entry")
    quick = SimulatedVenue("acc", 2000.0, ack_delay_us=0)
    quick.load(slow.row(), 1)
    quick.ids.load([("a", 1)])
    quick.cancel(2, "a")
    assert kept(quick.advance(9 * SECOND - 1)) == []
    times = [event.ts_us for event in kept(quick.advance(9 * SECOND))]
    assert times == [9 * SECOND, 9 * SECOND]


def test_ids_are_forgotten_the_oldest_first_and_what_changed_is_told_once():
    ids = OrderIds()
    for number in range(KEPT_MAX + 2):
        ids.add(f"o{number}")
    assert ("o0" in ids, "o1" in ids, "o2" in ids) == (False, False, True)
    changes = ids.take_changes()
    assert (changes["o0"], changes["o2"]) == (None, 3)
    ids.discard("o2")
    ids.discard("never")
    assert ids.take_changes() == {"o2": None}
    again = OrderIds()
    again.load([("b", 7), ("a", 9)])
    again.add("c")
    assert again.take_changes() == {"c": 10}
