"""Read several market files and merge them on one clock."""

from collections.abc import Sequence
from heapq import merge
from pathlib import Path

from .cells import utc_text
from .model import Bar, Kind, Market, MarketError
from .notes import notes_of
from .quote import MarketQuote
from .quotes import Quotes
from .replay import replay
from .rows import read_file


def read_market(paths: Sequence[Path]) -> Market:
    """Read the files, in the order that decides between events of the same instant.

    Raises `MarketError` with one sentence for anything that is wrong with any of them.
    """
    if not paths:
        raise MarketError("No market file was given; name at least one CSV file.")
    streams: list[list[MarketQuote]] = []
    bars: list[tuple[Bar, Path]] = []
    notes: list[str] = []
    kinds: list[Kind] = []
    for path in paths:
        file = read_file(path)
        quotes, own = replay(file)
        streams.append(quotes)
        bars.extend((bar, path) for bar in own)
        notes.extend(notes_of(file, quotes))
        kinds.append(file.layout.kind)
    _refuse_overlaps(bars)
    ordered = sorted((bar for bar, _ in bars), key=lambda bar: (bar.end_us, bar.symbol))
    return Market(
        quotes=Quotes.of(merge(*streams, key=lambda quote: quote.ts_us)),  # ties: in order of files
        bars=ordered,
        symbols=tuple(sorted({bar.symbol for bar in ordered})),
        kind="hourly" if "hourly" in kinds else "minute",
        bar_us=max(bar.end_us - bar.start_us for bar in ordered),
        notes=tuple(notes),
    )


def _refuse_overlaps(bars: list[tuple[Bar, Path]]) -> None:
    """Refuse a symbol that two files speak of at the same time: it would have two prices."""
    latest: dict[str, tuple[Bar, Path]] = {}
    for bar, path in sorted(bars, key=lambda pair: pair[0].start_us):
        before = latest.get(bar.symbol)
        if before is not None and bar.start_us < before[0].end_us:
            raise MarketError(
                f"{path}: {bar.symbol} has a bar at {utc_text(bar.start_us)} that overlaps one in "
                f"{before[1]}; give each symbol from one file at a time."
            )
        latest[bar.symbol] = (bar, path)
