"""Turn the bars of one file into quotes and finished bars.

A bar is replayed as four quotes: its start, a quarter and a half into it, and one second before
its end.  An up bar went to its low first, a down bar to its high.  That order is the only thing
taken from a bar's own end before the end; sizes and opening prices never are.
"""

from collections.abc import Iterator

from .model import Bar
from .quote import MarketQuote
from .rows import SECOND_US, MarketFile, Prices, Row

_Pair = tuple[float, float]
_Sizes = tuple[float | None, float | None]


def replay(file: MarketFile) -> tuple[list[MarketQuote], list[Bar]]:
    """Return the file's quotes in time order (ties: by line) and its bars in the order of lines."""
    quotes: list[MarketQuote] = []
    bars: list[Bar] = []
    previous: dict[str, Row] = {}
    for row in file.rows:
        quotes.extend(_quotes(row, previous.get(row.symbol), file.bar_us))
        bars.append(_bar(row, file.bar_us))
        previous[row.symbol] = row
    quotes.sort(key=lambda quote: quote.ts_us)  # stable: lines keep their order at one instant
    return quotes, bars


def _quotes(row: Row, previous: Row | None, bar_us: int) -> Iterator[MarketQuote]:
    """Yield the three or four quotes of a bar.

    A size is known for the close only, so the earlier quotes carry the size of the bar before.
    """
    first = _first(row, previous, bar_us)
    lowest, highest = _pair(row.bid.low, row.ask.low), _pair(row.bid.high, row.ask.high)
    turns = (lowest, highest) if _rose(row, previous) else (highest, lowest)
    before: _Sizes = (previous.bid_size, previous.ask_size) if previous else (None, None)
    start_us = row.start_us
    if first is not None:
        yield _quote(start_us, row.symbol, first, before)
    yield _quote(start_us + bar_us // 4, row.symbol, turns[0], before)
    yield _quote(start_us + bar_us // 2, row.symbol, turns[1], before)
    close = _pair(row.bid.close, row.ask.close)
    closing = (row.bid_size, row.ask_size)
    yield _quote(start_us + bar_us - SECOND_US, row.symbol, close, closing)


def _first(row: Row, previous: Row | None, bar_us: int) -> _Pair | None:
    """Return the price at the start of the bar, None when nobody can know it.

    Without an open it is the close of the bar before, if that one ended just here: after a gap
    (a night, a lost hour) the old close is not a price that anybody could still trade at.
    """
    if row.bid.open is not None and row.ask.open is not None:
        return _pair(row.bid.open, row.ask.open)
    if previous is None or previous.start_us + bar_us != row.start_us:
        return None
    return _pair(previous.bid.close, previous.ask.close)


def _rose(row: Row, previous: Row | None) -> bool:
    """Tell whether the bar went up: from its open, else from the close before, else its middle."""
    if row.bid.open is not None and row.ask.open is not None:
        start = row.bid.open + row.ask.open
    elif previous is not None:
        start = previous.bid.close + previous.ask.close
    else:
        start = row.bid.low + row.bid.high
    return row.bid.close + row.ask.close >= start


def _bar(row: Row, bar_us: int) -> Bar:
    bid_low, ask_low = _pair(row.bid.low, row.ask.low)
    bid_high, ask_high = _pair(row.bid.high, row.ask.high)
    bid_close, ask_close = _pair(row.bid.close, row.ask.close)
    return Bar(
        symbol=row.symbol,
        start_us=row.start_us,
        end_us=row.start_us + bar_us,
        bid_low=bid_low,
        ask_low=ask_low,
        bid_high=bid_high,
        ask_high=ask_high,
        bid_close=bid_close,
        ask_close=ask_close,
        forecast=row.forecast,
    )


def _pair(bid: float, ask: float) -> _Pair:
    """Order bid and ask: a bar's two extremes are of different instants and may stand crossed."""
    return (bid, ask) if bid <= ask else (ask, bid)


def _quote(ts_us: int, symbol: str, pair: _Pair, sizes: _Sizes) -> MarketQuote:
    return MarketQuote(ts_us, symbol, pair[0], pair[1], sizes[0], sizes[1])


def crossed(prices: tuple[Prices, Prices]) -> bool:
    """Tell whether any of a bar's four bids is above the ask beside it."""
    bid, ask = prices
    return any(
        low is not None and high is not None and low > high
        for low, high in zip(bid, ask, strict=True)
    )
