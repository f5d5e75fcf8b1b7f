"""What became of it: facts for subscribers, on the topic `steals`.

Facts share the numbering of commands: one rising sequence of ids per journal partition.
"""

from typing import Literal, TypeAlias

import msgspec

from .events import Version
from .limits import Id, Micros, Pnl, Symbol, Text, TimeUs


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of all facts.  `account` is null for a fact about no account."""

    v: Version = 1
    id: str
    ts_us: TimeUs
    account: Id | None
    cause: str


class Victim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One order that a steal takes capital from."""

    order: Id
    symbol: Symbol
    distance: float
    pnl: Pnl
    freed_micros: Micros


class StealStarted(Fact, frozen=True, tag="steal.started"):
    """Cancels were sent for the victims; no capital is free yet."""

    steal: Id
    entry: Id
    symbol: Symbol
    needed_micros: Micros
    free_micros: Micros
    victims: list[Victim]


class StealSettled(Fact, frozen=True, tag="steal.settled"):
    """The venue accepted the thief's order."""

    steal: Id
    entry: Id
    order: Id


class StealLost(Fact, frozen=True, tag="steal.lost"):
    """The capital did not come free, or the venue refused the thief; the entry waits on."""

    steal: Id
    entry: Id
    reason: str


class StealExpired(Fact, frozen=True, tag="steal.expired"):
    """The venue did not answer in time; the account waits for a snapshot that says what is true."""

    steal: Id
    entry: Id
    unanswered: list[Id]


class EntryBlocked(Fact, frozen=True, tag="entry.blocked"):
    """The entry triggered and may not go.  Sent when the reason changes, not at each attempt."""

    entry: Id
    symbol: Symbol
    reason: str
    detail: str | None
    needed_micros: Micros
    free_micros: Micros


class EntryEnded(Fact, frozen=True, tag="entry.ended"):
    """The desk has nothing more to do for this entry."""

    entry: Id
    symbol: Symbol
    reason: Literal["filled", "expired", "withdrawn", "rejected", "cancelled"]


class FightDetected(Fact, frozen=True, tag="fight.detected"):
    """Two symbols take the same capital from each other; `won` tells if forecast PnL allowed it."""

    entry: Id
    pair: tuple[str, str]
    steals: int
    won: bool


class CooldownStarted(Fact, frozen=True, tag="cooldown.started"):
    """Orders of this symbol may not be stolen until `until_us` (a fight can make that later)."""

    symbol: Symbol
    until_us: TimeUs


class DeleverageStarted(Fact, frozen=True, tag="deleverage.started"):
    """Before the close, stocks bind more than the account has at overnight leverage.

    `over_micros` is the margin that is too much, `cancels` the orders cancelled first, the furthest
    from its limit first.  Positions are reduced if that is not enough.
    """

    close_us: TimeUs
    over_micros: Micros
    cancels: list[Id]


class DeleverageDone(Fact, frozen=True, tag="deleverage.done"):
    """Nothing more is done.  `over_micros` is what is still too much, 0 if the account fits."""

    close_us: TimeUs
    over_micros: Micros


class InterestCharged(Fact, frozen=True, tag="interest.charged"):
    """The fee of one trading day for the stock capital borrowed at the close."""

    close_us: TimeUs
    borrowed_micros: Micros
    fee_micros: Micros


class AccountHalted(Fact, frozen=True, tag="account.halted"):
    """An invariant broke.  The desk decides nothing more for this account."""

    reason: str
    detail: Text


class EventRefused(Fact, frozen=True, tag="event.refused"):
    """A well-formed event that makes no sense here; it changed nothing."""

    reason: str
    detail: Text


AnyFact: TypeAlias = (
    StealStarted
    | StealSettled
    | StealLost
    | StealExpired
    | EntryBlocked
    | EntryEnded
    | FightDetected
    | CooldownStarted
    | DeleverageStarted
    | DeleverageDone
    | InterestCharged
    | AccountHalted
    | EventRefused
)

FACT_TYPES: tuple[type[Fact], ...] = (
    StealStarted,
    StealSettled,
    StealLost,
    StealExpired,
    EntryBlocked,
    EntryEnded,
    FightDetected,
    CooldownStarted,
    DeleverageStarted,
    DeleverageDone,
    InterestCharged,
    AccountHalted,
    EventRefused,
)
