"""The paper venue's durable rows: what they are called, what they hold, and their version.

| key | holds |
|---|---|
| `cursor` | clock, offsets, handled commands, the count of fills |
| `account <id>` | opening cash, the account's venue, and its lots |
| `order <account> <order>` | the number of an order id that was taken |
| `price <symbol>` | last bid and ask |

Ids and symbols have no spaces, so no two things share a key.
"""

from typing import NamedTuple, TypeVar

import msgspec

from streams.venues.simulated.rows import VenueRow

from .errors import PaperError
from .lots import Lot

FORMAT = 3
"""Raise it when a row's form changes."""

FORMATS_READ = (1, 2, 3)
"""A file of another format is refused; one of an older format becomes one of this when it is opened.

1 had no lots: nothing was closed for anybody.  2 had no interest: closes count from the restart.
"""

CURSOR = "cursor"

T = TypeVar("T")


class VenueCursor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the venue stands.  Times in microseconds since 1970 UTC.

    `topic` is the real name of the topic that commands came from.  `offsets` has the next offset to
    read by `execution:0`, `quotes:3`; `marks` the highest command by execution and journal
    partition.  `born_us` is when the file was made, and part of each fill's id.
    """

    topic: str
    born_us: int
    now_us: int
    fills: int
    offsets: dict[str, int]
    marks: dict[str, tuple[int, int]]


class AccountRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account: the dollars it was opened with, all it has become, and what is to be closed."""

    opening: float
    venue: VenueRow
    lots: list[Lot] = []


class VenuePrice(NamedTuple):
    """The last quote of a symbol, dollars for one unit."""

    bid: float
    ask: float


class StoredBook(NamedTuple):
    """All rows, decoded."""

    cursor: VenueCursor
    accounts: list[AccountRow]
    orders: dict[str, list[tuple[str, int]]]
    prices: dict[str, tuple[float, float]]


Row = VenueCursor | AccountRow | VenuePrice | int

_encoder = msgspec.msgpack.Encoder(order="deterministic")


def encode_row(row: Row) -> bytes:
    """Encode a row; equal rows give equal bytes."""
    return _encoder.encode(row)


def account_key(account: str) -> str:
    """Return the key of an account's row."""
    return f"account {account}"


def order_key(account: str, order: str) -> str:
    """Return the key of a taken order id."""
    return f"order {account} {order}"


def price_key(symbol: str) -> str:
    """Return the key of a symbol's last quote."""
    return f"price {symbol}"


def decode_rows(rows: dict[str, bytes]) -> StoredBook | None:
    """Decode all rows; None if there are none yet.  Raises `PaperError` if they cannot be read."""
    if not rows:
        return None
    cursor = None
    accounts: list[AccountRow] = []
    orders: dict[str, list[tuple[str, int]]] = {}
    prices: dict[str, tuple[float, float]] = {}
    for key in sorted(rows):
        match key.split(" "), rows[key]:
            case ["cursor"], row:
                cursor = _decode(key, row, VenueCursor)
            case ["account", _], row:
                accounts.append(_decode(key, row, AccountRow))
            case ["order", account, order], row:
                orders.setdefault(account, []).append((order, _decode(key, row, int)))
            case ["price", symbol], row:
                bid, ask = _decode(key, row, VenuePrice)
                prices[symbol] = (bid, ask)
            case _:
                raise PaperError(
                    f"the venue's file has a row {key!r}, which no venue wrote; name another --data-dir."
                )
    if cursor is None:
        raise PaperError(
            "the venue's file has no cursor, so nobody knows where it stands; name another --data-dir."
        )
    return StoredBook(cursor, accounts, orders, prices)


def _decode(key: str, row: bytes, kind: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(row, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PaperError(
            f"the venue's row {key!r} cannot be read ({error}); name another --data-dir."
        ) from error
