"""Files of well-known sources, known by their columns: the mapping that reads each.

Nothing is read by it unasked: the time zone and the symbol are a person's to confirm.  The complaint
about a file that is not ours gives the mapping, ready to be saved.
"""

import csv
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from .cells import is_symbol
from .lines import Lines, opened

PRICES = ("open", "high", "low", "close")


class Vendor(NamedTuple):
    """Whose columns these are.  `columns` gives theirs, in small letters, for each of our fields."""

    name: str
    columns: dict[str, str]
    besides: tuple[str, ...] = ()
    """Columns that tell its files from others and are not read."""
    kind: str = "trades"
    zone: str | None = None
    bar: str | None = None


def _bars(time: str, volume: str = "volume", symbol: str | None = None) -> dict[str, str]:
    own = {} if symbol is None else {"symbol": symbol}
    return {"time": time, **own, **{price: price for price in PRICES}, "volume": volume}


VENDORS = (
    Vendor("Binance's candles", _bars("open_time"), ("close_time",)),
    Vendor("CryptoDataDownload's candles", _bars("unix", "volume usd", "symbol"), ("date",)),
    Vendor("Databento's bars", _bars("ts_event", symbol="symbol"), ("publisher_id",)),
    Vendor("Polygon's aggregates", _bars("window_start", symbol="ticker"), ("transactions",)),
    Vendor("Alpaca's bars", _bars("timestamp", symbol="symbol"), ("vwap",)),
    Vendor(
        "Yahoo Finance's days", _bars("date"), ("adj close",), zone="America/New_York", bar="1d"
    ),
    Vendor(
        "Dukascopy's ticks",
        {"time": "timestamp", "bid": "bidprice", "ask": "askprice"}
        | {"bid_size": "bidvolume", "ask_size": "askvolume"},
        kind="ticks",
    ),
    Vendor("Dukascopy's bars", _bars("timestamp")),
    Vendor("Stooq's or freqtrade's bars", _bars("date")),
    Vendor("Coinbase's or TradingView's candles", _bars("time")),
)
"""The first that fits counts: those with more columns of their own stand before the others."""

HEADLESS = {12: "Binance's candles", 7: "Kraken's candles", 6: "candles"}
"""Files without names of columns, by how many there are: time, open, high, low, close, volume."""

_COUNT = re.compile(r"[0-9]{9,19}")
_UNITS = ((11, "s"), (14, "ms"), (17, "us"), (20, "ns"))
_NUMBER = re.compile(r"-?[0-9.]+(?:[eE][-+]?[0-9]+)?")


def vendor_hint(path: Path) -> str | None:
    """Return whose columns a CSV file seems to have and the mapping for it; None if nobody knows."""
    with opened(path) as stream:
        try:
            rows = list(islice(csv.reader(Lines(path, stream)), 2))
        except csv.Error:
            return None
    header = [name.strip() for name in rows[0]]
    sample = [cell.strip() for cell in rows[1]] if len(rows) > 1 else []
    known = _headless(header) or _named(header, sample)
    if known is None:
        return None
    name, mapping = known
    if "symbol" not in mapping["columns"]:
        mapping["symbol"] = _symbol_of(path)
    text = yaml.safe_dump(mapping, default_flow_style=True, sort_keys=False, width=10_000).strip()
    return f"the columns look like {name}; write `{text}` into a file and name it with --columns."


def _headless(first: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    name = HEADLESS.get(len(first))
    if name is None or not all(_NUMBER.fullmatch(cell) for cell in first):
        return None
    places = {field: number for number, field in enumerate(("time", *PRICES, "volume"), 1)}
    return name, {"kind": "trades", "header": False, "columns": places} | _time(first[0], None)


def _named(header: Sequence[str], sample: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    small = [name.lower() for name in header]
    for vendor in VENDORS:
        if not {*vendor.columns.values(), *vendor.besides} <= set(small):
            continue
        columns = {ours: header[small.index(theirs)] for ours, theirs in vendor.columns.items()}
        place = small.index(vendor.columns["time"])
        time = _time(sample[place] if place < len(sample) else "", vendor.zone)
        bar = {} if vendor.bar is None else {"bar": vendor.bar}
        return vendor.name, {"kind": vendor.kind, "columns": columns} | time | bar
    return None


def _time(cell: str, zone: str | None) -> dict[str, str]:
    """Say how times are written, judged by the first: a count by its digits, else a text."""
    if _COUNT.fullmatch(cell):
        return {"time": next(unit for digits, unit in _UNITS if len(cell) < digits)}
    return {"zone": zone or "UTC"}


def _symbol_of(path: Path) -> str:
    """Take the symbol from the beginning of the file's name."""
    beginning = re.split(r"[-_. ]", path.name)[0].upper()
    return beginning if is_symbol(beginning) else "SYMBOL"
