"""Whatever stands in a file or a frame: a market that keeps its promises, or one sentence."""

from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.market import (
    ColumnMap,
    Market,
    MarketError,
    market_from_frame,
    read_columns,
    read_market,
)
from tests.lazily import lazily
from tests.streams.market.foreign_files import EXAMPLES, frame_of, write_feather, write_parquet

pd = lazily("pandas")

KINDS = {
    "trades": {"time": "t", "symbol": "s", "open": "o", "high": "h", "low": "l", "close": "c"},
    "ticks": {"time": "t", "symbol": "s", "bid": "l", "ask": "h", "bid_size": "o"},
}
TIMES = [f"2018-04-04T00:{minute:02}:00Z" for minute in range(6)]

good_times = st.sampled_from(TIMES)
cells = (
    st.sampled_from(
        ["1", "2", "3.5", "0", "-1", "", " ", "nan", "inf", "1e400", "1_0", "٣", "0x1", '"', "\0"]
    )
    | st.sampled_from(["2018-04-04", "1522800000", "9" * 30, "24:00", "2018-04-04T00:00+99:99"])
    | st.text(max_size=4)
)
good_rows = st.tuples(good_times, st.sampled_from(["AAA", "BBB"]), *[st.sampled_from("123")] * 4)


@st.composite
def tables(draw, odd):
    """Draw sound rows in order of time, and put something odd into a few cells."""
    rows = [list(row) for row in draw(st.lists(good_rows, min_size=1, max_size=6))]
    rows.sort(key=lambda row: row[0])
    for row in rows:
        row[3] = str(max(map(int, row[2:6])))
        row[4] = str(min(map(int, row[2:6])))
    for _ in range(draw(st.integers(0, 2))):
        draw(st.sampled_from(rows))[draw(st.integers(0, 5))] = draw(odd)
    return rows


maps = st.builds(
    lambda kind, **values: ColumnMap(kind=kind, columns=KINDS[kind], **values),
    st.sampled_from(sorted(KINDS)),
    time=st.sampled_from(["iso", "iso", "iso", "s", "ns"]),
    zone=st.sampled_from([None, "UTC", "America/New_York"]),
    bar=st.sampled_from([None, "1m"]),
)


def check(market: Market) -> None:
    """The promises of a market."""
    assert len(market.quotes) > 0
    assert len(market.bars) > 0
    assert all(0 < quote.bid <= quote.ask <= 1e9 for quote in market.quotes)
    assert all(a.ts_us <= b.ts_us for a, b in pairwise(market.quotes))
    assert all((a.end_us, a.symbol) < (b.end_us, b.symbol) for a, b in pairwise(market.bars))
    for bar in market.bars:
        assert bar.bid_low <= bar.ask_low
        assert bar.bid_high <= bar.ask_high
        assert bar.bid_low <= bar.bid_high
        assert bar.start_us < bar.end_us
    assert {bar.symbol for bar in market.bars} == set(market.symbols)
    assert {quote.symbol for quote in market.quotes} == set(market.symbols)


def said(read) -> str | None:
    """Return what a reader complains of, in one sentence."""
    try:
        made = read()
    except MarketError as error:
        told = str(error)
        assert told.endswith(".")
        assert "\n" not in told
        assert len(told) < 600
        return told
    if isinstance(made, Market):
        check(made)
    return None


@given(tables(cells), maps, st.sampled_from([",", ";"]))
@settings(max_examples=300)
def test_any_csv(rows, mapping, delimiter):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "day.csv"
        lines = ["t,s,o,h,l,c".replace(",", delimiter), *map(delimiter.join, rows)]
        path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
        mapping = mapping.model_copy(update={"delimiter": delimiter})
        said(lambda: read_market([path], mapping))


def test_the_drawn_tables_are_read_and_refused():
    """A fuzz that is always refused would show nothing."""
    seen: set[bool] = set()

    @given(tables(cells), maps)
    def draw(rows, mapping):
        frame = pd.DataFrame(rows, columns=list("tsohlc"), dtype=object)
        seen.add(said(lambda: market_from_frame(frame, mapping)) is None)

    draw()
    assert seen == {True, False}


odd_values: st.SearchStrategy[Any] = (
    cells
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.datetimes()
    | st.dates()
    | st.timezones().flatmap(lambda zone: st.datetimes(timezones=st.just(zone)))
    | st.binary(max_size=3)
    | st.decimals()
    | st.just(pd.NA)
    | st.just(pd.NaT)
    | st.builds(list)
    | st.complex_numbers()
    | st.just(np.float32(2))
    | st.just(np.datetime64("2018-04-04"))
)


@given(tables(odd_values), maps)
@settings(max_examples=300)
def test_any_frame_of_objects(rows, mapping):
    frame = pd.DataFrame(rows, columns=list("tsohlc"), dtype=object)
    said(lambda: market_from_frame(frame, mapping))
    said(lambda: market_from_frame(frame.infer_objects(), mapping))


dtypes = st.sampled_from(
    [
        "int8",
        "uint64",
        "float16",
        "float64",
        "bool",
        "complex128",
        "datetime64[s]",
        "datetime64[ns]",
        "timedelta64[ns]",
        "datetime64[D]",
        "datetime64[Y]",
        "datetime64[ps]",
        "S3",
        "U3",
        "V2",
    ]
)


@given(st.lists(st.tuples(st.sampled_from("tsohlc"), dtypes), max_size=2), maps, st.binary(min_size=48, max_size=48))  # fmt: skip
@settings(max_examples=300)
def test_any_arrays(odd, mapping, noise):
    frame = {
        "t": np.array(["2018-04-04T00:00", "2018-04-04T00:01"], "datetime64[us]"),
        "s": np.array(["A", "A"]),
    } | {name: np.array([2.0, 2.0]) for name in "ohlc"}
    for name, kind in odd:
        made = np.dtype(kind)
        frame[name] = np.frombuffer(noise[: 2 * made.itemsize], made)

    class Frame(dict):
        """Bare arrays under names."""

        def __getitem__(self, name):
            return pd_like(frame[name])

    with np.errstate(all="ignore"):
        said(lambda: market_from_frame(Frame(), mapping))


def pd_like(array):
    return type("Column", (), {"to_numpy": lambda self: array, "dtype": array.dtype})()


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_mapping(body):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "map.yaml"
        path.write_bytes(body)
        said(lambda: read_columns(path))


@given(
    st.sampled_from([b"PAR1", b"ARROW1", b"worksteal recording ", b"worksteal recording 1\n", b""]),
    st.binary(max_size=200),
)
def test_any_bytes(magic, body):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "day"
        path.write_bytes(magic + body + magic)
        assert said(lambda: read_market([path])) is not None
        mapping = ColumnMap(kind="ticks", columns=KINDS["ticks"])
        assert said(lambda: read_market([path], mapping)) is not None


@pytest.mark.parametrize("write", [write_parquet, write_feather])
def test_damaged_files_of_columns(tmp_path, write):
    """Also where the damage makes pyarrow look outside the file."""
    body = write(frame_of(EXAMPLES / "nyse-hourly-2018-04-04.csv"), tmp_path / "day").read_bytes()
    draw, told = Random(3), 0
    for number in range(200):
        damaged = bytearray(body)
        damaged[draw.randrange(len(body))] = draw.randrange(256)
        cut = draw.randrange(len(body)) if number % 4 == 0 else len(body)
        (tmp_path / "bad").write_bytes(damaged[:cut])
        told += said(lambda: read_market([tmp_path / "bad"])) is not None
    assert 50 <= told < 200
