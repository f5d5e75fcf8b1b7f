"""The quotes of a recorded journal: once each, in the desk's order, at the time it knew them."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from state.desk import Desk
from streams.audit.recording.source import RECORDED
from streams.audit.recording.writer import RecordingWriter
from streams.ground.kafka import LogRecord
from streams.market import Bar, ColumnMap, MarketError, MarketQuote, read_market
from tests.paths import ROOT
from tests.state.world import roomy, times
from tests.streams.cli.command import document, worksteal
from tests.streams.market.files import QUOTES, quote_bar, write
from topics.codec import decode_frame, encode_frame
from topics.events import Quote
from topics.frames import Frame, FrameEvent, JournalPosition, Run

T0_MS = 1_522_800_000_000
"""2018-04-04 00:00 UTC, in milliseconds."""

Timed = tuple[int, bytes]


def quote(offset: int, *, symbol="BTCUSD", late_ms=3, ask: float | None = None) -> Quote:
    """Make the quote that stands at an offset; its bid is 100 and the offset."""
    bid = 100.0 + offset
    return Quote(
        ts_us=(T0_MS + 1000 * offset - late_ms) * 1000,
        symbol=symbol,
        bid=bid,
        ask=bid + 1 if ask is None else ask,
        bid_size=float(offset),
    )


def framed(prev: int, last: int, *, partition=0, topic="quotes", **values) -> Frame:
    """Make a frame of one run, with a quote at each of its offsets."""
    run = Run(topic=topic, partition=partition, prev=prev, last=last)
    events = [
        FrameEvent(0, offset, quote(offset, **values)) for offset in range(prev + 1, last + 1)
    ]
    return Frame(runs=[run], events=events)


def timed(*frames: Frame) -> list[Timed]:
    return [(T0_MS + 1000 * number, encode_frame(frame)) for number, frame in enumerate(frames)]


def record(path: Path, *partitions: list[Timed], skip=(), first=0) -> Path:
    """Write journals into a recording; `skip` are (partition, offset) to leave out."""
    numbers = range(len(partitions))
    writer = RecordingWriter(
        path,
        {topic: [(n, first if topic == "journal" else 0) for n in numbers] for topic in RECORDED},
    )
    for number, journal in enumerate(partitions):
        records = [
            LogRecord(number, offset, ts_ms, None, value, ())
            for offset, (ts_ms, value) in enumerate(journal, first)
            if (number, offset) not in skip
        ]
        writer.add("journal", number, records)
        writer.flush()
    writer.close()
    return path


def bids(path: Path) -> list[float]:
    return [one.bid - 100 for one in read_market([path]).quotes]


def test_quotes_have_the_journals_time(tmp_path):
    path = record(tmp_path / "day", timed(framed(-1, 1), Frame(), framed(1, 2, symbol="eth-usd")))
    market = read_market([path])
    us = T0_MS * 1000
    assert list(market.quotes) == [
        MarketQuote(us, "BTCUSD", 100, 101, 0, None),
        MarketQuote(us, "BTCUSD", 101, 102, 1, None),
        MarketQuote(us + 2_000_000, "ETHUSD", 102, 103, 2, None),
    ]
    assert list(market.bars) == [
        Bar("BTCUSD", us, us + 60_000_000, 100, 101, 101, 102, 101, 102),
        Bar("ETHUSD", us, us + 60_000_000, 102, 103, 102, 103, 102, 103),
    ]
    assert market.notes == (
        (
            "day: 3 quotes as they were seen; 2 bars of 1 min were made of them, and the first and last "
            "may be partial."
        ),
        "day: 3 quotes lack a size, which limits no fill.",
        "day: a quote's time is that of its journal record, when the desk knew it.",
    )


def test_each_offset_counts_once_as_at_the_desk(tmp_path):
    """A resend, an overlap, a run of a sequencer that lost its place, and a clock that went back."""
    journal = timed(
        framed(-1, 2),
        framed(-1, 2),
        framed(1, 4),
        framed(6, 8),
        framed(4, 6),
        framed(-1, 0, partition=1),
    )
    journal[4] = (T0_MS, journal[4][1])
    path = record(tmp_path / "day", journal)
    assert bids(path) == [0, 1, 2, 3, 4, 5, 6, 0]
    desk = Desk(times(), roomy())
    heard = []
    for offset, (ts_ms, value) in enumerate(journal):
        frame = decode_frame(value)
        before = dict(desk.marks)
        desk.apply(frame, JournalPosition(0, offset, ts_ms * 1000))
        for item in frame.events:
            source = (frame.runs[item.run].topic, frame.runs[item.run].partition)
            if before.get(source, -1) < item.offset <= desk.marks.get(source, -1):
                heard.append(item.offset)
    assert bids(path) == heard
    stamps = [one.ts_us // 1000 - T0_MS for one in read_market([path]).quotes]
    assert stamps == [0, 0, 0, 2000, 2000, 3000, 3000, 5000]


def test_one_partition_is_read_and_the_others_are_compared(tmp_path):
    whole, shorter = timed(framed(-1, 2), framed(2, 5)), timed(framed(-1, 3))
    same = record(tmp_path / "same", whole, whole)
    assert bids(same) == [0, 1, 2, 3, 4, 5]
    assert "same: quotes are from journal partition 0 of 2; the others hold the same." in (
        read_market([same]).notes
    )
    cut = record(tmp_path / "cut", shorter, whole, shorter)
    assert bids(cut) == [0, 1, 2, 3, 4, 5]
    assert (
        "cut: quotes are from journal partition 1 of 3; the others cover 4 to 4 of its 6 source "
        "offsets."
    ) in read_market([cut]).notes


def test_what_the_desk_refuses_and_what_was_late(tmp_path):
    crossed = framed(0, 1, ask=1.0)
    path = record(tmp_path / "day", timed(framed(-1, 0, late_ms=1500), crossed, framed(1, 2)))
    market = read_market([path])
    assert [one.bid for one in market.quotes] == [100, 102]
    assert (
        "day: 1 quotes were over a second old when they were journaled, and count as fresh here."
        in market.notes
    )
    assert (
        "day: 1 quotes with a bid above the ask were left out, as the desk refuses them."
        in market.notes
    )


def test_a_recording_that_begins_late_or_has_a_gap_is_read_on(tmp_path):
    journal = timed(framed(-1, 0), framed(0, 1), framed(1, 2), framed(2, 3))
    late = record(tmp_path / "late", journal[1:], first=1)
    assert bids(late) == [1, 2, 3]
    gap = record(tmp_path / "gap", journal, skip={(0, 1)})
    assert bids(gap) == [0, 2, 3]
    for path in (late, gap):
        assert f"{path.name}: frames are missing in 1 places." in read_market([path]).notes


def test_a_recording_that_was_cut_short_is_read_as_far_as_it_goes(tmp_path):
    path = record(tmp_path / "day", timed(framed(-1, 2)))
    path.write_bytes(path.read_bytes()[:-10])
    market = read_market([path])
    assert len(market.quotes) == 3
    assert market.notes[-1] == ("day: the recording was cut short, and is read as far as it goes.")


def test_a_mapping_says_how_long_its_bars_are(tmp_path):
    path = record(tmp_path / "day", timed(framed(-1, 0), *(Frame(),) * 14, framed(0, 1)))
    plain = ColumnMap(kind="ticks", columns={"time": "t", "bid": "b", "ask": "a"}, symbol="X")
    assert len(read_market([path], plain).bars) == 1
    assert len(read_market([path], [plain, ColumnMap(kind="recorded", bar="10s")]).bars) == 2


def test_a_recording_and_a_file_on_one_clock(tmp_path):
    path = record(tmp_path / "day", timed(framed(-1, 2, symbol="ETHUSD")))
    other = write(tmp_path, QUOTES, quote_bar(0), quote_bar(1))
    assert read_market([other, path]).symbols == ("BTCUSD", "ETHUSD")


def test_what_cannot_be_used_is_one_sentence(tmp_path):
    empty = record(tmp_path / "empty", timed(Frame()))
    broken = record(tmp_path / "broken", [(T0_MS, b"{}x")])
    newer = tmp_path / "newer"
    newer.write_bytes(b"worksteal recording 99\n")
    damaged = record(tmp_path / "damaged", timed(framed(-1, 50)))
    body = bytearray(damaged.read_bytes())
    place = body.rindex(b"\x78\x01")
    body[place + 20] ^= 1
    damaged.write_bytes(bytes(body))
    for path, told in (
        (empty, "the recording holds no quotes; record a journal that has some."),
        (broken, "is no frame of this version"),
        (newer, "this is a recording of format 99"),
        (damaged, "the recording is damaged in the block at byte"),
    ):
        with pytest.raises(MarketError) as caught:
            read_market([path])
        assert told in str(caught.value)


def test_a_notebook_reads_one_as_well(tmp_path):
    path = record(tmp_path / "day", timed(framed(-1, 2)))

    async def notebook() -> int:
        return len(read_market([path]).quotes)

    assert asyncio.run(notebook()) == 3


def test_reading_market_data_imports_neither_kafka_nor_pandas():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import sys, streams.market; "
                "print([name for name in ('aiokafka', 'faust', 'pandas', 'pyarrow') if name in sys.modules])"
            ),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"


def test_a_backtest_of_a_recording(tmp_path):
    """What was recorded once is tried again under other policies."""
    frames = [framed(n - 1, n) for n in range(600)]
    path = record(tmp_path / "day", timed(*frames))
    done = document(worksteal("backtest", path, "--policy", "none", "--json", cwd=tmp_path))
    assert "600 quotes as they were seen" in str(done)
