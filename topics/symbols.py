"""One normal form for symbols and the asset class that follows from it.

Venues spell the same pair BTC/USD, BTC-USD, btcusd; a position under one spelling and a quote
under another would be two markets.  Everything behind the door uses the normal form.
"""

import re
from functools import lru_cache
from typing import Literal

AssetClass = Literal["crypto", "stock"]

_SEPARATORS = str.maketrans("", "", "/-_")
_TICKER = re.compile(r"\A[A-Z]{1,5}(\.[A-Z])?\Z")
_QUOTE_CURRENCIES = ("USD", "USDT", "USDC", "EUR")


def normal_symbol(symbol: str) -> str:
    """Return the one spelling used inside: upper case, no separators (`btc/usd` → `BTCUSD`)."""
    return symbol.translate(_SEPARATORS).upper()


@lru_cache(maxsize=4096)
def asset_class(symbol: str) -> AssetClass:
    """Return the asset class of a symbol in normal form.

    A US ticker (one to five letters, `BRK.B`) is a stock; everything else is crypto.  Crypto
    is the safe answer, for it gets no leverage: a wrong guess refuses an order, never over-commits.
    """
    if not _TICKER.match(symbol):
        return "crypto"
    pair = len(symbol) == 5 and symbol.endswith(_QUOTE_CURRENCIES)
    return "crypto" if pair else "stock"
