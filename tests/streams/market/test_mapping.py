"""What may stand in a column mapping, and the sentence for what may not."""

import pytest

from streams.market import ColumnMap, MarketError, read_columns

BASE = "kind: trades\ncolumns: {time: t, high: h, low: l, close: c}\n"
SYMBOL = BASE + "symbol: BTCUSD\n"
TICKS = "kind: ticks\ncolumns: {time: t, bid: b, ask: a}\nsymbol: X\n"


def test_a_mapping_says_the_same_as_an_object(tmp_path):
    path = tmp_path / "map.yaml"
    path.write_text(SYMBOL + "time: ms\nbar: 5m\nzone: America/New_York\n", encoding="utf-8")
    assert read_columns(path) == ColumnMap(
        kind="trades",
        columns={"time": "t", "high": "h", "low": "l", "close": "c"},
        symbol="BTCUSD",
        time="ms",
        bar="5m",
        zone="America/New_York",
    )


@pytest.mark.parametrize(
    ("text", "bar_us"),
    [("10s", 10_000_000), ("5m", 300_000_000), ("5 min", 300_000_000), ("1h", 3_600_000_000)],
)
def test_lengths_of_bars(text, bar_us):
    assert ColumnMap(kind="recorded", bar=text).bar_us == bar_us


@pytest.mark.parametrize(
    ("pattern", "name", "symbol"),
    [
        ("{symbol}-1m-*.csv", "BTCUSDT-1m-2024-01.csv", "BTCUSDT"),
        ("{symbol}-*", "BTC_USDT-5m.feather", "BTC_USDT"),
        ("{symbol}.csv", "BTC-USD.csv", "BTC-USD"),
        ("bars.{symbol}.csv", "barsxAAPL.csv", None),
        ("AAPL", "anything.csv", "AAPL"),
        (None, "anything.csv", None),
    ],
)
def test_the_symbol_of_a_file(pattern, name, symbol):
    columns = {"time": "t", "bid": "b", "ask": "a"} | ({} if pattern else {"symbol": "s"})
    assert ColumnMap(kind="ticks", columns=columns, symbol=pattern).symbol_of(name) == symbol


FAULTS = [
    ("", "a column mapping has one `field: value` a line."),
    ("[1]", "a column mapping has one `field: value` a line."),
    ("kind: [", " line 1: this is no YAML; write one `field: value` a line."),
    ("time: 2018-99-99", "this is no YAML; write one `field: value` a line."),
    ("columns: {}\n", "kind is missing; add it."),
    ("kind: candles\n", "kind: input should be 'trades', 'quotes', 'ticks' or 'recorded'."),
    (
        SYMBOL + "colums: 1\n",
        (
            "colums is not known; the fields are kind, columns, time, zone, stamp, symbol, bar, "
            "header, delimiter, files."
        ),
    ),
    (SYMBOL.replace(", close: c", ""), "columns.close is missing, and trades need it."),
    (
        TICKS.replace("bid: b", "bid: b, close: c"),
        "columns.close is no field of ticks; they are time, bid, ask, symbol, bid_size, ask_size.",
    ),
    (
        SYMBOL.replace("close: c", "close: c, forecast_low: f"),
        "columns: forecast_high, forecast_low, forecast_close come together or not at all.",
    ),
    (BASE, "say either columns.symbol or symbol, the one for all rows."),
    (
        SYMBOL.replace("close: c", "close: c, symbol: s"),
        "say either columns.symbol or symbol, the one for all rows.",
    ),
    (
        BASE + "symbol: B T C\n",
        "symbol: 'B T C' is neither a symbol nor a file name with {symbol} in it.",
    ),
    (
        SYMBOL + "zone: Mars/Dome\n",
        "zone: 'Mars/Dome' is no time zone such as UTC or America/New_York.",
    ),
    (
        SYMBOL + "zone: ../../etc/passwd\n",
        "zone: '../../etc/passwd' is no time zone such as UTC or America/New_York.",
    ),
    (SYMBOL + "bar: soon\n", "bar: 'soon' is no length such as 60s, 5m, 1h or 1d."),
    (SYMBOL + "bar: 1s\n", "bar: '1s' is not between 10s and 7d."),
    (SYMBOL + "delimiter: ab\n", "delimiter: 'ab' is not one character such as ; or a tab."),
    (SYMBOL + "header: false\n", "without a header columns are numbers, from 1."),
    (TICKS + "stamp: end\n", "stamp: end is for bars; a tick is an instant."),
    (SYMBOL.replace("high: h", "high: 1.5"), "columns.high: input should be a valid string."),
]


@pytest.mark.parametrize(("text", "told"), FAULTS)
def test_what_is_wrong_with_a_mapping_is_one_sentence(tmp_path, text, told):
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MarketError) as caught:
        read_columns(path)
    assert str(caught.value) == f"{path}{told if told.startswith(' line') else ': ' + told}"


def test_a_mapping_that_cannot_be_read(tmp_path):
    with pytest.raises(MarketError, match="the mapping cannot be read"):
        read_columns(tmp_path / "none.yaml")
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"kind: \xff")
    with pytest.raises(MarketError, match="this is no YAML"):
        read_columns(bad)
