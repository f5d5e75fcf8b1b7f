"""Every complaint about a market file, by its sentence: file, line, field, what to do."""

import pytest

from streams.market import MarketError, read_market

from .files import FORECASTS, QUOTES, TRADES, quote_bar, stamp, write

HEADER_FAULTS = [
    ("time,symbol,open,high,low,close", "column 'volume' is missing", TRADES),
    (f"{TRADES},vwap", "column 'vwap' is not known", TRADES),
    (f"{TRADES},low", "column 'low' stands twice", TRADES),
    (
        QUOTES.replace("bid_size,", "").replace("ask_size", "size"),
        "column 'bid_size' is missing, column 'ask_size' is missing, column 'size' is not known",
        QUOTES,
    ),
    (
        FORECASTS.replace(",forecast_close", ""),
        "column 'forecast_close' is missing",
        FORECASTS,
    ),
]


@pytest.mark.parametrize(("header", "what", "wanted"), HEADER_FAULTS)
def test_other_columns_are_named(tmp_path, header, what, wanted):
    path = write(tmp_path, header, "1,2,3")
    with pytest.raises(MarketError) as caught:
        read_market([path])
    assert str(caught.value) == f"{path} line 1: {what}; expected {wanted} in any order."


REPAIR = "; correct or remove the line."
CELL_FAULTS = [
    ("bid_low", "abc", "'abc' is not a number" + REPAIR),
    ("bid_low", "", "'' is not a number" + REPAIR),
    ("bid_low", "1_0", "'1_0' is not a number" + REPAIR),
    ("bid_low", "٣", "'٣' is not a number" + REPAIR),
    ("ask_open", "nan", "'nan' is not a finite number" + REPAIR),
    ("ask_open", "-inf", "'-inf' is not a finite number" + REPAIR),
    ("ask_close", "-1", "'-1' is negative" + REPAIR),
    ("ask_close", "0", "a price cannot be zero" + REPAIR),
    ("bid_high", "2e9", "'2e9' is beyond the limit of 1e+09" + REPAIR),
    ("bid_high", "7", "the high 7.0 is below the low 8.0" + REPAIR),
    ("ask_high", "8", "the high 8.0 is below the low 9.0" + REPAIR),
    ("bid_size", "-1", "'-1' is negative" + REPAIR),
    ("ask_size", "2e12", "'2e12' is beyond the limit of 1e+12" + REPAIR),
    ("ask_size", "x" * 99, f"'{'x' * 40}…' is not a number" + REPAIR),
    ("symbol", "B T C", "'B T C' is not a symbol such as BTCUSD or AAPL; correct the line."),
    ("symbol", "", "'' is not a symbol such as BTCUSD or AAPL; correct the line."),
    (
        "time",
        "noon",
        "'noon' is not a time such as 2018-04-04T00:00:00Z; correct the line.",
    ),
    (
        "time",
        "2018-04-04T00:01:00",
        "'2018-04-04T00:01:00' names no time zone; end it with Z for UTC.",
    ),
    (
        "time",
        "1969-12-31T23:59:59Z",
        "'1969-12-31T23:59:59Z' is not between 1970 and 2100; correct the line.",
    ),
    (
        "time",
        "2018-04-03T23:59:00Z",
        (
            "2018-04-03T23:59:00Z is before 2018-04-04T00:00:00Z of an earlier line; "
            "sort the file by time."
        ),
    ),
    (
        "time",
        stamp(0),
        "BTCUSD has a bar at 2018-04-04T00:00:00Z already; keep one of the two lines.",
    ),
]


@pytest.mark.parametrize(("field", "text", "what"), CELL_FAULTS)
def test_a_bad_cell_is_named_by_file_line_and_field(tmp_path, field, text, what):
    cells = quote_bar(1).split(",")
    cells[QUOTES.split(",").index(field)] = text
    path = write(tmp_path, QUOTES, quote_bar(0), ",".join(cells))
    with pytest.raises(MarketError) as caught:
        read_market([path])
    assert str(caught.value) == f"{path} line 3, field {field}: {what}"


def test_bad_forecasts_and_volumes_are_named_too(tmp_path):
    for field, row in [
        ("forecast_low", f"{stamp(0)},BTCUSD,12,8,11,1,13,-9,10"),
        ("forecast_high", f"{stamp(0)},BTCUSD,12,8,11,1,,9,10"),
        ("volume", f"{stamp(0)},BTCUSD,12,8,11,many,13,9,10"),
    ]:
        path = write(tmp_path, FORECASTS, row)
        with pytest.raises(MarketError, match=f"line 2, field {field}: "):
            read_market([path])


def test_a_line_with_another_number_of_fields(tmp_path):
    path = write(tmp_path, TRADES, f"{stamp(0)},AAPL,10,12,9,11")
    with pytest.raises(MarketError) as caught:
        read_market([path])
    assert str(caught.value) == (
        f"{path} line 2: the line has 6 fields where the header has 7; correct or remove the line."
    )


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "day.csv"
    path.write_bytes(f"{TRADES}\n{stamp(0)},AAPL,10,12,9,11,5\n".encode() + b"\xff\xfe,\n")
    with pytest.raises(MarketError) as caught:
        read_market([path])
    assert str(caught.value) == (
        f"{path} line 3: the line holds bytes that are not UTF-8 text; "
        "save the file as plain UTF-8 CSV."
    )


def test_a_quote_that_is_never_closed(tmp_path):
    path = write(tmp_path, TRADES, f'{stamp(0)},"AAPL,10,12,9,11,5')
    with pytest.raises(MarketError, match=r"line 2: the line is not sound CSV .*; correct it\.\Z"):
        read_market([path])


def test_files_with_nothing_to_read(tmp_path):
    empty, bare = tmp_path / "empty.csv", write(tmp_path, TRADES, name="bare.csv")
    empty.touch()
    for path, what in [
        (tmp_path / "none.csv", ": there is no such file; check the path."),
        (empty, f" line 1: the file is empty; expected a header like {TRADES}."),
        (bare, " line 2: the file has a header and no bars; add at least one."),
        (tmp_path, ": the file cannot be read (Is a directory); check the path."),
    ]:
        with pytest.raises(MarketError) as caught:
            read_market([path])
        assert str(caught.value) == f"{path}{what}"
    with pytest.raises(MarketError, match="name at least one CSV file"):
        read_market([])


def test_bars_too_short_for_four_quotes(tmp_path):
    rows = [quote_bar(0), quote_bar(0).replace(":00Z", ":05Z")]
    path = write(tmp_path, QUOTES, *rows)
    with pytest.raises(MarketError) as caught:
        read_market([path])
    assert str(caught.value) == (
        f"{path}: two lines are only 5 s apart in the field time; give bars of at least 10 s."
    )
