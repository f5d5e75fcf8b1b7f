"""From source records to frames: nothing lost, nothing doubled, the same order for everybody."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.journal.writing.framing import BYTES_MAX, EVENTS_MAX, Framer
from topics.codec import decode_frame, encode, encode_frame
from topics.events import AccountSnapshot, Quote
from topics.frames import BEFORE_FIRST, advance, joins

PARTITIONS = 3


class Record(NamedTuple):
    """A consumer's record, and where it came from."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes


def polled(records):
    """Return records as a poll gives them."""
    batch: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        batch.setdefault((record.topic, record.partition), []).append(record)
    return batch


def quote(offset, ts_ms=0, partition=0, raw=None):
    value = encode(Quote(ts_us=offset, symbol="BTCUSD", bid=1.0, ask=1.5))
    return Record("quotes", partition, offset, ts_ms, raw or value)


def snapshot(offset, ts_ms=0, partition=0):
    value = encode(AccountSnapshot(ts_us=offset, account=f"A{partition}", equity=1.0))
    return Record("accounts", partition, offset, ts_ms, value)


def framer():
    sources = [("quotes", n) for n in range(2)] + [("accounts", n) for n in range(PARTITIONS)]
    return Framer(PARTITIONS, dict.fromkeys(sources, 0))


def places(framed, journal):
    """Return topic, partition and offset of each event of one journal partition."""
    found = []
    for number, frame in framed.frames:
        if number == journal:
            sound = decode_frame(encode_frame(frame))
            runs = sound.runs
            found += [
                (runs[item.run].topic, runs[item.run].partition, item.offset)
                for item in sound.events
            ]
    return found


def test_quotes_go_to_every_journal_partition_and_account_events_to_their_own():
    framed = framer().frame(polled([quote(0), snapshot(0, partition=1)]))
    assert places(framed, 0) == [("quotes", 0, 0)]
    assert places(framed, 1) == [("accounts", 1, 0), ("quotes", 0, 0)]
    assert places(framed, 2) == [("quotes", 0, 0)]


def test_sources_are_merged_by_record_time():
    framed = framer().frame(polled([quote(0, 5), quote(1, 9), snapshot(0, 7)]))
    assert [place[0] for place in places(framed, 0)] == ["quotes", "accounts", "quotes"]


def test_a_time_that_goes_back_does_not_turn_a_source_around():
    framed = framer().frame(polled([quote(0, 9), quote(1, 5), snapshot(0, 7)]))
    assert places(framed, 0) == [("accounts", 0, 0), ("quotes", 0, 0), ("quotes", 0, 1)]


def test_a_refused_record_lies_inside_its_run_and_keeps_its_bytes():
    framed = framer().frame(polled([quote(0), quote(1, raw=b"{nonsense"), quote(2)]))
    (letter,) = framed.dead_letters
    assert (letter.reason, letter.origin, letter.value) == ("not_json", "quotes:0:1", b"{nonsense")
    frame = framed.frames[0][1]
    assert [item.offset for item in frame.events] == [0, 2]
    assert (frame.runs[0].prev, frame.runs[0].last) == (BEFORE_FIRST, 2)


def test_a_sound_event_on_another_topic_is_refused_by_name():
    stray = snapshot(0)._replace(topic="quotes")
    (letter,) = framer().frame(polled([stray])).dead_letters
    assert letter.reason == "wrong_topic"


def test_the_bytes_of_an_event_pass_untouched():
    odd = b'{ "ts_us":1, "ask":2.50,"bid":1e0,\t"symbol":"BTC/USD","type":"quote","v":1 }'
    frame = framer().frame(polled([quote(0, raw=odd)])).frames[0][1]
    assert bytes(frame.events[0].event) == odd
    assert odd in encode_frame(frame)


def test_a_large_batch_is_cut_and_its_runs_chain():
    framed = framer().frame(polled([quote(number) for number in range(2 * EVENTS_MAX + 5)]))
    mine = [frame for journal, frame in framed.frames if journal == 0]
    assert [len(frame.events) for frame in mine] == [EVENTS_MAX, EVENTS_MAX, 5]
    assert [frame.runs[0].prev for frame in mine] == [-1, EVENTS_MAX - 1, 2 * EVENTS_MAX - 1]


def test_a_batch_of_large_records_is_cut_by_size():
    wide = b" " * 60_000
    framed = framer().frame(polled([quote(n, raw=quote(n).value + wide) for n in range(20)]))
    mine = [frame for journal, frame in framed.frames if journal == 0]
    assert len(mine) == 3
    assert all(len(encode_frame(frame)) <= BYTES_MAX + 1000 for frame in mine)


batches = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=12), max_size=8
)


@settings(max_examples=200, deadline=None)
@given(batches, st.integers(0, 8))
def test_every_record_arrives_once_whatever_the_batches_and_restarts(wanted, restart):
    sources = [("quotes", 0), ("quotes", 1), ("accounts", 0), ("accounts", 2)]
    offsets = dict.fromkeys(sources, 0)
    running = framer()
    marks: dict[int, dict[tuple[str, int], int]] = {n: {} for n in range(PARTITIONS)}
    taken: dict[int, list[tuple[str, int, int]]] = {n: [] for n in range(PARTITIONS)}
    for number, batch in enumerate(wanted):
        committed = dict(offsets)
        records = []
        for which, ts_ms in batch:
            topic, partition = sources[which]
            make = quote if topic == "quotes" else snapshot
            records.append(make(offsets[sources[which]], ts_ms, partition=partition))
            offsets[sources[which]] += 1
        deliveries = [running.frame(polled(records))]
        if number == restart:  # it wrote, died before the commit, and frames the same again
            running = framer()
            running = Framer(PARTITIONS, dict.fromkeys(running._framed, 0) | committed)
            deliveries.append(running.frame(polled(records)))
        for journal, frame in [item for framed in deliveries for item in framed.frames]:
            take(decode_frame(encode_frame(frame)), marks[journal], taken[journal])
    for journal in range(PARTITIONS):
        for source in sources:
            mine = source[0] == "quotes" or source[1] == journal
            got = [place[2] for place in taken[journal] if place[:2] == source]
            assert got == (list(range(offsets[source])) if mine else [])


def take(frame, marks, taken):
    """Take a frame's events as a desk does."""
    for index, run in enumerate(frame.runs):
        source = (run.topic, run.partition)
        mark = marks.get(source, BEFORE_FIRST)
        assert joins(run, mark)
        marks[source] = advance(run, mark)
        taken += [
            (*source, item.offset)
            for item in frame.events
            if item.run == index and item.offset > mark
        ]
