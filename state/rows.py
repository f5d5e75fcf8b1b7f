"""Durable rows: a desk as key-value pairs, and back, and one digest of them all.

    cursor            clock, next journal offset, high-water marks, default policy
    account/<id>      one account, complete
    price/<symbol>    last quote and forecast

Timers, triggers and open sessions are not stored: they follow from the rows.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from .books.account import Account
from .market.prices import PriceRow
from .rules.policy import Policy

FORMAT = 1
"""Version of the rows; a store written by another is refused."""


class Cursor(msgspec.Struct):
    """Where a desk stands in its journal.  `marks` maps `topic:partition` to an offset."""

    format: int
    now_us: int
    next_offset: int
    marks: dict[str, int]
    default_policy: str


class RowsError(ValueError):
    """Rows that this version cannot read; the message says what to do."""


_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def encode_rows(
    cursor: Cursor, accounts: Iterable[Account], prices: Iterable[PriceRow]
) -> dict[str, bytes]:
    """Return rows by key, in the order of their keys."""
    rows = {"cursor": _encode(cursor)}
    rows |= {f"account/{account.id}": _encode(account) for account in accounts}
    rows |= {f"price/{price.symbol}": _encode(price) for price in prices}
    return dict(sorted(rows.items()))


def decode_rows(rows: Mapping[str, bytes]) -> tuple[Cursor, list[Account], list[PriceRow]]:
    """Read rows back; raises `RowsError` if they are damaged or of another version."""
    if "cursor" not in rows:
        raise RowsError("the rows have no cursor: the store is incomplete, rebuild it")
    try:
        raw = msgspec.msgpack.decode(rows["cursor"])
        version = raw.get("format")
        if version == FORMAT:
            return _read(raw, rows)
    except (msgspec.MsgspecError, AttributeError, ValueError) as error:
        raise RowsError(f"the rows are damaged, rebuild the store: {error}") from error
    raise RowsError(
        f"the rows are of format {version}, this version reads {FORMAT}:"
        " rebuild the store from the journal"
    )


def _read(raw: object, rows: Mapping[str, bytes]) -> tuple[Cursor, list[Account], list[PriceRow]]:
    """Read the rows of this version's format."""
    cursor = msgspec.convert(raw, Cursor)
    accounts = [
        msgspec.msgpack.decode(row, type=Account)
        for key, row in sorted(rows.items())
        if key.startswith("account/")
    ]
    prices = [
        msgspec.msgpack.decode(row, type=PriceRow)
        for key, row in sorted(rows.items())
        if key.startswith("price/")
    ]
    _check_texts(cursor, accounts)
    return cursor, accounts, prices


def _check_texts(cursor: Cursor, accounts: Iterable[Account]) -> None:
    """Raise `ValueError` or `DecodeError` unless what is stored as text can be read, too."""
    own = [account.own_policy for account in accounts if account.own_policy is not None]
    for stored in (cursor.default_policy, *own):
        Policy.model_validate(msgspec.json.decode(stored))
    for source in cursor.marks:
        int(source.rpartition(":")[2])


def digest(rows: Mapping[str, bytes]) -> str:
    """Return one 128-bit digest of all rows, in hexadecimal."""
    total = blake2b(digest_size=16)
    for key, row in sorted(rows.items()):
        total.update(f"{key}:{len(row)}:".encode())
        total.update(row)
    return total.hexdigest()
