"""Market files: the replay of a bar, merging, and that nothing looks ahead."""

import csv
import random
from datetime import datetime
from itertools import pairwise

import pytest

from streams.market import BarForecast, Market, MarketError, MarketQuote, read_market
from tests.paths import MARKET

from .files import FORECASTS, QUOTES, TRADES, quote_bar, stamp, write

EXAMPLES = MARKET
FILES = sorted(EXAMPLES.glob("*.csv"))
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
T0 = 1522800000000000  # 2018-04-04T00:00:00Z


def shown(market: Market) -> list[tuple]:
    """Quotes as seconds since the start, bid, ask, sizes."""
    return [((q.ts_us - T0) / 1e6, q.bid, q.ask, q.bid_size, q.ask_size) for q in market.quotes]


# ---- one bar becomes quotes ----


def test_an_up_bar_goes_low_first_and_a_size_is_known_only_at_the_close(tmp_path):
    path = write(
        tmp_path,
        QUOTES,
        quote_bar(0, sizes="1,2"),
        quote_bar(1, bid="12,14,8,9", ask="13,15,9,10", sizes="3,4"),
    )
    assert shown(read_market([path])) == [
        (0, 10, 11, None, None),
        (15, 8, 9, None, None),
        (30, 14, 15, None, None),
        (59, 12, 13, 1, 2),
        # A down bar: the high first, with the sizes of the bar before.
        (60, 12, 13, 1, 2),
        (75, 14, 15, 1, 2),
        (90, 8, 9, 1, 2),
        (119, 9, 10, 3, 4),
    ]


def test_a_flat_bar_counts_as_up(tmp_path):
    path = write(tmp_path, QUOTES, quote_bar(0, bid="10,14,8,10", ask="11,15,9,11"))
    assert [bid for _, bid, *_ in shown(read_market([path]))] == [10, 8, 14, 10]


def test_the_direction_is_that_of_the_middle_not_of_one_side(tmp_path):
    path = write(tmp_path, QUOTES, quote_bar(0, bid="10,14,8,11", ask="13,15,9,11"))
    assert [bid for _, bid, *_ in shown(read_market([path]))] == [10, 14, 8, 11]


def test_extremes_of_different_instants_are_put_in_order(tmp_path):
    path = write(tmp_path, QUOTES, quote_bar(0, bid="10,14,8,12", ask="11,13,7,13"))
    market = read_market([path])
    assert [(q.bid, q.ask) for q in market.quotes] == [(10, 11), (7, 8), (13, 14), (12, 13)]
    bar = market.bars[0]
    assert (bar.bid_low, bar.ask_low, bar.bid_high, bar.ask_high) == (7, 8, 13, 14)
    assert any("1 bars have a bid above an ask" in note for note in market.notes)


def test_hourly_trade_bars_have_equal_bid_and_ask_and_no_sizes(tmp_path):
    path = write(
        tmp_path, TRADES, f"{stamp(0)},AAPL,10,12,9,11,500", f"{stamp(60)},AAPL,11,12,9,10,0"
    )
    market = read_market([path])
    assert shown(market) == [
        (0, 10, 10, None, None),
        (900, 9, 9, None, None),
        (1800, 12, 12, None, None),
        (3599, 11, 11, None, None),
        (3600, 11, 11, None, None),
        (4500, 12, 12, None, None),
        (5400, 9, 9, None, None),
        (7199, 10, 10, None, None),
    ]
    assert (market.kind, market.bar_us) == ("hourly", HOUR_US)


def test_without_an_open_a_bar_starts_at_the_close_right_before_it(tmp_path):
    rows = [
        f"{stamp(0)},BTCUSD,12,8,11,1,13,9,10",  # above its middle: up
        f"{stamp(60)},BTCUSD,12,8,10,1,13,9,10",  # below the close before: down
        f"{stamp(180)},BTCUSD,12,8,11,1,13,9,10",  # after a gap nobody can still trade at 10
    ]
    market = read_market([write(tmp_path, FORECASTS, *rows)])
    assert [(sec, bid) for sec, bid, *_ in shown(market)] == [
        *[(900, 8), (1800, 12), (3599, 11)],
        *[(3600, 11), (4500, 12), (5400, 8), (7199, 10)],
        *[(11700, 8), (12600, 12), (14399, 11)],
    ]
    assert market.bars[0].forecast == BarForecast(low=9, high=13, close=10)


def test_a_bar_without_a_forecast_leaves_all_three_empty(tmp_path):
    market = read_market([write(tmp_path, FORECASTS, f"{stamp(0)},BTCUSD,12,8,11,1,,,")])
    assert market.bars[0].forecast is None


def test_a_bar_tells_when_it_began_and_ended(tmp_path):
    path = write(tmp_path, QUOTES, quote_bar(0), quote_bar(1))
    bars = read_market([path]).bars
    assert [(bar.start_us - T0, bar.end_us - T0) for bar in bars] == [
        (0, MINUTE_US),
        (MINUTE_US, 2 * MINUTE_US),
    ]
    assert (bars[0].bid_close, bars[0].ask_close) == (12, 13)


# ---- what is tolerated ----


def test_columns_in_any_order_and_symbols_in_any_spelling_give_the_same_market(tmp_path):
    row = quote_bar(0, symbol="btc-usd").split(",")
    order = list(range(len(row)))[::-1]
    names = QUOTES.split(",")
    turned = write(
        tmp_path,
        ",".join(names[i] for i in order),
        ",".join(row[i] for i in order),
        name="turned.csv",
    )
    plain = read_market([write(tmp_path, QUOTES, quote_bar(0))])
    assert read_market([turned]).quotes == plain.quotes
    assert plain.symbols == ("BTCUSD",)


def test_a_byte_order_mark_blank_lines_and_other_time_zones_are_fine(tmp_path):
    path = tmp_path / "sheet.csv"
    row = quote_bar(120).replace("02:00:00Z", "04:00:00+02:00")
    path.write_bytes(b"\xef\xbb\xbf" + f"{QUOTES}\r\n{row}\r\n\r\n".encode())
    assert read_market([path]).bars[0].start_us == T0 + 120 * MINUTE_US


def test_one_instant_alone_takes_the_length_that_is_usual_for_its_columns(tmp_path):
    assert read_market([write(tmp_path, QUOTES, quote_bar(0))]).bar_us == MINUTE_US
    assert read_market([write(tmp_path, TRADES, f"{stamp(0)},X,1,1,1,1,0")]).bar_us == HOUR_US


def test_the_shortest_step_is_the_length_of_a_bar(tmp_path):
    path = write(tmp_path, QUOTES, quote_bar(0), quote_bar(15), quote_bar(20), quote_bar(30))
    market = read_market([path])
    assert market.bar_us == 5 * MINUTE_US
    assert any(
        "bars missing for BTCUSD: 3, gaps: 2, longest gap: 2" in note for note in market.notes
    )


# ---- several files ----


def test_files_are_merged_on_one_clock_and_ties_go_by_the_order_of_the_files(tmp_path):
    stocks = write(tmp_path, TRADES, f"{stamp(60)},AAPL,10,12,9,11,500", name="b.csv")
    coins = write(tmp_path, QUOTES, *map(quote_bar, range(58, 63)), name="a.csv")
    one, two = read_market([stocks, coins]), read_market([coins, stocks])
    at_ten = T0 + HOUR_US
    assert [q.symbol for q in one.quotes if q.ts_us == at_ten] == ["AAPL", "BTCUSD"]
    assert [q.symbol for q in two.quotes if q.ts_us == at_ten] == ["BTCUSD", "AAPL"]
    assert all(a.ts_us <= b.ts_us for a, b in pairwise(one.quotes))
    assert (one.kind, one.bar_us, one.symbols) == ("hourly", HOUR_US, ("AAPL", "BTCUSD"))
    assert one.bars == two.bars
    assert [bar.symbol for bar in one.bars] == ["BTCUSD"] * 5 + ["AAPL"]


def test_a_symbol_comes_from_one_file_at_a_time(tmp_path):
    first = write(tmp_path, QUOTES, quote_bar(0), quote_bar(1), name="a.csv")
    later = write(tmp_path, QUOTES, quote_bar(2), quote_bar(3), name="b.csv")
    assert len(read_market([later, first]).bars) == 4
    again = write(tmp_path, QUOTES, quote_bar(1), quote_bar(2), name="c.csv")
    with pytest.raises(MarketError) as caught:
        read_market([first, again])
    assert str(caught.value) == (
        f"{again}: BTCUSD has a bar at 2018-04-04T00:01:00Z that overlaps one in {first}; "
        "give each symbol from one file at a time."
    )


# ---- the real files ----


@pytest.mark.parametrize(
    ("name", "bars", "quotes", "kind"),
    [
        ("coinbase-2017-09-03.csv", 5750, 23_000, "minute"),
        ("coinbase-2018-04-04.csv", 4313, 17_252, "minute"),
        ("hourly-mixed-2025-12.csv", 5767, 23_033, "hourly"),
        ("nyse-2013-10-07.csv", 5279, 21_116, "minute"),
        ("nyse-hourly-2018-04-04.csv", 35, 140, "hourly"),
    ],
)
def test_the_examples_read_whole(name, bars, quotes, kind):
    market = read_market([EXAMPLES / name])
    assert (len(market.bars), len(market.quotes), market.kind) == (bars, quotes, kind)
    assert all(quote.bid <= quote.ask for quote in market.quotes)
    assert all(a.ts_us <= b.ts_us for a, b in pairwise(market.quotes))
    assert all((a.end_us, a.symbol) < (b.end_us, b.symbol) for a, b in pairwise(market.bars))
    assert all(note.startswith(f"{name}: ") and note.endswith(".") for note in market.notes)


def test_the_gaps_of_the_examples_are_told():
    notes = read_market([EXAMPLES / "coinbase-2018-04-04.csv"]).notes
    assert "coinbase-2018-04-04.csv: bars missing for BTCUSD: 2, gaps: 1, longest gap: 2." in notes
    # Nights are no gaps, neither between two days of minutes nor around an hourly session.
    days = read_market([EXAMPLES / "nyse-2013-10-07.csv"]).notes
    assert "nyse-2013-10-07.csv: bars missing for SPY: 104, gaps: 80, longest gap: 5." in days
    hourly = read_market([EXAMPLES / "nyse-hourly-2018-04-04.csv"]).notes
    assert not any("missing" in note for note in hourly)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_comes_later_changes_nothing_before(tmp_path, path):
    """Give every line from the middle on the prices of another; all before must stay the same."""
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    half_time = rows[len(rows) // 2][0]
    start = next(i for i, row in enumerate(rows) if row[0] == half_time)
    shuffler = random.Random(7)
    for symbol in sorted({row[1] for row in rows}):
        mine = [i for i in range(start, len(rows)) if rows[i][1] == symbol]
        values = [rows[i][2:] for i in mine]
        shuffler.shuffle(values)
        for i, value in zip(mine, values, strict=True):
            rows[i] = rows[i][:2] + value
    altered = write(tmp_path, ",".join(header), *(",".join(row) for row in rows))

    honest, changed = read_market([path]), read_market([altered])
    cut_us = next(bar.start_us for bar in honest.bars if bar.start_us >= utc_us(half_time))

    def before(market: Market) -> tuple[list, list]:
        quotes: list[MarketQuote] = [q for q in market.quotes if q.ts_us < cut_us]
        return quotes, [bar for bar in market.bars if bar.end_us <= cut_us]

    assert before(honest) == before(changed)
    assert len(before(honest)[0]) > 0
    assert honest.quotes != changed.quotes


def utc_us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)
