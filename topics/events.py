"""What happens: the inbound events, one `msgspec.Struct` each, a tagged union of all.

They are the one definition from the wire to the decision.  Times are the producer's own clock and
only tell an event's age; the order of events and the desk's clock come from the journal.
"""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from .limits import (
    Fraction,
    Id,
    Intent,
    Mode,
    Money,
    Pnl,
    Price,
    Quantity,
    Rank,
    Side,
    SignedQuantity,
    Size,
    Symbol,
    Text,
    TimeUs,
)

Version = Literal[1]
"""The version of every message of this release, in the field `v`."""

RejectReason = Literal["insufficient_funds", "duplicate", "invalid", "other"]


class Event(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """Base of all inbound events."""

    v: Version = 1
    ts_us: TimeUs


class EntryRequested(Event, frozen=True, tag="entry.requested"):
    """A bot wishes to open a position at a limit.  The entry waits at the desk until it triggers.

    `pnl` is the forecast profit that ranks entries and settles fights (default: the symbol's last
    forecast).  `tolerance`, `force` and `rank` override what the policy would decide.
    `expires_us` defaults to the policy's rule.
    """

    account: Id
    entry: Id
    symbol: Symbol
    side: Side
    limit: Price
    qty: Quantity
    mode: Mode = "normal"
    pnl: Pnl | None = None
    tolerance: Fraction | None = None
    force: bool = False
    rank: Rank | None = None
    expires_us: TimeUs | None = None


class EntryWithdrawn(Event, frozen=True, tag="entry.withdrawn"):
    """The bot no longer wants the entry; an order already at the venue is cancelled."""

    account: Id
    entry: Id


class OrderAccepted(Event, frozen=True, tag="order.accepted"):
    """The venue holds this order.  Orders that the desk did not send are learnt from here."""

    account: Id
    order: Id
    symbol: Symbol
    side: Side
    limit: Price
    qty: Quantity
    intent: Intent = "entry"
    mode: Mode = "normal"
    pnl: Pnl | None = None


class OrderRejected(Event, frozen=True, tag="order.rejected"):
    """The venue refused the order.  `insufficient_funds` is tried again, nothing else is."""

    account: Id
    order: Id
    reason: RejectReason
    text: Text = ""


class OrderCancelled(Event, frozen=True, tag="order.cancelled"):
    """The venue confirms that the rest of the order is gone; only this frees capital."""

    account: Id
    order: Id


class OrderCancelRejected(Event, frozen=True, tag="order.cancel_rejected"):
    """The venue would not cancel: the order works on, or was filled already."""

    account: Id
    order: Id
    text: Text = ""


class OrderExpired(Event, frozen=True, tag="order.expired"):
    """The venue let the order lapse (time in force)."""

    account: Id
    order: Id


class Fill(Event, frozen=True, tag="fill"):
    """A trade.  `fill` is the venue's execution id and makes a repeated report harmless."""

    account: Id
    fill: Id
    order: Id
    symbol: Symbol
    side: Side
    price: Price
    qty: Quantity
    fee: Money = 0.0


class Quote(Event, frozen=True, tag="quote", gc=False):
    """Best bid and ask.  Sizes are null when the source has none."""

    symbol: Symbol
    bid: Price
    ask: Price
    bid_size: Size | None = None
    ask_size: Size | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One holding inside an account snapshot, valued at the venue's mark price."""

    symbol: Symbol
    qty: SignedQuantity
    price: Price


class AccountSnapshot(Event, frozen=True, tag="account.snapshot"):
    """The venue's word on an account as of `ts_us`: it contains every fill up to that time.

    `orders` lists all orders open at that time, or null when the venue did not say; with it the
    desk finds out what became of an order whose answer never came.
    """

    account: Id
    equity: Money
    positions: Annotated[list[Position], Meta(max_length=1000)] = []
    orders: Annotated[list[Id], Meta(max_length=2000)] | None = None


class Forecast(Event, frozen=True, tag="forecast"):
    """A model's expectation for a symbol; `pnl` is what ranks it against others."""

    symbol: Symbol
    pnl: Pnl
    low: Price | None = None
    high: Price | None = None
    close: Price | None = None


class PolicySet(Event, frozen=True, tag="policy.set"):
    """The policy in force from here on, for one account or (null) for all without their own."""

    policy: dict[str, Any]
    account: Id | None = None


AnyEvent: TypeAlias = (
    EntryRequested
    | EntryWithdrawn
    | OrderAccepted
    | OrderRejected
    | OrderCancelled
    | OrderCancelRejected
    | OrderExpired
    | Fill
    | Quote
    | AccountSnapshot
    | Forecast
    | PolicySet
)

EVENT_TYPES: tuple[type[Event], ...] = (
    EntryRequested,
    EntryWithdrawn,
    OrderAccepted,
    OrderRejected,
    OrderCancelled,
    OrderCancelRejected,
    OrderExpired,
    Fill,
    Quote,
    AccountSnapshot,
    Forecast,
    PolicySet,
)
