"""A file that looks like another vendor's: the complaint gives a mapping that reads it."""

import re

import pytest

from streams.market import MarketError, read_columns, read_market
from tests.streams.market.files import write

DAYS = ["2024-01-02", "2024-01-03"]
FILES = {
    "BTCUSDT-1m-2024-01.csv": (
        "Binance",
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,x,y,ignore",
        [f"{1_704_067_200_000 + 60_000 * n},9,12,8,10,7,{n},0,0,0,0,0" for n in range(2)],
    ),
    "ETHUSDT-1m-2025-01.csv": (
        "Binance",
        None,
        [f"{1_735_689_600_000_000 + 60_000_000 * n},9,12,8,10,7,{n},0,0,0,0,0" for n in range(2)],
    ),
    "XBTUSD_1.csv": ("Kraken", None, [f"{1_704_067_200 + 60 * n},9,12,8,10,7,3" for n in range(2)]),
    "coinbase.csv": (
        "Coinbase",
        "time,low,high,open,close,volume",
        [f"{1_704_067_200 + 60 * n},8,12,9,10,7" for n in range(2)],
    ),
    "AAPL.csv": (
        "Yahoo Finance",
        "Date,Open,High,Low,Close,Adj Close,Volume",
        [f"{day},9,12,8,10,10,7" for day in DAYS],
    ),
    "msft_us_d.csv": (
        "Stooq",
        "Date,Open,High,Low,Close,Volume",
        [f"{day},9,12,8,10,7" for day in DAYS],
    ),
    "eurusd-ticks.csv": (
        "Dukascopy's ticks",
        "timestamp,askPrice,bidPrice,askVolume,bidVolume",
        [f"{1_704_067_200_000 + 20_000 * n},10.1,10,1,2" for n in range(8)],
    ),
    "eurusd-m1.csv": (
        "Dukascopy's bars",
        "timestamp,open,high,low,close,volume",
        [f"{1_704_067_200_000 + 60_000 * n},9,12,8,10,7" for n in range(2)],
    ),
    "BINANCE_BTCUSDT, 1.csv": (
        "TradingView",
        "time,open,high,low,close,Volume",
        [f"2024-01-02T00:0{n}:00Z,9,12,8,10,7" for n in range(2)],
    ),
    "databento.csv": (
        "Databento",
        "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol",
        [
            f"{1_704_067_200_000_000_000 + 60 * 10**9 * n},33,2,38,9,12,8,10,7,AAPL"
            for n in range(2)
        ],
    ),
    "polygon.csv": (
        "Polygon",
        "ticker,volume,open,close,high,low,window_start,transactions",
        [f"AAPL,7,9,10,12,8,{1_704_067_200_000_000_000 + 60 * 10**9 * n},5" for n in range(2)],
    ),
    "alpaca.csv": (
        "Alpaca",
        "symbol,timestamp,open,high,low,close,volume,trade_count,vwap",
        [f"AAPL,2024-01-02T15:0{n}:00Z,9,12,8,10,7,5,10" for n in range(2)],
    ),
    "Gemini_BTCUSD.csv": (
        "CryptoDataDownload",
        "unix,date,symbol,open,high,low,close,Volume BTC,Volume USD",
        [f"{1_704_067_200 + 60 * n},x,BTC/USD,9,12,8,10,7,70" for n in range(2)],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_the_mapping_in_the_complaint_reads_the_file(name, tmp_path):
    vendor, header, rows = FILES[name]
    path = write(tmp_path, *([] if header is None else [header]), *rows, name=name)
    with pytest.raises(MarketError, match=f"look like .*{vendor}") as told:
        read_market([path])
    sentence = str(told.value)
    assert sentence.startswith(f"{path} line 1: ")
    assert sentence.endswith("into a file and name it with --columns.")
    assert "\n" not in sentence
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(re.findall("`(.*)`", sentence)[0], encoding="utf-8")
    market = read_market([path], read_columns(mapping))
    assert market.bars[-1].bid_high == (10 if "ticks" in name else 12)
    assert market.bars[-1].bid_low in (8, 10)
    assert 1_704_000_000_000_000 < market.bars[0].start_us < 1_736_000_000_000_000


def test_columns_of_nobody_are_told_as_before(tmp_path):
    path = write(tmp_path, "when,what,price", "1,2,3", name="x.csv")
    with pytest.raises(MarketError, match="expected time,symbol,"):
        read_market([path])


def test_a_file_of_a_header_alone_or_of_broken_quotes_is_no_reason_to_stumble(tmp_path):
    for text in ("Date,Open,High,Low,Close,Volume", 'time,open,high,low,close,volume\n"a"b'):
        with pytest.raises(MarketError):
            read_market([write(tmp_path, text, name="x.csv")])
