"""Other people's files and data frames give the same market as our own form of the same data."""

from typing import Any

import pytest

from streams.market import ColumnMap, Market, MarketError, market_from_frame, read_market
from tests.lazily import lazily
from tests.streams.market.files import TRADES, stamp, write
from tests.streams.market.foreign_files import (
    FILES,
    assert_same,
    frame_of,
    kind_of,
    write_feather,
    write_parquet,
)

pd = lazily("pandas")

T0 = 1_522_800_000_000_000  # stamp(0)
TRADE_COLUMNS = {"time": "t", "high": "h", "low": "l", "close": "c"}


def renamed(frame: Any) -> tuple[Any, dict[str, str | int]]:
    """Give every column another name, and put one in front that nobody asked for."""
    columns: dict[str, str | int] = {name: f"their {name}" for name in frame.columns}
    other = frame.rename(columns=columns)
    other.insert(0, "trades", range(len(other)))
    return other, columns


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["csv", "parquet", "feather", "frame", "epoch", "millis"])
def test_every_form_of_the_examples_is_the_same_market(tmp_path, path, form):
    frame, columns = renamed(frame_of(path))
    time = "iso"
    if form in {"epoch", "millis"}:
        time = {"epoch": "s", "millis": "ms"}[form]
        counts = frame["their time"].astype(f"datetime64[{time}, UTC]").astype("int64")
        frame["their time"] = counts
    mapping = ColumnMap(kind=kind_of(frame_of(path)), columns=columns, time=time)
    if form in {"frame", "millis"}:
        market = market_from_frame(frame, mapping)
    elif form == "csv":
        frame.to_csv(tmp_path / "their.csv", index=False)
        market = read_market([tmp_path / "their.csv"], mapping)
    elif form == "feather":
        market = read_market([write_feather(frame, tmp_path / "their.feather")], mapping)
    else:
        market = read_market([write_parquet(frame, tmp_path / "their.parquet")], mapping)
    assert_same(market, read_market([path]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_our_own_names_need_no_mapping(tmp_path, path):
    frame = frame_of(path)
    native = read_market([path])
    assert_same(read_market([write_parquet(frame, tmp_path / "day")]), native)
    assert_same(market_from_frame(frame), native)


# ---- how times are written ----

ROWS = 4


def hours(**values: object) -> Any:
    """Return four hourly bars of the first hours of the day of `T0`."""
    time = pd.date_range("2018-04-04", periods=ROWS, freq="h", tz="UTC")
    return pd.DataFrame({"t": time, "h": 3.0, "l": 1.0, "c": 2.0} | values)


def starts(market: Market) -> list[int]:
    return [(bar.start_us - T0) // 3_600_000_000 for bar in market.bars]


def mapped(**values: object) -> ColumnMap:
    return ColumnMap(**{"kind": "trades", "columns": TRADE_COLUMNS, "symbol": "BTCUSD"} | values)


TIME_FORMS = {
    "aware": (lambda t: t, {}),
    "another zone": (lambda t: t.dt.tz_convert("Asia/Tokyo"), {}),
    "naive": (lambda t: t.dt.tz_localize(None), {"zone": "UTC"}),
    "naive in New York": (
        lambda t: t.dt.tz_convert("America/New_York").dt.tz_localize(None),
        {"zone": "America/New_York"},
    ),
    "numpy seconds": (lambda t: t.dt.tz_localize(None).to_numpy("datetime64[s]"), {"zone": "UTC"}),
    "objects": (lambda t: t.astype(object), {}),
    "datetimes": (lambda t: pd.Series(t.dt.to_pydatetime(), dtype=object), {}),
    "texts": (lambda t: t.astype(str), {}),
    "naive texts": (lambda t: t.dt.strftime("%Y-%m-%d %H:%M"), {"zone": "UTC"}),
    "ns": (lambda t: t.astype("datetime64[ns, UTC]").astype("int64"), {"time": "ns"}),
    "us": (lambda t: t.astype("datetime64[us, UTC]").astype("int64"), {"time": "us"}),
    "unsigned": (
        lambda t: t.astype("datetime64[ms, UTC]").astype("int64").astype("uint64"),
        {"time": "ms"},
    ),
    "nullable": (
        lambda t: t.astype("datetime64[ns, UTC]").astype("int64").astype("Int64"),
        {"time": "ns"},
    ),
    "float seconds": (
        lambda t: t.astype("datetime64[s, UTC]").astype("int64") / 1.0,
        {"time": "s"},
    ),
    "written": (
        lambda t: t.astype("datetime64[ms, UTC]").astype("int64").astype(str),
        {"time": "ms"},
    ),
    "written with a fraction": (
        lambda t: t.astype("datetime64[s, UTC]").astype("int64").astype(str) + ".000000",
        {"time": "s"},
    ),
    "arrow": (lambda t: t.astype("timestamp[ns, tz=UTC][pyarrow]"), {}),
    "arrow naive": (
        lambda t: t.dt.tz_localize(None).astype("timestamp[ms][pyarrow]"),
        {"zone": "UTC"},
    ),
}


@pytest.mark.parametrize("form", TIME_FORMS)
@pytest.mark.parametrize("source", ["frame", "csv", "parquet"])
def test_times_as_others_write_them(tmp_path, form, source):
    write_time, values = TIME_FORMS[form]
    frame = hours()
    frame["t"] = write_time(frame["t"])
    mapping = mapped(**values)
    if source == "frame":
        market = market_from_frame(frame, mapping)
    elif source == "csv":
        frame.to_csv(tmp_path / "t.csv", index=False)
        market = read_market([tmp_path / "t.csv"], mapping)
    else:
        if form == "objects":
            frame["t"] = frame["t"].astype("datetime64[ns, UTC]")
        market = read_market([write_parquet(frame, tmp_path / "t")], mapping)
    assert starts(market) == [0, 1, 2, 3]
    assert market.bars[0].start_us == T0


def test_fractions_of_a_second_are_kept():
    ticks = ColumnMap(kind="ticks", columns={"time": "t", "bid": "b", "ask": "a"}, time="s", symbol="X")  # fmt: skip
    for times in ([1522800000.123456], ["1522800000.123456"]):
        market = market_from_frame(pd.DataFrame({"t": times, "b": 1.0, "a": 2.0}), ticks)
        assert market.quotes[0].ts_us == 1_522_800_000_123_456


def test_a_time_that_names_the_end_of_its_bar():
    assert starts(market_from_frame(hours(), mapped(stamp="end"))) == [-1, 0, 1, 2]
    assert starts(market_from_frame(hours(), mapped(stamp="end", bar="30m"))) == [-1, 0, 1, 2]
    late = market_from_frame(hours(), mapped(stamp="end", bar="30m"))
    assert late.bars[0].end_us == T0


def test_the_length_of_a_bar_that_the_data_does_not_say():
    one = hours().iloc[:1]
    assert market_from_frame(one, mapped(bar="5m")).bar_us == 300_000_000
    assert market_from_frame(hours(), mapped(bar="5m")).kind == "minute"
    assert market_from_frame(hours(), mapped()).kind == "hourly"
    with pytest.raises(MarketError, match=r"say `bar: 1m` or another length in the mapping\.$"):
        market_from_frame(one, mapped())


# ---- where the symbol is ----


def test_symbols_may_stand_one_after_another():
    by_symbol = pd.concat([hours(s="ETH-USD"), hours(s="AAPL")])
    by_symbol["c"] = [1.0, 1.2, 1.4, 1.6, 2.0, 2.2, 2.4, 2.6]
    columns = TRADE_COLUMNS | {"symbol": "s"}
    one = market_from_frame(by_symbol, mapped(columns=columns, symbol=None))
    by_time = by_symbol.sort_values("t", kind="stable")
    assert_same(one, market_from_frame(by_time, mapped(columns=columns, symbol=None)))
    assert one.symbols == ("AAPL", "ETHUSD")
    assert [bar.bid_close for bar in one.bars] == [2.0, 1.0, 2.2, 1.2, 2.4, 1.4, 2.6, 1.6]
    ticks = {"time": "t", "symbol": "s", "bid": "c", "ask": "h"}
    seen = market_from_frame(by_symbol, mapped(kind="ticks", columns=ticks, symbol=None))
    assert [(quote.symbol, quote.bid) for quote in seen.quotes][:4] == [
        ("ETHUSD", 1.0),
        ("AAPL", 2.0),
        ("ETHUSD", 1.2),
        ("AAPL", 2.2),
    ]


def test_the_symbol_in_the_name_of_a_file(tmp_path):
    mapping = mapped(symbol="{symbol}-1h.csv")
    hours().to_csv(tmp_path / "BTC-USD-1h.csv", index=False)
    assert read_market([tmp_path / "BTC-USD-1h.csv"], mapping).symbols == ("BTCUSD",)
    hours().to_csv(tmp_path / "BTCUSD.csv", index=False)
    with pytest.raises(MarketError, match="the file's name does not look like"):
        read_market([tmp_path / "BTCUSD.csv"], mapping)
    hours().to_csv(tmp_path / "a b-1h.csv", index=False)
    with pytest.raises(MarketError, match="'a b', taken from the file's name, is not a symbol"):
        read_market([tmp_path / "a b-1h.csv"], mapping)


def test_pandas_index_counts_as_a_column():
    by_symbol = pd.concat([hours(s="ETH-USD"), hours(s="AAPL")])
    mapping = mapped(columns=TRADE_COLUMNS | {"symbol": "s"}, symbol=None)
    indexed = by_symbol.set_index(["s", "t"])
    assert_same(market_from_frame(indexed, mapping), market_from_frame(by_symbol, mapping))
    assert_same(
        market_from_frame(hours().set_index("t"), mapped()), market_from_frame(hours(), mapped())
    )


# ---- forms of CSV ----


def test_a_file_without_a_header_has_numbered_columns(tmp_path):
    """Binance's candles: milliseconds, prices, and much that nobody asked for."""
    rows = [f"{T0 // 1000 + n * 60_000},2,3,1,2,5,{T0 // 1000 + n * 60_000 + 59_999},0,1,2,3,0" for n in range(3)]  # fmt: skip
    path = write(tmp_path, *rows, name="BTCUSDT-1m-2018-04.csv")
    columns = {"time": 1, "open": 2, "high": 3, "low": 4, "close": 5, "volume": 6}
    mapping = mapped(columns=columns, header=False, time="ms", symbol="{symbol}-1m-*.csv")
    native = write(tmp_path, TRADES, *(f"{stamp(n)},BTCUSDT,2,3,1,2,5" for n in range(3)))
    assert_same(read_market([path], mapping), read_market([native]))


def test_other_delimiters_and_quoted_cells(tmp_path):
    path = write(tmp_path, "t;h;l;c;note", '"2018-04-04T00:00Z";3;1;2;"a;b"', name="x.csv")
    assert read_market([path], mapped(delimiter=";", bar="1m")).bars[0].ask_close == 2


def test_a_mapping_is_for_the_files_it_names(tmp_path):
    ours = write(tmp_path, TRADES, *(f"{stamp(60 * n)},AAPL,2,3,1,2,5" for n in range(3)))
    hours().to_csv(tmp_path / "BTCUSD.csv", index=False)
    theirs = tmp_path / "BTCUSD.csv"
    assert read_market([ours, theirs], [mapped(files="BTC*")]).symbols == ("AAPL", "BTCUSD")
    first = mapped(files="BTC*", symbol="ETHUSD")
    assert read_market([theirs], [first, mapped()]).symbols == ("ETHUSD",)
    with pytest.raises(MarketError, match="the column 't' is missing"):
        read_market([ours, theirs], mapped())
    recorded = ColumnMap(kind="recorded", bar="10s")
    assert_same(read_market([ours], recorded), read_market([ours]))


def test_stocks_and_crypto_of_different_bars_and_forms_are_on_one_clock(tmp_path):
    """Minutes of a coin from a Parquet file, hours of stocks from a CSV of ours."""
    stocks, coin = FILES[[path.stem for path in FILES].index("nyse-hourly-2018-04-04")], FILES[1]
    parquet = write_parquet(frame_of(coin), tmp_path / "coin.parquet")
    market = read_market([stocks, parquet])
    assert_same(market, read_market([stocks, coin]))
    assert market.symbols == ("AAPL", "AIG", "BAC", "BTCUSD", "ETHUSD", "IBM", "LTCUSD", "SPY")
    assert (market.kind, market.bar_us) == ("hourly", 3_600_000_000)
    assert {bar.end_us - bar.start_us for bar in market.bars} == {60_000_000, 3_600_000_000}
    parts = [list(read_market([path]).quotes) for path in (stocks, coin)]
    assert list(market.quotes) == sorted(parts[0] + parts[1], key=lambda quote: quote.ts_us)
    noon = T0 + 14 * 3_600_000_000
    assert {q.symbol for q in market.between(noon, noon + 1).quotes} >= {"AAPL", "BTCUSD"}


def test_sizes_that_are_not_known(tmp_path):
    sides = {f"{s}_{p}": 2.0 for s in ("bid", "ask") for p in ("high", "low", "close")}
    time = pd.date_range("2018-04-04", periods=2, freq="min", tz="UTC")
    frame = pd.DataFrame({"time": time, **sides, "bid_size": [5.0, None]})
    market = market_from_frame(frame, symbol="BTCUSD")
    closing = [(quote.bid_size, quote.ask_size) for quote in market.quotes]
    assert closing == [(None, None), (None, None), (5.0, None)] + [(5.0, None)] * 3 + [(None, None)]
    assert any("sizes are not given for both sides" in note for note in market.notes)


def test_a_forecast_may_be_missing_in_a_row():
    frame = hours(forecast_high=[3.0, None, 3, 3], forecast_low=[1.0, None, 1, 1])
    frame = frame.rename(columns={"t": "time", "h": "high", "l": "low", "c": "close"})
    frame["forecast_close"] = [2.0, None, 2, 2]
    market = market_from_frame(frame, symbol="BTCUSD")
    assert [bar.forecast is None for bar in market.bars] == [False, True, False, False]
    frame.loc[2, "forecast_low"] = None
    told = (
        "frame row 3, field forecast_low: it is empty and the rest is not; give all three or none."
    )
    with pytest.raises(MarketError) as caught:
        market_from_frame(frame, symbol="BTCUSD")
    assert str(caught.value) == told


class Polars:
    """A data frame as polars has them: columns by name, each with `to_numpy()`, and no index."""

    class Column:
        def __init__(self, array, zone=None):
            self.array = array
            self.dtype = type("Datetime", (), {"time_zone": zone})()

        def to_numpy(self):
            return self.array

    def __init__(self, **columns):
        self.columns = list(columns)
        self._columns = columns

    def __getitem__(self, name):
        return self._columns[name]


def test_frames_of_other_libraries():
    frame = hours()
    naive = frame["t"].dt.tz_localize(None).to_numpy()
    plain = {name: Polars.Column(frame[name].to_numpy()) for name in "hlc"}
    other = Polars(t=Polars.Column(naive, "UTC"), **plain)
    assert_same(market_from_frame(other, mapped()), market_from_frame(frame, mapped()))
    with pytest.raises(MarketError, match="names no time zone"):
        market_from_frame(Polars(t=Polars.Column(naive), **plain), mapped())
    arrays = {"t": naive, **{name: frame[name].to_numpy() for name in "hlc"}}
    series = {name: pd.Series(array) for name, array in arrays.items()}
    assert_same(market_from_frame(series, mapped(zone="UTC")), market_from_frame(frame, mapped()))
