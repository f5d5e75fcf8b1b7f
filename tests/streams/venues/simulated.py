"""A simulated venue for tests, with short words to trade at it."""

from streams.market import MarketQuote
from streams.venues.simulated.venue import SimulatedVenue
from topics.events import AccountSnapshot, AnyEvent, Fill

SECOND = 1_000_000
ACK = 200_000


def quote(ts_us, bid, ask, *, sizes=(None, None), symbol="BTCUSD") -> MarketQuote:
    return MarketQuote(ts_us, symbol, bid, ask, *sizes)


def venue(cash=10_000.0, **options) -> SimulatedVenue:
    made = SimulatedVenue("acc", cash, **{"fee_rate": 0.0, **options})
    assert made.advance(0) == [
        AccountSnapshot(ts_us=0, account="acc", equity=cash, positions=[], orders=[])
    ]
    return made


def kept(events: list[AnyEvent]) -> list[AnyEvent]:
    """Leave the snapshots out."""
    return [event for event in events if not isinstance(event, AccountSnapshot)]


def buy(made, order, limit, qty, *, now_us=0, intent="entry", symbol="BTCUSD") -> None:
    made.submit(now_us, order, symbol, "buy", limit, qty, intent)


def sell(made, order, limit, qty, *, now_us=0, intent="exit", symbol="BTCUSD") -> None:
    made.submit(now_us, order, symbol, "sell", limit, qty, intent)


def filled(events) -> list[tuple]:
    return [(e.order, e.qty, e.price) for e in events if isinstance(e, Fill)]


def holding(qty=2.0, limit=100.0, **options) -> SimulatedVenue:
    """Return a venue at one second that holds `qty`, bought at `limit`."""
    made = venue(**options)
    buy(made, "in", limit, qty)
    assert filled(made.on_quote(quote(SECOND, limit - 2, limit - 1))) == [("in", qty, limit)]
    return made
