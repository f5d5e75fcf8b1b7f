"""What `worksteal tail` shows of a record, without a broker."""

import json
from typing import Any

import pytest

from streams.ground.kafka import LogRecord, Span
from streams.observe.tail import TailError, parse_start, viewer_for
from streams.observe.tail.start import Places, Since, first_offsets
from tests.topics.client.facts import TS, cooling, settled, started
from topics.codec import encode, encode_frame
from topics.commands import Cancel
from topics.events import AccountSnapshot, Fill, Quote
from topics.facts import StealLost
from topics.frames import Frame, FrameEvent, Run

TIME = "2023-11-14T22:13:20.000Z"


def record(value: bytes, offset: int = 0, partition: int = 0, **headers: bytes) -> LogRecord:
    told = tuple((name.replace("_", "-"), header) for name, header in headers.items())
    return LogRecord(partition, offset, TS // 1000, None, value, told)


def seen(topic: str, *records: LogRecord, kinds: Any = (), accounts: Any = ()) -> list[str]:
    viewer = viewer_for(topic, kinds, accounts)
    return [sight.line() for one in records for sight in viewer(one)]


def test_a_steal_is_one_line_with_time_id_account_and_what():
    (line,) = seen("steals", record(encode(started(0))))
    assert line == (
        f"{TIME}  0-0-0  acct-1  steal.started steal=acct-1.0 entry=bot:1"
        " symbol=BTCUSD needed=$3,500.00 free=$0.00"
        " victims=(order=acct-1.1 symbol=ETHUSD distance=0.01 pnl=2 freed=$0.00) cause=quotes:0:1"
    )


def test_json_has_the_message_whole():
    viewer = viewer_for("steals", (), ())
    (sight,) = viewer(record(encode(started(0))))
    document = sight.document()
    assert document["time"] == TIME
    assert document["message"] == json.loads(encode(started(0)))


def test_kinds_accounts_and_repeats():
    facts = [started(1), settled(2), settled(3, account="acct-2"), started(1), settled(2)]
    records = [record(encode(fact), n) for n, fact in enumerate(facts)]
    places = [line.split()[1] for line in seen("steals", *records)]
    assert places == ["0-1-0", "0-2-0", "0-3-0"]
    assert [line.split()[1] for line in seen("steals", *records, kinds=["steal.settled"])] == [
        "0-2-0",
        "0-3-0",
    ]
    assert [line.split()[1] for line in seen("steals", *records, accounts=["acct-2"])] == ["0-3-0"]
    assert "cooldown.started" in seen("steals", record(encode(cooling(4, account=None))))[0]


def test_commands_too():
    cancel = Cancel(id="1-2-3", ts_us=TS, account="a", cause="clock", order="a.1", symbol="BTCUSD")
    assert seen("execution", record(encode(cancel))) == [
        f"{TIME}  1-2-3  a  cancel order=a.1 symbol=BTCUSD cause=clock"
    ]


def test_what_cannot_be_read_is_shown_and_stops_nobody():
    newer = encode(started(1)).replace(b'"v":1', b'"v":2')
    lines = seen("steals", record(newer, 7), record(b"\xff", 8), record(encode(started(2)), 9))
    assert lines[0] == (
        f"{TIME}  0:7  -  unreadable: it has version 2 and this client reads up to 1"
    )
    assert "0:8  -  unreadable: " in lines[1]
    assert "0-2-0" in lines[2]
    assert "unreadable: not a frame" in seen("journal", record(b"nonsense"))[0]


def test_no_line_moves_a_cursor():
    fact = StealLost(
        id="0-1-0",
        ts_us=1,
        account="a",
        cause="clock",
        steal="s",
        entry="e",
        reason="\x1b[2J\n\x9b",
    )
    (line,) = seen("steals", record(encode(fact)))
    assert line.isprintable()
    assert "steal.lost" in line


FILL = Fill(
    ts_us=5, account="a", fill="f", order="o", symbol="BTCUSD", side="buy", price=2.5, qty=1
)
QUOTE = Quote(ts_us=5, symbol="BTCUSD", bid=1.0, ask=2.0)
CASH = AccountSnapshot(ts_us=5, account="b", equity=10.0)


def frame(*runs: tuple[str, int, int], events: list[FrameEvent]) -> bytes:
    told = [Run(topic=topic, partition=0, prev=prev, last=last) for topic, prev, last in runs]
    return encode_frame(Frame(runs=told, events=events))


def test_the_journal_is_shown_event_by_event():
    value = frame(
        ("fills", 3, 5),
        ("quotes", 0, 1),
        events=[FrameEvent(0, 4, FILL), FrameEvent(1, 1, QUOTE), FrameEvent(0, 5, FILL)],
    )
    lines = seen("journal", record(value, 9))
    assert lines[0] == (
        f"{TIME}  fills:0:4  a  fill fill=f order=o symbol=BTCUSD side=buy price=2.5 qty=1 fee=0"
    )
    assert lines[1] == f"{TIME}  quotes:0:1  -  quote symbol=BTCUSD bid=1 ask=2"
    assert len(lines) == 3
    assert len(seen("journal", record(value), kinds=["quote"])) == 1
    assert len(seen("journal", record(value), accounts=["a"])) == 2
    assert not seen("journal", record(encode_frame(Frame())))


def test_the_journal_is_shown_as_desks_take_it():
    """A resend is trimmed, and a run that does not join is passed over."""
    first = frame(("fills", 0, 2), events=[FrameEvent(0, 1, FILL), FrameEvent(0, 2, FILL)])
    resent = frame(("fills", 1, 3), events=[FrameEvent(0, 2, FILL), FrameEvent(0, 3, FILL)])
    zombie = frame(("fills", 4, 5), events=[FrameEvent(0, 5, FILL)])
    after = frame(("fills", 3, 4), events=[FrameEvent(0, 4, FILL)])
    frames = [record(value, n) for n, value in enumerate([first, resent, zombie, after])]
    assert [line.split()[1] for line in seen("journal", *frames)] == [
        f"fills:0:{n}" for n in (1, 2, 3, 4)
    ]
    # Quotes go to each partition of the journal, and each has its own chain.
    assert len(seen("journal", record(first), record(first, partition=1))) == 4


def test_dead_letters_have_reason_origin_and_size():
    letter = record(b"x" * 2000, 17, reason=b"not_json", field=b"", origin=b"orders:0:4")
    note = record(b"", 18, reason=b"redriven", redriven=b"dead-letters:0:17", redriven_to=b"t:0:1")
    lines = seen("dead-letters", letter, note)
    assert lines[0].startswith(f"{TIME}  0:17  -  not_json: ")
    assert lines[0].endswith("; orders:0:4, 2,000 bytes")
    assert lines[1] == f"{TIME}  0:18  -  dead-letters:0:17 was put back, to t:0:1"
    assert len(seen("dead-letters", letter, note, kinds=["not_json"])) == 1
    assert not seen("dead-letters", letter, note, kinds=["oversize"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("steal", (), ()), "no topic 'steal' to look at; there are steals, execution,"),
        (("steals", ["steal.start"], ()), "did you mean steal.started"),
        (("execution", ["quux"], ()), "there are cancel, submit, steal, reduce"),
        (("journal", ["fil"], ()), "--kind fil: journal has no such thing; did you mean fill"),
        (("dead-letters", ["not_jsn"], ()), "did you mean not_json"),
        (("dead-letters", (), ["a"]), "choose by --kind, its reason"),
    ],
)
def test_unknown_words_are_told(words, told):
    with pytest.raises(TailError, match=told):
        viewer_for(*words)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("latest", "latest"),
        ("earliest", "earliest"),
        ("0:17", Places({0: 17})),
        ("1:2,0:17", Places({1: 2, 0: 17})),
        ("2023-11-14T22:13:20Z", Since(TS // 1000)),
        ("2023-11-14T22:13:20", Since(TS // 1000)),
    ],
)
def test_starts(text, start):
    assert parse_start(text) == start


def test_a_start_may_be_some_time_ago(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 10_000.0)
    for text, seconds in (("90s", 90), ("10m", 600), ("2h", 7200)):
        assert parse_start(text) == Since((10_000 - seconds) * 1000)


@pytest.mark.parametrize("text", ["", "yesterday", "0:1,0:2", "2023-13-01", "1:", "-5m"])
def test_what_is_no_start_is_told(text):
    with pytest.raises(Exception, match="--start") as error:
        parse_start(text)
    assert type(error.value).__name__ in ("TailError", "TimeError")


def test_where_a_start_is():
    spans = {0: Span(5, 9), 1: Span(0, 0)}
    assert first_offsets("earliest", spans, {}) == {0: 5, 1: 0}
    assert first_offsets("latest", spans, {}) == {0: 9, 1: 0}
    assert first_offsets(Since(1), spans, {0: 7, 1: None}) == {0: 7, 1: 0}
    assert first_offsets(Places({0: 9}), spans, {}) == {0: 9}, "the others are not looked at"
    for places, told in (({2: 0}, "they are 0 to 1"), ({0: 4}, "from 5 and ends before 9")):
        with pytest.raises(TailError, match=told):
            first_offsets(Places(places), spans, {})
    with pytest.raises(TailError):
        first_offsets(Places({0: 10}), spans, {})
