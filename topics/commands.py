"""What the desk orders: commands for the venue, on the topic `execution`.

A command's `id` is `<journal partition>-<journal offset>-<index>`: a function of its cause, so a
crash and a replay give the same id.  Within a partition ids rise, and a consumer that has seen one
may skip every id up to it.  `order` is the client order id; it is a function of the account's own
history alone.  `cause` names the event that led to it (`topic:partition:offset`, or `clock`).
"""

from typing import TypeAlias

import msgspec

from .events import Version
from .limits import Id, Micros, Price, Quantity, Side, Symbol, Text, TimeUs


class Command(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """Base of all commands.  `ts_us` is the desk's clock when it decided."""

    v: Version = 1
    id: str
    ts_us: TimeUs
    account: Id
    cause: str


class Cancel(Command, frozen=True, tag="cancel"):
    """Cancel an order: the victim of `steal`, or (null) the order of a withdrawn entry."""

    order: Id
    symbol: Symbol
    steal: Id | None = None


class Submit(Command, frozen=True, tag="submit"):
    """Place the limit order of an entry that free capital pays for."""

    order: Id
    entry: Id
    symbol: Symbol
    side: Side
    limit: Price
    qty: Quantity
    reserved_micros: Micros


class Steal(Command, frozen=True, tag="steal"):
    """Place the thief's limit order; the cancelled orders in `funded_by` paid for it.

    `attempt` counts from 1: a venue may confirm a cancel before the money is free, and the order
    is then sent again under a new id.
    """

    order: Id
    entry: Id
    symbol: Symbol
    side: Side
    limit: Price
    qty: Quantity
    reserved_micros: Micros
    steal: Id
    funded_by: list[Id]
    attempt: int = 1


class Reduce(Command, frozen=True, tag="reduce"):
    """Bring a position down by `qty` at the market."""

    symbol: Symbol
    side: Side
    qty: Quantity
    reason: Text


AnyCommand: TypeAlias = Cancel | Submit | Steal | Reduce

COMMAND_TYPES: tuple[type[Command], ...] = (Cancel, Submit, Steal, Reduce)
