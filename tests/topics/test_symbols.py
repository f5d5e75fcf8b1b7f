"""One spelling for each symbol, and an asset class that never grants leverage by mistake."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.limits import SYMBOL_PATTERN
from topics.symbols import asset_class, normal_symbol

SYMBOLS = st.from_regex(re.compile(SYMBOL_PATTERN, re.ASCII))


@pytest.mark.parametrize(
    "spelling", ["BTCUSD", "btcusd", "BTC/USD", "BTC-USD", "btc_usd", "Btc/Usd", "B-T-C/USD"]
)
def test_all_spellings_of_a_pair_are_one_symbol(spelling: str):
    assert normal_symbol(spelling) == "BTCUSD"


@pytest.mark.parametrize(
    ("spelling", "normal"),
    [("AAPL", "AAPL"), ("aapl", "AAPL"), ("brk.b", "BRK.B"), ("1INCH/USD", "1INCHUSD")],
)
def test_normal_symbol(spelling: str, normal: str):
    assert normal_symbol(spelling) == normal


@given(SYMBOLS)
def test_the_normal_form_is_a_symbol_and_its_own_normal_form(symbol: str):
    normal = normal_symbol(symbol)
    assert re.search(SYMBOL_PATTERN, normal)
    assert normal_symbol(normal) == normal
    assert normal_symbol(symbol.lower()) == normal


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("A", "stock"),
        ("AAPL", "stock"),
        ("GOOGL", "stock"),
        ("BRK.B", "stock"),
        ("BTCUSD", "crypto"),
        ("ETHUSDT", "crypto"),
        ("LINKUSD", "crypto"),
        ("1INCHUSD", "crypto"),
        # Five letters that end in a currency: a pair with a short coin, not a ticker.
        ("XMUSD", "crypto"),
        ("OPEUR", "crypto"),
        ("XUSDT", "crypto"),
        ("XUSDC", "crypto"),
        # What is no US ticker gets no leverage.
        ("ABCDEF", "crypto"),
        ("BRK.BC", "crypto"),
        ("BRK.", "crypto"),
        ("700", "crypto"),
        ("", "crypto"),
        ("AAPL\n", "crypto"),
        ("aapl", "crypto"),
        ("ÄÖ", "crypto"),
    ],
)
def test_asset_class(symbol: str, expected: str):
    assert asset_class(symbol) == expected


@given(SYMBOLS)
def test_only_a_short_ticker_is_a_stock(symbol: str):
    """A wrong "stock" would count capital four times; a wrong "crypto" refuses an order."""
    normal = normal_symbol(symbol)
    if asset_class(normal) == "stock":
        letters = normal.replace(".", "")
        assert letters.isalpha()
        assert len(letters) <= 6
        assert not (len(letters) == 5 and letters.endswith(("USD", "EUR")))
