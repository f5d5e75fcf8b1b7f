"""Goal: whatever sequencers write, a reader takes each source record once, in order, leaving none.

Method: the reader of the journal's rule in a dozen lines, over histories in which the rightful
sequencer's chain is mixed with resends, overlaps and runs of sequencers that lost their place.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.topics.examples import FRAME, QUOTE
from topics.codec import FrameFault, decode_frame, encode, encode_frame
from topics.frames import (
    BEFORE_FIRST,
    Frame,
    FrameEvent,
    RawFrame,
    RawFrameEvent,
    Run,
    advance,
    fault_of,
    joins,
)

SOURCE = ("quotes", 0)


def run(prev: int, last: int, *, source: tuple[str, int] = SOURCE) -> Run:
    return Run(topic=source[0], partition=source[1], prev=prev, last=last)


def event(offset: int, *, of: int = 0) -> FrameEvent:
    return FrameEvent(run=of, offset=offset, event=QUOTE)


class Reader:
    """Takes frames as the desk must: `joins`, then what lies above the mark, then `advance`."""

    def __init__(self) -> None:
        self.marks: dict[tuple[str, int], int] = {}
        self.taken: list[tuple[str, int, int]] = []

    def read(self, frame: Frame) -> None:
        assert fault_of(frame) is None
        before = dict(self.marks)
        for part in frame.runs:
            source = (part.topic, part.partition)
            if joins(part, self.marks.get(source, BEFORE_FIRST)):
                self.marks[source] = advance(part, self.marks.get(source, BEFORE_FIRST))
        for item in frame.events:
            part = frame.runs[item.run]
            source = (part.topic, part.partition)
            mark = before.get(source, BEFORE_FIRST)
            if joins(part, mark) and item.offset > mark:
                self.taken.append((*source, item.offset))


# ---- the chain rule ----

SOURCES = [("quotes", 0), ("orders", 3), ("orders", 4)]


class History(msgspec.Struct):
    """What each source holds, which of it was refused, and the frames that were written of it."""

    lengths: list[int]
    refused: list[set[int]]
    frames: list[Frame]

    def offered(self, source: int) -> list[int]:
        """Return the offsets of a source that a reader must take."""
        return [n for n in range(self.lengths[source]) if n not in self.refused[source]]


@st.composite
def histories(draw: st.DrawFn, *, complete: bool) -> History:
    """Frames of true runs in any order; if `complete`, a rightful chain is among them, in order.

    The rightful sequencer splits each source as it likes and begins each run where its last ended;
    an empty run is allowed.  All others write true runs from anywhere to anywhere.
    """
    lengths = [draw(st.integers(0, 12)) for _ in SOURCES]
    refused = [draw(st.sets(st.integers(0, 11), max_size=4)) for _ in SOURCES]
    reached = [BEFORE_FIRST for _ in SOURCES]
    frames: list[Frame] = []

    def write(stretches: dict[int, tuple[int, int]]) -> None:
        runs = [run(*stretch, source=SOURCES[n]) for n, stretch in stretches.items()]
        places = [
            (index, offset)
            for index, (n, (prev, last)) in enumerate(stretches.items())
            for offset in range(prev + 1, last + 1)
            if offset not in refused[n]
        ]
        # Merged by time: in any order between sources, in offset order within each.
        turns = draw(st.permutations([index for index, _ in places]))
        queues = {i: iter([o for j, o in places if j == i]) for i in range(len(runs))}
        frames.append(Frame(runs=runs, events=[event(next(queues[i]), of=i) for i in turns]))

    def stranger() -> None:
        chosen = draw(st.sets(st.integers(0, len(SOURCES) - 1), min_size=1))
        ends = {
            n: [draw(st.integers(-1, lengths[n] - 1)) for _ in range(2)] for n in sorted(chosen)
        }
        write({n: (min(pair), max(pair)) for n, pair in ends.items()})

    while complete and any(at < n - 1 for at, n in zip(reached, lengths, strict=True)):
        for _ in range(draw(st.integers(0, 2))):
            stranger()
        stretches = {}
        for n, length in enumerate(lengths):
            last = draw(st.integers(reached[n], length - 1))
            stretches[n] = (reached[n], last)
            reached[n] = last
        if all(prev == last for prev, last in stretches.values()):
            n = next(n for n, at in enumerate(reached) if at < lengths[n] - 1)
            stretches[n] = (reached[n], lengths[n] - 1)
            reached[n] = lengths[n] - 1
        write(stretches)
    for _ in range(draw(st.integers(0, 5))):
        stranger()
    return History(lengths=lengths, refused=refused, frames=frames)


def taken_of(history: History) -> list[list[int]]:
    reader = Reader()
    for frame in history.frames:
        reader.read(frame)
    return [
        [offset for *source, offset in reader.taken if tuple(source) == wanted]
        for wanted in SOURCES
    ]


@settings(max_examples=300, deadline=None)
@given(histories(complete=True))
def test_every_offset_is_taken_once_and_in_order(history: History):
    for n, taken in enumerate(taken_of(history)):
        assert taken == history.offered(n)


@settings(max_examples=300, deadline=None)
@given(histories(complete=False))
def test_without_a_rightful_chain_no_offset_is_jumped_or_doubled(history: History):
    for n, taken in enumerate(taken_of(history)):
        assert taken == history.offered(n)[: len(taken)]


@settings(max_examples=100, deadline=None)
@given(histories(complete=True))
def test_reading_everything_again_takes_nothing(history: History):
    reader = Reader()
    for frame in history.frames:
        reader.read(frame)
    taken, marks = list(reader.taken), dict(reader.marks)
    for frame in history.frames:
        reader.read(frame)
    assert (reader.taken, reader.marks) == (taken, marks)


@pytest.mark.parametrize(
    ("prev", "last", "mark", "joined", "reached"),
    [
        (-1, 4, -1, True, 4),  # the first run of all
        (4, 9, 4, True, 9),  # the next one
        (2, 9, 4, True, 9),  # a resend with more behind it: trimmed
        (2, 4, 4, True, 4),  # a plain resend
        (0, 2, 4, True, 4),  # an old one: the mark never goes back
        (4, 4, 4, True, 4),  # empty
        (5, 9, 4, False, None),  # a hole: 5 was never seen
        (0, 9, -1, False, None),  # a hole at the very start
    ],
)
def test_join_table(prev: int, last: int, mark: int, joined: bool, reached: int | None):
    assert joins(run(prev, last), mark) is joined
    if joined:
        assert advance(run(prev, last), mark) == reached


# ---- a frame's own soundness ----

OTHER = ("orders", 0)

FAULTY = [
    (Frame(runs=[run(5, 4)]), "ends at 4 before 5"),
    (Frame(runs=[run(0, 1), run(1, 2)]), "two runs of one source partition"),
    (Frame(events=[event(0)]), "names run 0 of 0"),
    (Frame(runs=[run(0, 1)], events=[event(1, of=1)]), "names run 1 of 1"),
    (Frame(runs=[run(0, 1)], events=[event(1, of=-1)]), "names run -1 of 1"),
    (Frame(runs=[run(0, 1)], events=[event(0)]), "offset 0 lies outside"),
    (Frame(runs=[run(0, 1)], events=[event(2)]), "offset 2 lies outside"),
    (Frame(runs=[run(0, 3)], events=[event(2), event(2)]), "offset 2 lies outside"),
    (Frame(runs=[run(0, 3)], events=[event(2), event(1)]), "offset 1 lies outside"),
    (
        Frame(runs=[run(0, 3), run(8, 9, source=OTHER)], events=[event(1), event(2, of=1)]),
        "offset 2 lies outside",
    ),
]

SOUND = [
    FRAME,
    Frame(),
    Frame(runs=[run(-1, -1)]),
    Frame(runs=[run(0, 9)]),
    Frame(runs=[run(0, 9)], events=[event(3), event(9)]),
    Frame(
        runs=[run(0, 9), run(0, 9, source=OTHER), run(0, 9, source=("quotes", 1))],
        events=[event(3), event(1, of=1), event(1, of=2), event(4), event(2, of=1)],
    ),
]


@pytest.mark.parametrize(("frame", "says"), FAULTY, ids=[says for _, says in FAULTY])
def test_a_faulty_frame_is_named_and_not_decoded(frame: Frame, says: str):
    fault = fault_of(frame)
    assert fault is not None
    assert says in fault
    with pytest.raises(FrameFault, match=says):
        decode_frame(encode_frame(frame))


@pytest.mark.parametrize("frame", SOUND)
def test_a_sound_frame_passes(frame: Frame):
    assert fault_of(frame) is None
    assert decode_frame(encode_frame(frame)) == frame


GOLDEN = encode_frame(FRAME)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        GOLDEN[:-1],
        GOLDEN + b"{}",
        GOLDEN.replace(b'"v":1,"runs"', b'"v":2,"runs"'),
        GOLDEN.replace(b'"runs"', b'"walks"'),
        GOLDEN.replace(b'"prev":-1', b'"prev":-2'),
        GOLDEN.replace(b"[1,98,", b"[1,98.5,"),
        GOLDEN.replace(b"[1,98,", b"[1,"),
        GOLDEN.replace(b"[1,98,", b"[1,98,0,"),
        GOLDEN.replace(b'"bid":7424.9,', b'"bid":-1,'),
        GOLDEN.replace(b"probe", b"\xff"),
        b'{"events":[[0,0,{"type":"policy.set","policy":{"a":' + b"[" * 100_000,
    ],
)
def test_decode_frame_raises_its_own_error_only(raw: bytes):
    with pytest.raises(FrameFault):
        decode_frame(raw)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOLDEN)), st.integers(0, 4), st.binary(max_size=4))
def test_a_damaged_frame_is_a_fault_or_still_a_frame(at: int, cut: int, put: bytes):
    try:
        frame = decode_frame(GOLDEN[:at] + put + GOLDEN[at + cut :])
    except FrameFault:
        return
    assert fault_of(frame) is None


def test_the_sequencer_passes_the_producers_bytes_through_untouched():
    """Spaces, key order and the spelling of numbers survive; only the desk interprets them."""
    raw = b'{ "v": 1, "type": "quote", "ask": 7.50e1, "bid": 74, "symbol": "BTC-USD", "ts_us": 5 }'
    written = encode_frame(
        RawFrame(runs=[run(-1, 0)], events=[RawFrameEvent(run=0, offset=0, event=msgspec.Raw(raw))])
    )
    assert raw in written
    (read,) = decode_frame(written).events
    assert msgspec.to_builtins(read.event)["ask"] == 75.0


def test_both_kinds_of_frame_have_the_same_bytes():
    raw = RawFrame(
        runs=FRAME.runs,
        events=[
            RawFrameEvent(run=item.run, offset=item.offset, event=msgspec.Raw(encode(item.event)))
            for item in FRAME.events
        ],
    )
    assert encode_frame(raw) == encode_frame(FRAME)
