"""Every complaint about mapped data, by its sentence: file, row, field, what to do."""

import sys

import pytest

from streams.market import ColumnMap, MarketError, market_from_frame, read_market
from tests.lazily import lazily
from tests.streams.market.files import write

pd, pa = lazily("pandas"), lazily("pyarrow")
parquet = lazily("pyarrow.parquet")

COLUMNS = {"time": "t", "high": "h", "low": "l", "close": "c", "volume": "v", "symbol": "s"}
HEADER = "x,t,s,h,l,c,v"


def mapped(**values: object) -> ColumnMap:
    return ColumnMap(kind="trades", **{"columns": COLUMNS} | values)


def row(minute: int, **values: str) -> str:
    cells = {"t": f"2018-04-04T00:{minute:02}:00Z", "s": "BTCUSD", "h": "3", "l": "1", "c": "2"}
    return ",".join(({"x": ""} | cells | {"v": "5"} | values).values())


def told_of(path, mapping=None) -> str:
    with pytest.raises(MarketError) as caught:
        read_market([path], mapping or mapped())
    return str(caught.value)


FIX = "; correct or remove the row."
OR_MAPPING = "; correct the row, or `time` in the mapping."
CELLS = [
    ("h", "abc", f"field high (column 'h'): 'abc' is not a number{FIX}"),
    ("h", "", f"field high (column 'h'): '' is not a number{FIX}"),
    ("h", "nan", f"field high (column 'h'): it is empty or not a number{FIX}"),
    ("h", "1_0", f"field high (column 'h'): '1_0' is not a number{FIX}"),
    ("h", "inf", f"field high (column 'h'): 'inf' is not a finite number{FIX}"),
    ("l", "-1", f"field low (column 'l'): '-1' is negative{FIX}"),
    ("l", "0", f"field low (column 'l'): a price cannot be zero{FIX}"),
    ("c", "2e9", f"field close (column 'c'): '2e9' is beyond the limit of 1e+09{FIX}"),
    ("h", "0.5", f"field high (column 'h'): the high 0.5 is below the low 1{FIX}"),
    ("v", "-3", f"field volume (column 'v'): '-3' is negative{FIX}"),
    ("s", "B T", "field symbol (column 's'): 'B T' is not a symbol such as BTCUSD or AAPL; correct the row."),
    ("t", "noon", f"field time (column 't'): 'noon' is not a time such as 2018-04-04T00:00:00Z{OR_MAPPING}"),
    ("t", "1969-01-01T00:00Z", f"field time (column 't'): '1969-01-01T00:00Z' is not between 1970 and 2100{OR_MAPPING}"),
    (
        "t",
        "2018-04-04T00:02",
        "field time (column 't'): '2018-04-04T00:02' names no time zone; say `zone: UTC` or another one in the mapping.",
    ),
    (
        "t",
        "2018-04-04T00:00:00Z",
        ("field time (column 't'): 2018-04-04T00:00:00Z is before 2018-04-04T00:01:00Z of an earlier row of BTCUSD; "
        "sort the rows by time."),
    ),
    (
        "t",
        "2018-04-04T00:01:00Z",
        "field time (column 't'): BTCUSD has a bar at 2018-04-04T00:01:00Z already; keep one of the two rows.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("column", "cell", "told"), CELLS)
def test_a_bad_cell_is_told_with_its_line(tmp_path, column, cell, told):
    path = write(tmp_path, HEADER, row(0), "", row(1), row(2, **{column: cell}), row(3))
    assert told_of(path) == f"{path} line 5, {told}"


@pytest.mark.parametrize(("column", "cell", "told"), CELLS)
def test_a_bad_cell_is_told_with_its_row(tmp_path, column, cell, told):
    lines = [row(0), row(1), row(2, **{column: cell}), row(3)]
    frame = pd.DataFrame([line.split(",") for line in lines], columns=HEADER.split(","))
    path = tmp_path / "day"
    parquet.write_table(pa.Table.from_pandas(frame), path)
    assert told_of(path) == f"{path} row 3, {told}"
    with pytest.raises(MarketError) as caught:
        market_from_frame(frame, mapped(), name="my frame")
    assert str(caught.value) == f"my frame row 3, {told}"


def frame_with(column: str, values: list, **mapping) -> str:
    frame = pd.DataFrame(
        {"t": pd.date_range("2018-04-04", periods=3, freq="min", tz="UTC"), "s": "BTCUSD"}
        | {"h": 3.0, "l": 1.0, "c": 2.0, "v": 1.0}
        | {column: values}
    )
    with pytest.raises(MarketError) as caught:
        market_from_frame(frame, mapped(**mapping))
    return str(caught.value)


FRAMES = [
    ("h", [3, None, 3], f"frame row 2, field high (column 'h'): it is empty or not a number{FIX}"),
    ("h", [3, -1, 3], f"frame row 2, field high (column 'h'): -1 is negative{FIX}"),
    ("h", [True, True, True], f"frame row 1, field high (column 'h'): True is not a number{FIX}"),
    ("h", [3, True, "x"], f"frame row 2, field high (column 'h'): True is not a number{FIX}"),
    ("h", [3, [], 3], f"frame row 2, field high (column 'h'): [] is not a number{FIX}"),
    ("h", [3, 10**400, 3], "frame row 2, field high (column 'h'): "),
    ("s", ["A", None, "A"], "frame row 2, field symbol (column 's'): "),
    ("s", [1, 2, 3], "frame row 1, field symbol (column 's'): 1 is not a symbol"),
    ("s", ["A", ["A"], "A"], "frame row 2, field symbol (column 's'): "),
    ("t", [1, 2, 3], "frame row 1, field time (column 't'): the times are numbers; say `time: s`"),
    ("t", [None, None, None], "frame row 1, field time (column 't'): "),
    (
        "t",
        pd.to_datetime(["2018-04-04T00:00Z", None, "2018-04-04T00:02Z"]),
        "frame row 2, field time (column 't'): it is empty; correct or remove the row.",
    ),
    (
        "t",
        pd.to_datetime(["2018-04-04", "2018-04-05", "2018-04-06"]),
        "frame row 1, field time (column 't'): 2018-04-04 00:00:00 names no time zone",
    ),
]


@pytest.mark.parametrize(("column", "values", "told"), FRAMES)
def test_what_a_frame_can_hold_and_a_market_cannot(column, values, told):
    found = frame_with(column, values)
    assert found.startswith(told)
    assert found.endswith(".")


def test_counts_that_are_no_times():
    assert "is not between 1970 and 2100" in frame_with("t", [-1, 60, 120], time="s")
    assert "is not between 1970 and 2100" in frame_with("t", [2**62, 60, 120], time="s")
    assert "is not between 1970 and 2100" in frame_with("t", [1e300, 60, 120], time="ns")
    assert "is not between 1970 and 2100" in frame_with("t", [float("nan"), 60, 120], time="s")
    assert "is not a number of s since 1970" in frame_with("t", ["1e9999", "60", "120"], time="s")
    assert "is not a number of s since 1970" in frame_with("t", ["NaN", "60", "120"], time="s")
    assert "is not a number of s since 1970" in frame_with("t", ["9" * 5000, "6", "7"], time="s")


def test_an_hour_that_comes_twice_or_never(tmp_path):
    for time in ("2018-11-04 01:30", "2018-03-11 02:30"):
        path = write(tmp_path, HEADER, row(0, t="2018-01-01 00:00"), row(1, t=time))
        told = told_of(path, mapped(zone="America/New_York", bar="1m"))
        assert told == (
            f"{path} line 3, field time (column 't'): '{time}' does not exist or comes twice in "
            "America/New_York, where clocks change; give times in UTC."
        )


def test_bars_that_do_not_fit_the_length_that_is_said(tmp_path):
    path = write(tmp_path, HEADER, row(0), row(1), row(3))
    assert told_of(path, mapped(bar="2m")) == (
        f"{path} line 3, field time (column 't'): the bar before began only 60 s earlier, and the "
        "mapping says `bar: 2m`; correct one of them."
    )
    path = write(tmp_path, HEADER, row(0), row(0, t="2018-04-04T00:00:01Z"))
    assert told_of(path).endswith("give bars of at least 10 s, or `kind: ticks`.")
    path = write(tmp_path, HEADER, row(0, t="1970-01-01T00:00Z"), row(1))
    assert told_of(path, mapped(stamp="end", bar="1m")).endswith(
        "line 2, field time (column 't'): its bar begins before 1970; correct the row."
    )


HEADERS = [
    ("x,t,s,h,l,v", "field close: the column 'c' is missing"),
    (f"{HEADER},c", "field close: the column 'c' stands twice"),
]


@pytest.mark.parametrize(("header", "told"), HEADERS)
def test_a_column_that_is_not_there_once(tmp_path, header, told):
    path = write(tmp_path, header, row(0))
    assert told_of(path) == f"{path} line 1, {told}; correct the file or the mapping."


def test_columns_of_parquet_and_frames_that_are_not_there(tmp_path):
    frame = pd.DataFrame({"t": ["2018-04-04T00:00Z"], "s": "A", "h": 3.0, "l": 1.0})
    path = tmp_path / "day.parquet"
    frame.to_parquet(path)
    told = "the column 'c' is missing; correct the file or the mapping."
    assert told_of(path) == f"{path}, field close: {told}"
    with pytest.raises(MarketError, match=r"^frame, field close: the column 'c' is missing; correct the mapping"):  # fmt: skip
        market_from_frame(frame, mapped())
    with pytest.raises(MarketError, match=r"^frame: column 'time' is missing; name the columns as"):
        market_from_frame(frame)
    with pytest.raises(MarketError) as caught:
        read_market([path])
    assert str(caught.value).startswith(f"{path}: column 'time' is missing; name the columns as")
    numbered = ColumnMap(kind="ticks", columns={"time": 1, "bid": 2, "ask": 3}, symbol="A")
    assert "the column 1 is missing" in told_of(path, numbered)
    doubled = pd.concat([frame, frame], axis=1).assign(c=2.0)
    with pytest.raises(MarketError, match=r"field time: the column 't' stands twice"):
        market_from_frame(doubled, mapped())


def test_a_place_beyond_the_line(tmp_path):
    path = write(tmp_path, "1,2,3")
    numbered = ColumnMap(kind="ticks", columns={"time": 1, "bid": 2, "ask": 4}, symbol="A", header=False)  # fmt: skip
    told = f"{path} line 1, field ask: there is no column 4, the line has 3; correct the mapping."
    assert told_of(path, numbered) == told


def test_files_that_are_none(tmp_path):
    empty = write(tmp_path, HEADER)
    assert told_of(empty) == f"{empty}: there are no rows; add at least one."
    nothing = tmp_path / "nothing"
    nothing.write_bytes(b"")
    assert told_of(nothing) == f"{nothing} line 1: the file is empty; give one with rows."
    ragged = write(tmp_path, HEADER, row(0), "1,2")
    assert told_of(ragged).startswith(
        f"{ragged} line 3: the line has 2 fields where the first has 7"
    )
    unsound = write(tmp_path, HEADER, '"')
    assert "the line is not sound CSV" in told_of(unsound)
    for magic in (b"PAR1", b"ARROW1"):
        broken = tmp_path / "broken"
        broken.write_bytes(magic + b"\0" * 100 + magic)
        assert "the file cannot be read (" in told_of(broken)
    assert "there is no such file" in told_of(tmp_path / "none")


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "day.parquet"
    pd.DataFrame({"t": [1]}).to_parquet(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    told = f"{path}: reading this file needs pyarrow; install worksteal[parquet]."
    assert told_of(path) == told


def test_a_symbol_is_said_once():
    with pytest.raises(MarketError, match="say the symbol either in the mapping or beside it"):
        market_from_frame(pd.DataFrame({"t": [1]}), mapped(), symbol="AAPL")


def test_a_frame_is_no_recording():
    with pytest.raises(MarketError, match="a data frame is no recording"):
        market_from_frame(pd.DataFrame({"time": [1]}), ColumnMap(kind="recorded"))
