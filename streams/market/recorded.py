"""The quotes of a recorded journal, as the desks came to know them.

A quote's time is that of its journal record: the desk's clock, and the moment at which it was known.
The time that its producer wrote only says how old it was by then.  As every journal partition holds
all quotes, one partition is read; of a resend each offset of the source counts once, as at the desk.
"""

import asyncio
import math
from array import array
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from streams.audit.recording.errors import ReplayError
from streams.audit.recording.reader import Recording
from streams.audit.recording.source import Gap, walk
from streams.audit.replay.drive import frame_of
from topics.catalogue import JOURNAL, QUOTES
from topics.events import Quote
from topics.frames import BEFORE_FIRST, Frame, Run, advance, joins
from topics.symbols import normal_symbol

from .errors import MarketError
from .quotes import Floats, Ints
from .table import SECOND_US, MarketPart
from .ticks import tick_part

_Source = tuple[str, int]
_T = TypeVar("_T")


def read_recorded(path: Path, bar_us: int | None) -> MarketPart:
    """Read the quotes of a recording, and make bars of `bar_us` microseconds (None: a minute).

    Raises `MarketError` if it is damaged or holds no quotes; one that was cut short is read as far
    as it goes, and a note says so.
    """
    try:
        with Recording(path, allow_cut=True) as recording:
            chosen, others = _finished(_choose(recording))
            taken = _finished(_taken(recording, chosen))
            notes = [*_notes(recording, chosen, others, taken)]
    except ReplayError as error:
        raise MarketError(str(error)) from None
    if not taken.times:
        raise MarketError(f"{path}: the recording holds no quotes; record a journal that has some.")
    names = tuple(sorted(taken.symbols))
    ranks = np.array([names.index(symbol) for symbol in taken.symbols], np.int64)
    columns: Floats = np.ascontiguousarray(np.array(taken.values).reshape(len(taken.times), -1).T)
    times: Ints = np.array(taken.times, np.int64)
    part = tick_part(
        (str(path), path.name),
        names,
        times,
        ranks[np.array(taken.codes, np.int64)],
        (columns[0], columns[1]),
        (columns[2], columns[3]),
        bar_us,
    )
    return part._replace(notes=(*part.notes, *notes))


def _finished(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end, also where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class _Marks:
    """Where each source partition stands; takes runs as the desk does."""

    def __init__(self) -> None:
        self.marks: dict[_Source, int] = {}
        self.gaps = 0
        self._before_first: int | None = BEFORE_FIRST

    def skip(self, _: Gap) -> None:
        """Go on behind missing frames: each source's next run is taken wherever it begins."""
        self.gaps += 1
        self.marks.clear()
        self._before_first = None

    def take(self, run: Run) -> int | None:
        """Return the offset above which the run's events count, None if it does not join."""
        source = (run.topic, run.partition)
        first = run.prev if self._before_first is None else self._before_first
        mark = self.marks.get(source, first)
        if not joins(run, mark):
            return None
        self.marks[source] = advance(run, mark)
        return mark


class _Heads(msgspec.Struct):
    """A frame's runs; its events are passed over, which is what makes choosing cheap."""

    runs: list[Run] = []


_heads = msgspec.json.Decoder(_Heads)


async def _choose(recording: Recording) -> tuple[int, dict[int, int]]:
    """Return the partition that covers most of the quotes' offsets, and what the others cover.

    All cover the same but where the recording ends between two records.  Of equals the lowest.
    """
    covered: dict[int, int] = {}
    for number in recording.spans(JOURNAL.name):
        marks, total = _Marks(), 0
        async for batch in walk(recording, JOURNAL.name, number, marks.skip):
            for record in batch:
                for run in _runs_of(record.value or b""):
                    mark = marks.take(run) if run.topic == QUOTES.name else None
                    if mark is not None:
                        total += max(0, run.last - mark)
        covered[number] = total
    if not covered:
        raise MarketError(f"{recording.name}: the recording has no journal; record one anew.")
    chosen = max(covered, key=lambda number: (covered[number], -number))
    return chosen, covered


def _runs_of(value: bytes) -> list[Run]:
    try:
        return _heads.decode(value).runs
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []  # told with its place if this partition is the one that is read


class _Taken:
    """The quotes of one partition, gathered."""

    def __init__(self) -> None:
        self.marks = _Marks()
        self.symbols: dict[str, int] = {}
        self.times, self.codes, self.values = array("q"), array("q"), array("d")
        self.crossed = self.late = 0

    def add(self, frame: Frame, now_us: int) -> None:
        above = [self.marks.take(run) for run in frame.runs]
        for item in frame.events:
            event, mark = item.event, above[item.run]
            if type(event) is Quote and mark is not None and item.offset > mark:
                self._quote(event, now_us)

    def _quote(self, quote: Quote, now_us: int) -> None:
        if quote.bid > quote.ask:
            self.crossed += 1  # the desk refuses it, too
            return
        self.late += now_us - quote.ts_us > SECOND_US
        symbols = self.symbols
        self.times.append(now_us)
        self.codes.append(symbols.setdefault(normal_symbol(quote.symbol), len(symbols)))
        bid_size, ask_size = (
            math.nan if size is None else size for size in (quote.bid_size, quote.ask_size)
        )
        self.values.extend((quote.bid, quote.ask, bid_size, ask_size))


async def _taken(recording: Recording, number: int) -> _Taken:
    taken, clock_us = _Taken(), 0
    skip: Callable[[Gap], None] = taken.marks.skip
    async for batch in walk(recording, JOURNAL.name, number, skip):
        for record in batch:
            clock_us = max(clock_us, record.ts_ms * 1000)  # the desk's clock never goes back
            taken.add(frame_of(record), clock_us)
    return taken


def _notes(recording: Recording, chosen: int, covered: dict[int, int], taken: _Taken) -> list[str]:
    name = recording.path.name
    notes = [f"{name}: a quote's time is that of its journal record, when the desk knew it."]
    others = [count for number, count in covered.items() if number != chosen]
    if others:
        low, high = min(others), max(others)
        rest = (
            "the others hold the same"
            if low == covered[chosen]
            else f"the others cover {low:,} to {high:,} of its {covered[chosen]:,} source offsets"
        )
        notes.append(
            f"{name}: quotes are from journal partition {chosen} of {len(covered)}; {rest}."
        )
    if taken.late:
        notes.append(
            f"{name}: {taken.late:,} quotes were over a second old when they were journaled, and "
            "count as fresh here."
        )
    if taken.crossed:
        notes.append(
            f"{name}: {taken.crossed:,} quotes with a bid above the ask were left out, as the desk "
            "refuses them."
        )
    if taken.marks.gaps:
        notes.append(f"{name}: frames are missing in {taken.marks.gaps:,} places.")
    if not recording.complete:
        notes.append(f"{name}: the recording was cut short, and is read as far as it goes.")
    return notes
