"""What a value on the wire may be, as annotated types shared by every message.

The bounds are generous on purpose: they exist to stop a corrupt record, not to have an opinion
about a market.  A value outside them is refused with a named reason (see `topics.refusals`).
"""

from typing import Annotated, Literal

from msgspec import Meta

RECORD_BYTES_MAX = 64 * 1024
"""Largest inbound record in bytes; anything longer is refused before it is looked at."""

DEPTH_MAX = 8
"""Deepest nesting of objects and arrays in an inbound record."""

PRICE_MAX = 1e9
"""Dollars for one unit."""

QUANTITY_MAX = 1e12
"""Units (shares, coins)."""

MONEY_MAX = 1e12
"""Dollars of equity or fee, either sign."""

TIME_US_MAX = 4_102_444_800_000_000
"""2100-01-01 in microseconds since 1970; below 2**53, so every JSON reader keeps it exact."""

ID_PATTERN = r"\A[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,63}\Z"
SYMBOL_PATTERN = r"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,31}\Z"

Price = Annotated[float, Meta(gt=0, le=PRICE_MAX, description="dollars for one unit")]
Quantity = Annotated[float, Meta(gt=0, le=QUANTITY_MAX, description="units, always positive")]
SignedQuantity = Annotated[
    float, Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX, description="units, negative when short")
]
Size = Annotated[
    float, Meta(ge=0, le=QUANTITY_MAX, description="units on offer at the quoted price")
]
Money = Annotated[float, Meta(ge=-MONEY_MAX, le=MONEY_MAX, description="dollars")]
Micros = Annotated[int, Meta(description="millionths of a dollar")]
TimeUs = Annotated[int, Meta(ge=0, le=TIME_US_MAX, description="microseconds since 1970-01-01 UTC")]
Fraction = Annotated[float, Meta(ge=0, le=10, description="fraction: 0.01 is one per cent")]
Pnl = Annotated[float, Meta(ge=-MONEY_MAX, le=MONEY_MAX, description="forecast profit or loss")]
Rank = Annotated[int, Meta(ge=1, le=10_000, description="1 is the best")]
Offset = Annotated[int, Meta(ge=-1, description="Kafka offset; -1 stands before the first record")]
Id = Annotated[str, Meta(pattern=ID_PATTERN, description="letters, digits and ._:/@+-")]
Symbol = Annotated[str, Meta(pattern=SYMBOL_PATTERN, description="BTCUSD, BTC/USD, AAPL")]
Text = Annotated[str, Meta(max_length=500, description="free text for people")]

Side = Literal["buy", "sell"]
Mode = Literal["normal", "probe"]
Intent = Literal["entry", "exit"]
