"""The data that the study runs on: which files, which symbols, which periods."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from streams.ground.times import read_time
from streams.lab.periods import Period, periods
from streams.market import Bars, Market, Quotes, read_market
from streams.strategies import Strategy, strategy_for
from topics.symbols import AssetClass, asset_class

MARKET = Path(__file__).resolve().parent.parent / "market"

CAPITAL = 10_000.0
POSITION = 3_500.0
FEE_RATE = 0.001
SPLIT = "2026-01-16"
"""The hourly file is fitted on what lies before, and judged from here on."""

MIXED = "hourly-mixed"
FREE = "hourly-mixed-no-fee"


@dataclass(frozen=True, slots=True)
class Source:
    """One set of data.  `kind` takes one asset class of the files, `fee_rate` is a fraction."""

    name: str
    title: str
    files: tuple[str, ...]
    kind: AssetClass | None = None
    split: bool = False
    fee_rate: float = FEE_RATE

    def read(self) -> Market:
        """Read the files, in their order; raises `MarketError`."""
        market = read_market([MARKET / name for name in self.files])
        if self.kind is None:
            return market
        return only(market, [name for name in market.symbols if asset_class(name) == self.kind])

    @property
    def periods(self) -> tuple[Period, ...]:
        """All of it, or fit and unseen."""
        return periods(split_us=read_time("--split", SPLIT) if self.split else None)


HOURLY = ("hourly-mixed-2025-12.csv",)
COINBASE, NYSE = "coinbase-2018-04-04.csv", "nyse-hourly-2018-04-04.csv"

SOURCES = (
    Source(MIXED, "Hours, crypto and stocks", HOURLY, split=True),
    Source("hourly-crypto", "Hours, crypto alone", HOURLY, "crypto", split=True),
    Source("hourly-stocks", "Hours, stocks alone", HOURLY, "stock", split=True),
    Source("minutes-crypto-2017", "Minutes, crypto alone, 2017", ("coinbase-2017-09-03.csv",)),
    Source("minutes-crypto-2018", "Minutes, crypto alone, 2018", (COINBASE,)),
    Source("minutes-stocks-2013", "Minutes, stocks alone, 2013", ("nyse-2013-10-07.csv",)),
    Source("minutes-mixed-2018", "Minutes of crypto, hours of stocks, 2018", (COINBASE, NYSE)),
    Source(FREE, "Hours, crypto and stocks, no fee", HOURLY, split=True, fee_rate=0.0),
)


def strategy(market: Market) -> Strategy:
    """Make the strategy that suits the data; at the top of a module, for worker processes."""
    return strategy_for(market, POSITION)


def only(market: Market, symbols: list[str]) -> Market:
    """Return the market of some of its symbols; order, lengths of bars and notes stay."""
    keep = tuple(sorted(symbols))
    quotes, bars = market.quotes, market.bars
    quote_codes = _codes(quotes.names, keep)[quotes.codes]
    bar_codes = _codes(bars.names, keep)[bars.codes]
    mine = quote_codes >= 0
    ts_us, _, *rest = quotes.columns()
    kept = bars.take(bar_codes >= 0)
    return replace(
        market,
        symbols=keep,
        quotes=Quotes(keep, ts_us[mine], quote_codes[mine], *(column[mine] for column in rest)),
        bars=Bars(
            keep,
            bar_codes[bar_codes >= 0],
            kept.start_us,
            kept.end_us,
            kept.prices,
            kept.forecasts,
        ),
    )


def _codes(
    names: tuple[str, ...], keep: tuple[str, ...]
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the new code of each name, -1 for one that is left out."""
    return np.array([keep.index(name) if name in keep else -1 for name in names], np.int64)


def chosen(name: str | None) -> Iterator[Source]:
    """Yield all sources, or the one of that name (none for a name that is not among them)."""
    yield from (one for one in SOURCES if name in {None, one.name})
