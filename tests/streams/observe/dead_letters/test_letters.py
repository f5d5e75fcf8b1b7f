"""Dead letters without a broker: what a record is, what may go back, where to, what is shown."""

import json
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.dlq_tables import document, letter_lines, list_line
from streams.ground.kafka import LogRecord
from streams.ground.kafka.client import partition_of
from streams.ground.times import TimeError
from streams.journal.writing.framing import WRONG_TOPIC, DeadLetter, refusal_of
from streams.observe.dead_letters import (
    DeadLetterError,
    Letter,
    LetterSurvey,
    Note,
    parse_place,
    place_text,
    prepare,
    read_record,
    reading,
)
from streams.observe.dead_letters.advice import ADVICE, MEANING, fault_at
from streams.observe.dead_letters.choosing import in_their_order, wanted
from streams.observe.dead_letters.hexdump import is_plain, shown
from streams.observe.dead_letters.letter import note_headers
from streams.observe.dead_letters.redrive import RedriveOptions
from streams.schema.headers import HEADERS, NOTE
from topics.catalogue import CATALOGUE, DEAD_LETTERS, INBOUND, ORDERS
from topics.codec import encode
from topics.events import AccountSnapshot, EntryRequested, PolicySet, Quote
from topics.refusals import RecordRefusal

PARTITIONS = dict.fromkeys((topic.name for topic in CATALOGUE), 5)
TRACE = b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01"


def entry(account: str = "A1", **values: Any) -> EntryRequested:
    told = {"entry": "e1", "symbol": "BTCUSD", "side": "buy", "limit": 1.0, "qty": 1.0, **values}
    return EntryRequested(ts_us=1, account=account, **told)


def record(value: bytes = b"?", offset: int = 7, **headers: str) -> LogRecord:
    told = {"reason": "not_json", "field": "", "origin": "orders:1:5", "origin_ts_ms": "9"}
    named = {key.replace("_", "-"): text.encode() for key, text in (told | headers).items()}
    return LogRecord(2, offset, 11, b"orders:1:5", value, tuple(named.items()))


def letter(value: bytes = b"?", offset: int = 7, **headers: str) -> Letter:
    found = read_record(record(value, offset, **headers))
    assert isinstance(found, Letter)
    return found


def ready(value: bytes, note: Note | None = None, *, corrected: bool = False, **options: bool):
    one = letter(value)
    return prepare(one, value, note, PARTITIONS, RedriveOptions(**options), corrected=corrected)


def test_a_record_of_the_sequencer_is_a_letter():
    found = letter(b"abc", reason="bad_id", field="account")
    assert found[:8] == ((2, 7), 11, "bad_id", "account", ("orders", 1, 5), 9, 3, None)
    assert letter(cut_from_bytes="900").cut_from == 900


NAMES = sorted({info.name for info in (*HEADERS[DEAD_LETTERS], *NOTE)})
HEADER = st.tuples(
    st.sampled_from(NAMES) | st.text(max_size=20), st.none() | st.binary(max_size=20)
)


@given(st.lists(HEADER, max_size=8), st.none() | st.binary())
def test_whatever_stands_there_can_be_read_and_shown(headers, value):
    stranger: Any = LogRecord(0, 1, 5, None, value, tuple(headers))
    found = read_record(stranger)
    assert found.place == (0, 1)
    texts = [part for part in found if isinstance(part, str)]
    assert all(text.isprintable() for text in texts)
    if isinstance(found, Letter):
        survey = LetterSurvey([found], {}, {}, {})
        fault = fault_at(value or b"", found.reason, found.field)
        lines = [list_line(found, survey), *letter_lines(found, value or b"", survey, fault)]
        assert all(char.isprintable() or char == "\t" for line in lines for char in line)
        assert json.loads(json.dumps(document(found, survey)))["place"] == "0:1"
    names = {"reason", "redriven", "origin"}
    if not names & {name for name, _ in headers}:
        assert isinstance(found, Letter)
        assert (found.reason, found.origin, found.size) == ("unknown", None, len(value or b""))


@pytest.mark.parametrize("corrected", [False, True])
def test_a_note_is_read_back_and_looks_like_a_letter_to_others(corrected):
    headers = note_headers(letter(), "orders:3:8", "live-orders", corrected=corrected)
    note = read_record(LogRecord(2, 9, 12, b"orders:1:5", b"", tuple(headers)))
    want = ((2, 9), 12, "dead-letters:2:7", ("orders", 1, 5), "orders:3:8", corrected)
    assert isinstance(note, Note)
    assert note == want
    told = dict(headers)
    assert (told["reason"], told["origin-ts-ms"]) == (b"redriven", b"9")
    assert (told["ce_source"], told["ce_id"]) == (b"/worksteal/live-orders", b"orders:3:8")
    assert "redriven" not in {*RecordRefusal, WRONG_TOPIC}


def test_letters_and_notes_have_the_headers_that_the_reference_names():
    told = HEADERS[DEAD_LETTERS]
    wrote = DeadLetter(("orders", 1), 5, 9, b"x", "bad_id", "account").headers("orders")
    assert [name for name, _ in wrote] == [info.name for info in told if info.always]
    assert (
        read_record(LogRecord(2, 7, 11, b"k", b"x", tuple(wrote)))[:7]
        == letter(reason="bad_id", field="account")[:7]
    )
    note = note_headers(letter(), "orders:3:8", "orders", corrected=True)
    assert [name for name, _ in note] == [info.name for info in NOTE]
    fixed = {info.name: info.value.encode() for info in NOTE if info.value is not None}
    assert fixed.items() <= dict(note).items()
    back = prepare(
        letter(encode(entry()), traceparent=TRACE.decode()), encode(entry()), None, PARTITIONS
    )
    assert [name for name, _ in back.headers] == [info.name for info in HEADERS[ORDERS]]


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**18 - 1))
def test_places_are_read_back(partition, offset):
    text = place_text((partition, offset))
    assert parse_place(text) == parse_place(f"dead-letters:{text}") == (partition, offset)


@pytest.mark.parametrize("text", ["", "1", "1:", ":1", "a:1", "1:-1", "orders:0:1", "1:2:3", "²:1"])
def test_no_place(text):
    with pytest.raises(DeadLetterError, match="PARTITION:OFFSET"):
        parse_place(text)


@pytest.mark.parametrize("account", [f"acct-{n}" for n in range(20)])
def test_an_account_event_goes_where_producers_send_its_account(account):
    going = ready(encode(entry(account)), corrected=True)
    theirs = DefaultPartitioner()(account.encode(), list(range(5)), list(range(5)))
    assert (going.topic, going.partition, going.key) == ("orders", theirs, account.encode())
    kept = ready(encode(entry(account)), keep_partition=True)
    assert (kept.partition, kept.key) == (1, account.encode())


def test_the_record_says_whence_it_comes_and_keeps_its_trace():
    one = letter(encode(entry()), traceparent=TRACE.decode(), ce_id="x")
    going = prepare(one, encode(entry()), None, PARTITIONS)
    assert going.headers == [
        ("traceparent", TRACE),
        ("redriven-from", b"dead-letters:2:7"),
        ("redriven-original", b"orders:1:5"),
    ]
    assert ("traceparent", TRACE) not in ready(encode(entry())).headers


@given(st.binary(max_size=60), st.sampled_from([topic.name for topic in INBOUND]))
def test_what_goes_back_without_force_is_not_refused(value, topic):
    one = letter(value, origin=f"{topic}:1:5")
    assert refusal_of(topic, value) is not None
    with pytest.raises(DeadLetterError, match="would come straight back"):
        prepare(one, value, None, PARTITIONS)
    forced = prepare(one, value, None, PARTITIONS, RedriveOptions(force=True))
    assert (forced.topic, forced.partition, forced.key, forced.value) == (topic, 1, None, value)


def test_what_a_stranger_wrote_is_told_so_that_it_moves_no_cursor():
    odd = encode(entry()).replace(b'"v":1', b'"v":1,"\\u001b[2J":1')
    with pytest.raises(DeadLetterError, match="extra_field in \ufffd"):
        ready(odd)
    assert letter(field="x" * 999).field == "x" * 200 + "…"


def test_what_would_come_straight_back_says_what_to_do_first():
    older = encode(entry()).replace(b'"v":1', b'"v":9')
    with pytest.raises(DeadLetterError, match=r"^2:7 would .*newer_version in v\): upgrade first"):
        ready(older)
    with pytest.raises(
        DeadLetterError, match=r"^the record of --with for 2:7 would .*: correct it"
    ):
        ready(b"{", corrected=True)


def test_a_sound_event_on_the_wrong_topic_is_rerouted_when_told():
    snapshot = encode(AccountSnapshot(ts_us=1, account="A1", equity=1.0))
    with pytest.raises(DeadLetterError, match="--reroute to send it to accounts"):
        ready(snapshot)
    going = ready(snapshot, reroute=True)
    assert (going.topic, going.partition, going.key) == ("accounts", partition_of(b"A1", 5), b"A1")
    assert ready(snapshot, force=True).topic == "orders"
    quote = ready(encode(Quote(ts_us=1, symbol="btc/usd", bid=1.0, ask=2.0)), reroute=True)
    assert (quote.topic, quote.key) == ("quotes", b"btc/usd")


def test_a_policy_for_all_goes_back_to_its_partition_and_is_never_rerouted():
    value = encode(PolicySet(ts_us=1, policy={"name": "x"}))
    one = letter(value, origin="accounts:3:1")
    going = prepare(one, value, None, PARTITIONS)
    assert (going.topic, going.partition, going.key) == ("accounts", 3, None)
    with pytest.raises(DeadLetterError, match="worksteal policy set"):
        ready(value, reroute=True)


def test_a_cut_record_never_goes_back_but_a_whole_one_does():
    sound = encode(entry())
    cut = letter(sound, cut_from_bytes="9000000")
    for options in (RedriveOptions(), RedriveOptions(force=True)):
        with pytest.raises(DeadLetterError, match="was cut from 9,000,000"):
            prepare(cut, sound, None, PARTITIONS, options)
    assert prepare(cut, sound, None, PARTITIONS, corrected=True).value == sound


def test_what_was_put_back_needs_force():
    noted = tuple(note_headers(letter(), "orders:3:8", "orders", corrected=True))
    note = read_record(LogRecord(2, 9, 12, None, b"", noted))
    assert isinstance(note, Note)
    with pytest.raises(DeadLetterError, match="already, to orders:3:8: add --force"):
        ready(encode(entry()), note)
    assert ready(encode(entry()), note, force=True)


@pytest.mark.parametrize("origin", ["", "journal:0:1", "x", "orders:1", "nowhere:0:0"])
def test_a_letter_of_no_source_topic_stays(origin):
    sound = encode(entry())
    with pytest.raises(DeadLetterError, match="does not say from which source topic"):
        prepare(letter(sound, origin=origin), sound, None, PARTITIONS, RedriveOptions(force=True))


def test_a_partition_that_is_no_more():
    with pytest.raises(DeadLetterError, match="came from partition 1 of orders"):
        prepare(letter(), b"?", None, {"orders": 1}, RedriveOptions(force=True))


def test_letters_go_back_in_the_order_in_which_they_stood_each_once():
    def one(offset: int, origin: str, at: int) -> Letter:
        return letter(offset=offset, origin=origin, origin_ts_ms=str(at))

    mixed = [one(1, "orders:0:9", 5), one(2, "orders:0:10", 5), one(3, "fills:0:1", 4)]
    twin = one(4, "orders:0:9", 5)
    for letters in ([*mixed, twin], [*reversed(mixed), twin]):
        ordered = in_their_order(letters)
        assert [str(one.origin) for one in ordered] == ["fills:0:1", "orders:0:9", "orders:0:10"]


def test_choices_of_what_does_not_exist_are_mistakes():
    with pytest.raises(DeadLetterError, match="did you mean not_json"):
        wanted(reason="notjson")
    with pytest.raises(DeadLetterError, match="did you mean orders"):
        wanted(topic="order")
    for text in ("yesterday", "10", "10w", "1969-01-01", "-5m"):
        with pytest.raises(TimeError, match="--since"):
            wanted(since=text)


def test_a_choice_takes_what_fits_all_of_it():
    assert wanted().takes(letter(origin=""))
    choice = wanted("not_json", "orders", "1970-01-01T00:00:00.011Z")
    assert choice.takes(letter())
    assert not choice.takes(letter(reason="bad_id"))
    assert not choice.takes(letter(origin="fills:0:1"))
    assert not choice.takes(letter(origin=""))
    assert not choice.takes(letter()._replace(ts_ms=10))


@pytest.mark.parametrize(
    ("text", "ago_ms"), [("5s", 5000), ("10m", 600_000), ("2h", 7_200_000), ("1d", 86_400_000)]
)
def test_since_can_be_how_long_ago(text, ago_ms):
    assert wanted(since=text, now_ms=10**12).since_ms == 10**12 - ago_ms


@given(st.lists(st.sampled_from([0, 1, 6 << 20, 7 << 20]), max_size=40))
def test_letters_are_read_in_bounded_chunks_in_their_order(sizes):
    letters = [letter(offset=n)._replace(size=size) for n, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "CHUNK_LETTERS", 7)
        chunks = [*reading._chunks(letters)]
    assert [one for chunk in chunks for one in chunk] == letters
    for chunk in chunks:
        assert 1 <= len(chunk) <= 7
        assert sum(one.size for one in chunk) <= reading.CHUNK_BYTES


def test_every_reason_has_a_meaning_and_advice():
    assert list(MEANING) == list(ADVICE)
    assert [*RecordRefusal, WRONG_TOPIC, "unknown"] == list(MEANING)


BID = b'{"type":"quote","v":1,"ts_us":1,"symbol":"A","bid":-2.5,"ask":2}'


@pytest.mark.parametrize(
    ("value", "reason", "field", "told"),
    [
        (b"", "not_json", "", "the record is empty"),
        (b'{"a":\n tru}', "not_json", "", "byte 7, line 2: expecting value"),
        ('{"ä": x}'.encode(), "not_json", "", "byte 7, line 1: expecting value"),
        (b'{"a":"\xff"}', "not_json", "", "byte 6: 0xff is no UTF-8 there"),
        (b"[1]", "not_json", "", "it is JSON, but no object"),
        (b'"\\ud800"', "not_json", "", "it is JSON, but no object"),
        (b'{"a":"\\ud800"}', "not_json", "", "a text has half a surrogate pair, which is no UTF-8"),
        (BID, "negative_number", "bid", "field bid, at byte 45: -2.5"),
        (b"{}", "missing_field", "v", "field v: it is not there"),
        (b'{"a":1,"a":2}', "duplicate_key", "a", "field a: at bytes 1 and 7"),
        (b'{"p":[{"qty":0}]}', "zero_number", "p.0.qty", "field p.0.qty, at byte 7: 0"),
        (b"[[[", "too_deep", "", ""),
        (b"x", "oversize", "", ""),
        (b"?", "from_the_future", "x", "field x"),
        (b'{"a":1}', "bad_id", "a.b", "field a.b"),
    ],
)
def test_where_the_fault_is(value, reason, field, told):
    assert fault_at(value, reason, field) == told


@given(st.binary(max_size=200), st.sampled_from(list(MEANING)), st.text(max_size=10))
def test_looking_for_the_fault_never_fails(value, reason, field):
    assert isinstance(fault_at(value, reason, field), str)


@given(st.binary(max_size=9000))
def test_what_is_shown_moves_no_cursor(value):
    for line in shown(value):
        assert all(char.isprintable() or char == "\t" for char in line)


@given(st.binary(min_size=1, max_size=4096).filter(lambda value: not is_plain(value)))
def test_a_dump_has_every_byte(value):
    assert b"".join(bytes.fromhex(line[10:57]) for line in shown(value)) == value


def test_text_is_shown_as_text_and_a_long_dump_says_what_is_missing():
    assert shown('{"a":"é"}\n1'.encode()) == ['{"a":"é"}', "1"]
    assert shown(b"\x1b[2J")[0].startswith("00000000  1b 5b 32 4a ")
    assert shown(bytes(5000))[-1] == "… 904 bytes more; --raw writes all of them"
    assert shown(b"x" * 4096 * 16) == ["x" * 4096 * 16]
    assert shown("é".encode() * 70_000)[1:] == ["… 8,928 bytes more; --raw writes all of them"]
