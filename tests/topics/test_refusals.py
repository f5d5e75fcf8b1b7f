"""Goal: a bad record is refused with the right name, a good one never, and nothing ever raises.

Method: a table with a line for each fault, in the order of precedence; then every pair of faults
in one record; then records bent at random, over which the fast path and the ladder must agree.
"""

import itertools
import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.topics.examples import EVENTS
from topics import codec
from topics.codec import decode_event, encode
from topics.events import EVENT_TYPES, AccountSnapshot
from topics.limits import DEPTH_MAX, RECORD_BYTES_MAX
from topics.refusals import FIELD_CHARS_MAX, RecordRefusal, Refused, why_refused

NAN, INF = math.nan, math.inf

GOOD: dict[str, dict[str, Any]] = {
    str(type(event).__struct_config__.tag): json.loads(encode(event)) for event in EVENTS
}


def record(kind: str = "fill", /, **changes: Any) -> bytes:
    """Write a good record with some fields changed; `...` drops one."""
    body = {**GOOD[kind], **changes}
    return json.dumps({key: value for key, value in body.items() if value is not ...}).encode()


def after(raw: bytes, more: str) -> bytes:
    """Write a record with more text behind its last field."""
    return raw[:-1] + b"," + more.encode() + b"}"


POSITION = {"symbol": "AAPL", "qty": 1.0, "price": 2.0}
LONG = "x" * RECORD_BYTES_MAX
DEEP = {"a": [[[[[[[1]]]]]]]}


# fmt: off
TABLE = [
    # reason             in field               the record
    ("oversize",        "",                     record(text=LONG)),
    ("oversize",        "",                     b" " * (RECORD_BYTES_MAX + 1)),
    ("too_deep",        "",                     record("policy.set", policy=DEEP)),
    ("too_deep",        "",                     b"[" * (DEPTH_MAX + 1)),
    ("too_deep",        "",                     b'{"\\"[[": ' + b"[" * DEPTH_MAX),
    ("not_json",        "",                     b""),
    ("not_json",        "",                     b"\0"),
    ("not_json",        "",                     b"null"),
    ("not_json",        "",                     b"[]"),
    ("not_json",        "",                     b"1,2,3"),
    ("not_json",        "",                     record()[:-1]),
    ("not_json",        "",                     record() + b"x"),
    ("not_json",        "",                     record() + record()),
    ("not_json",        "",                     b"\xef\xbb\xbf" + record()),
    ("not_json",        "",                     record(fill="\xff").replace(b"\\u00ff", b"\xff")),
    ("not_json",        "",                     record("order.rejected", text="\ud800")),
    ("not_json",        "",                     record(**{"\udcff": 1})),
    ("not_json",        "",                     record(price=7).replace(b"7", b"07")),
    ("not_json",        "",                     record(price="9").replace(b'"9"', b"9" * 5000)),
    ("duplicate_key",   "qty",                  after(record(), '"qty": 9')),
    ("duplicate_key",   "qty",                  after(record(), '"q\\u0074y": 9')),
    ("duplicate_key",   "type",                 after(record(), '"type": "fill"')),
    ("duplicate_key",   "v",                    after(record(), '"v": 1')),
    ("duplicate_key",   "qty",                  after(record(v=...), '"qty": 9')),
    ("duplicate_key",   "a", after(record("policy.set", policy=...), '"policy": {"a":1, "a":1}')),
    ("duplicate_key",   "equity",
        after(record("account.snapshot", positions=...), '"equity": 9')),
    ("duplicate_key",   "orders",
        after(record("account.snapshot", positions=...), '"orders": []')),
    ("unknown_type",    "type",                 record(type=...)),
    ("unknown_type",    "type",                 record(type="trade")),
    ("unknown_type",    "type",                 record(type="Fill")),
    ("unknown_type",    "type",                 record(type=None)),
    ("unknown_type",    "type",                 record(type=["fill"])),
    ("unknown_type",    "type",                 b"{}"),
    ("newer_version",   "v",                    record(v=2)),
    ("newer_version",   "v",                    record(v=10**30)),
    ("missing_field",   "v",                    record(v=...)),
    ("missing_field",   "v",                    record(v=..., account="a:b")),
    ("missing_field",   "v",                    record("policy.set", v=..., policy={"v": 1})),
    ("missing_field",   "ts_us",                record(ts_us=...)),
    ("missing_field",   "account",              record(account=...)),
    ("missing_field",   "positions.0.qty",
        record("account.snapshot", positions=[{"symbol": "A", "price": 1}])),
    ("extra_field",     "price2",               record(price2=1)),
    ("extra_field",     "1",                    record(**{"1": 1})),
    ("extra_field",     "positions.0.type",
        record("account.snapshot", positions=[POSITION | {"type": "fill"}])),
    ("wrong_type",      "v",                    record(v=0)),
    ("wrong_type",      "v",                    record(v=True)),
    ("wrong_type",      "v",                    record(v=1.0)),
    ("wrong_type",      "v",                    record(v="2")),
    ("wrong_type",      "ts_us",                record(ts_us=1.0)),
    ("wrong_type",      "ts_us",                record(ts_us=-0.5)),
    ("wrong_type",      "ts_us",                record(ts_us="1522800000000000")),
    ("wrong_type",      "account",              record(account=7)),
    ("wrong_type",      "account",              record(account=None)),
    ("wrong_type",      "side",                 record(side="hold")),
    ("wrong_type",      "side",                 record(side="` - at `$.price`")),
    ("wrong_type",      "price",                record(price="416.15")),
    ("wrong_type",      "price",                record(price=True)),
    ("wrong_type",      "price",                record(price=None)),
    ("wrong_type",      "price",                record(price=[])),
    ("wrong_type",      "force",                record("entry.requested", force=1)),
    ("wrong_type",      "rank",                 record("entry.requested", rank=1.5)),
    ("wrong_type",      "text",                 record("order.rejected", text="x" * 501)),
    ("wrong_type",      "policy",               record("policy.set", policy=[])),
    ("wrong_type",      "positions",            record("account.snapshot", positions=None)),
    ("wrong_type",      "positions.1",          record("account.snapshot", positions=[POSITION, 1])),
    ("wrong_type",      "orders",               record("account.snapshot", orders=["a"] * 2001)),
    ("not_a_number",    "price",                record(price=NAN)),
    ("not_a_number",    "ts_us",                record(ts_us=NAN)),
    ("not_a_number",    "account",              record(account=NAN)),
    ("not_a_number",    "policy.a.0",           record("policy.set", policy={"a": [NAN]})),
    ("not_a_number",    "positions.0.price",
        record("account.snapshot", positions=[POSITION | {"price": NAN}])),
    ("infinite_number", "price",                record(price=INF)),
    ("infinite_number", "fee",                  record(fee=-INF)),
    ("infinite_number", "qty",                  record(qty="9").replace(b'"9"', b"1e400")),
    ("infinite_number", "policy.a",             record("policy.set", policy={"a": INF})),
    ("negative_number", "price",                record(price=-1)),
    ("negative_number", "qty",                  record(qty=-0.1)),
    ("negative_number", "ts_us",                record(ts_us=-1)),
    ("negative_number", "bid_size",             record("quote", bid_size=-1e-9)),
    ("negative_number", "tolerance",            record("entry.requested", tolerance=-0.1)),
    ("negative_number", "positions.0.price",
        record("account.snapshot", positions=[POSITION | {"price": -1}])),
    ("zero_number",     "price",                record(price=0)),
    ("zero_number",     "price",                record(price=-0.0)),
    ("zero_number",     "qty",                  record(qty="9").replace(b'"9"', b"1e-400")),
    ("zero_number",     "rank",                 record("entry.requested", rank=0)),
    ("absurd_number",   "price",                record(price=1.1e9)),
    ("absurd_number",   "price",                record(price=10**400)),
    ("absurd_number",   "fee",                  record(fee=-2e12)),
    ("absurd_number",   "ts_us",                record(ts_us=10**18)),
    ("absurd_number",   "rank",                 record("entry.requested", rank=10_001)),
    ("absurd_number",   "tolerance",            record("entry.requested", tolerance=11)),
    ("absurd_number",   "positions.0.qty",
        record("account.snapshot", positions=[POSITION | {"qty": -2e12}])),
    ("bad_id",          "account",              record(account="")),
    ("bad_id",          "account",              record(account="a b")),
    ("bad_id",          "account",              record(account="a\n")),
    ("bad_id",          "account",              record(account="x" * 65)),
    ("bad_id",          "fill",                 record(fill="é")),
    ("bad_id",          "order",                record(order=".hidden")),
    ("bad_id",          "entry",                record("entry.withdrawn", entry="a\0b")),
    ("bad_id",          "symbol",               record("quote", symbol="BTC USD")),
    ("bad_id",          "orders.1",             record("account.snapshot", orders=["a", ""])),
    ("bad_id",          "positions.0.symbol",
        record("account.snapshot", positions=[POSITION | {"symbol": "$"}])),
]
# fmt: on

REASONS = [reason.value for reason in RecordRefusal]


@pytest.mark.parametrize(
    ("reason", "field", "raw"),
    TABLE,
    ids=[f"{n}-{reason}-{field}" for n, (reason, field, _) in enumerate(TABLE)],
)
def test_refused_by_name_with_the_exact_bytes(reason: str, field: str, raw: bytes):
    refused = decode_event(raw)
    assert refused == Refused(RecordRefusal(reason), field, raw)
    assert why_refused(raw) == refused
    assert str(refused) == (f"{reason} in {field}" if field else reason)


def test_the_table_has_every_reason_in_order_of_precedence():
    seen = list(dict.fromkeys(reason for reason, _, _ in TABLE))
    assert seen == REASONS


# ---- precedence ----

IN_A_FIELD: dict[str, dict[str, Any]] = {
    "too_deep": {"deep": DEEP},
    "unknown_type": {"type": "trade"},
    "newer_version": {"v": 2},
    "missing_field": {"ts_us": ...},
    "extra_field": {"zz": 1},
    "wrong_type": {"side": "hold"},
    "bad_id": {"account": "a b"},
}
IN_A_NUMBER = {
    "not_a_number": NAN,
    "infinite_number": INF,
    "negative_number": -1,
    "zero_number": 0,
    "absurd_number": 1e13,
}


def with_faults(*reasons: str, turned: bool) -> bytes:
    """Write a record with these faults; `turned` writes its fields in the opposite order."""
    body = dict(GOOD["fill"])
    numbers = iter(("price", "qty"))
    for reason in reasons:
        body |= IN_A_FIELD.get(reason, {})
        if reason in IN_A_NUMBER:
            body[next(numbers)] = IN_A_NUMBER[reason]
    shown = [(key, value) for key, value in body.items() if value is not ...]
    raw = json.dumps(dict(reversed(shown) if turned else shown)).encode()
    if "duplicate_key" in reasons:
        raw = after(raw, '"order": "o"')
    if "oversize" in reasons:
        raw += b" " * RECORD_BYTES_MAX
    return raw[:-1] if "not_json" in reasons else raw


@pytest.mark.parametrize("reason", REASONS)
def test_one_fault_gets_its_reason(reason: str):
    """The pairs below prove nothing unless each fault alone is what it is called."""
    refused = decode_event(with_faults(reason, turned=False))
    assert isinstance(refused, Refused)
    assert refused.reason == reason


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(REASONS, 2)])
def test_of_two_faults_the_earlier_is_named(first: str, second: str, turned: bool):
    refused = decode_event(with_faults(first, second, turned=turned))
    assert isinstance(refused, Refused)
    assert refused.reason == first


def test_of_two_faults_in_lists_the_earlier_is_named():
    positions = [POSITION | {"symbol": "$"}, POSITION | {"price": -1}, POSITION | {"qty": "1"}]
    refused = decode_event(record("account.snapshot", positions=positions, orders=["", "b"]))
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.field) == (RecordRefusal.WRONG_TYPE, "positions.2.qty")


# ---- what must pass ----


@pytest.mark.parametrize("kind", GOOD)
def test_good_records_pass_however_they_are_spaced(kind: str):
    event = next(event for event in EVENTS if type(event).__struct_config__.tag == kind)
    for separators in [(",", ":"), (", ", ": "), (" ,\n", " :\t")]:
        assert decode_event(json.dumps(GOOD[kind], separators=separators).encode()) == event


@pytest.mark.parametrize(
    "raw",
    [
        record(account="a:b:c"),
        record("order.rejected", text="::: {[{[{[{[{[{["),
        record("order.rejected", text='\\"[[[[[[[[[[['),
        record("quote", bid_size=0),
        record(fee=0, price=10**9, qty=1e12, ts_us=0),
        record("account.snapshot", equity=-1e12, positions=[], orders=[]),
        record("account.snapshot", positions=[POSITION | {"qty": 0}], orders=None),
        record("policy.set", policy={}, account=None),
        record("policy.set", policy={"a": [[[[[[1]]]]]], "b": []}),
        record("account.snapshot", positions=[POSITION] * 20),
        record("entry.requested", pnl=None, rank=None, force=False, mode="normal"),
        record() + b" \r\n\t",
    ],
)
def test_unusual_but_good_records_pass(raw: bytes):
    assert not isinstance(decode_event(raw), Refused)


def test_a_record_of_exactly_the_largest_size_passes():
    for raw in [record(), record(account="by:the:ladder")]:
        full = raw + b" " * (RECORD_BYTES_MAX - len(raw))
        assert not isinstance(decode_event(full), Refused)


def test_the_ordinary_record_does_not_walk_the_ladder(monkeypatch: pytest.MonkeyPatch):
    """The ladder costs fifteen times the fast path; a benchmark would tell later than this."""
    monkeypatch.delattr(codec, "why_refused")
    for separators in [(",", ":"), (", ", ": ")]:
        for kind in ["quote", "fill", "order.accepted", "order.cancelled", "forecast"]:
            assert not isinstance(
                decode_event(json.dumps(GOOD[kind], separators=separators).encode()), Refused
            )


def test_a_long_key_is_cut_where_it_is_named():
    """It goes into a header of the dead letter."""
    refused = decode_event(record(**{"é" * 5000: 1}))
    assert isinstance(refused, Refused)
    assert refused.field == "é" * FIELD_CHARS_MAX


def test_every_list_of_structs_or_ids_is_searched_for_its_worst_fault():
    """`refusals._ELEMENTS` names these two; a third needs a line there."""
    lists = {
        field.encode_name
        for kind in EVENT_TYPES
        for field in msgspec.structs.fields(kind)
        if "list[" in str(field.type)
    }
    assert lists == {"positions", "orders"}
    assert {"positions", "orders"} <= {f.name for f in msgspec.structs.fields(AccountSnapshot)}


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("optional", [True, False], ids=["full", "bare"])
def test_no_key_may_stand_twice_with_any_other_left_out(kind: str, optional: bool):
    """The fast path counts keys; one that is missing must never pay for one that is doubled."""
    model = next(type(event) for event in EVENTS if type(event).__struct_config__.tag == kind)
    keep = {f.encode_name for f in msgspec.structs.fields(model) if optional or f.required}
    body = {key: GOOD[kind][key] for key in GOOD[kind] if key in {"type", "v"} | keep}
    for doubled, dropped in itertools.product(body, [None, *body]):
        if doubled != dropped:
            left = {key: value for key, value in body.items() if key != dropped}
            raw = after(
                json.dumps(left).encode(), f"{json.dumps(doubled)}:{json.dumps(body[doubled])}"
            )
            refused = decode_event(raw)
            assert isinstance(refused, Refused), (doubled, dropped)
            assert refused.reason == RecordRefusal.DUPLICATE_KEY


# ---- records bent at random ----

VALUES: list[Any] = [
    *(0, -0.0, 1, -1, 1.5, 2, 1e9, 1e300, 10**30, NAN, INF, -INF, True, False, None),
    *("", "a", "a:b", "v", '"v":1', "\ud800", "x" * 70, "buy", [], {}, [1], [[]]),
    *({"v": 1}, {"a": NAN}, [POSITION], [POSITION | {"v": 1}], ["a", "a:b"]),
]
KEYS = [*sorted({key for body in GOOD.values() for key in body}), "", "1", '"v', "V", "zz"]


@st.composite
def bent_records(draw: st.DrawFn) -> bytes:
    """A good record after a few drops, swaps, additions and doubled keys, then byte edits."""
    pairs = list(draw(st.sampled_from(list(GOOD.values()))).items())
    for _ in range(draw(st.integers(0, 3))):
        index = draw(st.integers(0, len(pairs) - 1))
        key, value = draw(st.sampled_from(KEYS)), draw(st.sampled_from(VALUES))
        match draw(st.sampled_from(["drop", "value", "key", "add", "double", "drop v", "swap"])):
            case "drop" if len(pairs) > 1:
                del pairs[index]
            case "drop v":
                pairs = [pair for pair in pairs if pair[0] != "v"] or pairs
            case "value":
                pairs[index] = (pairs[index][0], value)
            case "key":
                pairs[index] = (key, pairs[index][1])
            case "add":
                pairs.insert(index, (key, value))
            case "double":
                pairs.append(pairs[index])
            case _:
                pairs[index], pairs[0] = pairs[0], pairs[index]
    colon = draw(st.sampled_from([":", ": ", " :"]))
    raw = ("{" + ",".join(json.dumps(k) + colon + json.dumps(v) for k, v in pairs) + "}").encode()
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(raw)))
        cut = draw(st.integers(0, 2))
        raw = raw[:at] + draw(st.binary(max_size=2)) + raw[at + cut :]
    return raw


def decodes(raw: bytes) -> bool:
    try:
        codec._event_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def check_agreement(raw: bytes) -> None:
    result, why = decode_event(raw), why_refused(raw)
    assert isinstance(result, Refused) == (why is not None or not decodes(raw))
    if isinstance(result, Refused):
        assert result == why, "the ladder has a name for everything that does not decode"
        assert result.raw == raw
        result.field.encode()
    else:
        assert decode_event(encode(result)) == result


@settings(max_examples=1500, deadline=None)
@given(bent_records())
@example(record(v=...)[:-1] + b', "qty": 3.0}')
@example(record(v=..., account="a:b"))
@example(record("policy.set", v=..., account=..., policy={"v": 1}))
@example(record("policy.set", policy={"1": NAN}))
@example(record(**{"1": NAN}))
@example(record("account.snapshot", positions=[POSITION | {"v": 1}], v=...))
def test_fast_path_and_ladder_agree_on_bent_records(raw: bytes):
    check_agreement(raw)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ v1e-.nulltrue\n').map(str.encode))
def test_fast_path_and_ladder_agree_on_garbage(raw: bytes):
    check_agreement(raw)


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=20,
    )
)
def test_fast_path_and_ladder_agree_on_any_policy(value: Any):
    check_agreement(record("policy.set", policy={"a": value}))
    check_agreement(json.dumps(value).encode())
