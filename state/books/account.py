"""One account: its books of entries, orders and steals, and its capital ledger.

The ledger is `cash` and positions valued at the price they were last marked at; equity is their
sum.  A snapshot from the venue replaces both; a fill after it moves value between them.  Orders
carry what they may still cost; `committed_*` are the sums per asset class (see `invariants`).
"""

import msgspec

from state.rules.cooldowns import Cooldowns
from state.rules.fights import Fights
from state.rules.money import value_micros
from topics.limits import Intent, Mode, Side
from topics.symbols import AssetClass

from .lifecycle import (
    ENTRY_MOVES,
    ORDER_MOVES,
    STEAL_MOVES,
    EntryState,
    OrderState,
    StealPhase,
    check_move,
)

RECENT = 128
"""How many execution and ended order ids an account remembers, to make late reports harmless."""

DUST = 1e-9
"""A position smaller than this part of the trade that closed it is flat: float residue."""

NEVER = 2**62
"""A deadline that does not come."""


class Holding(msgspec.Struct):
    """A position: signed quantity, and its value in micro-dollars at the last mark."""

    qty: float
    value_micros: int


class Entry(msgspec.Struct):
    """A wish to open a position.  `qty` is what is still wanted.

    `kept_*` are tolerance and force as first found, for a policy that keeps them.
    """

    id: str
    symbol: str
    side: Side
    limit: float
    qty: float
    mode: Mode
    pnl: float | None
    tolerance: float | None
    force: bool
    rank: int | None
    expires_us: int
    state: EntryState = "waiting"
    order: str | None = None
    steal: str | None = None
    blocked: str | None = None
    retry_us: int = 0
    rejections: int = 0
    kept_tolerance: float | None = None
    kept_force: bool = False

    def move(self, state: EntryState) -> None:
        """Take a step of the life cycle."""
        check_move(ENTRY_MOVES, self.state, state)
        self.state = state


class Order(msgspec.Struct):
    """A live order at, or on its way to, the venue.  `remaining` is not filled yet.

    `seq` numbers the account's orders in the order in which the desk learnt of them.
    `accepted_us` is the desk's time of the venue's acceptance, `venue_us` the venue's own.
    `deadline_us` is when the venue should have answered; `unanswered_us` when
    the desk noted that it did not, else -1.
    `missing_us` is the first snapshot that did not list the order, -1 when none did not.
    `asked` counts the cancels sent because the venue did not answer the order itself.
    `market` marks an order that brings a position down at the market: it rests nowhere, reserves
    nothing, and `limit` is only what the position was worth.
    """

    id: str
    seq: int
    symbol: str
    side: Side
    intent: Intent
    mode: Mode
    limit: float
    remaining: float
    pnl: float | None
    state: OrderState
    entry: str | None = None
    accepted_us: int = 0
    venue_us: int = 0
    missing_us: int = -1
    reserved_micros: int = 0
    deadline_us: int = NEVER
    unanswered_us: int = -1
    asked: int = 0
    steal: str | None = None
    market: bool = False

    @property
    def leaving(self) -> bool:
        """Whether a cancel is under way whose answer is awaited and not overdue."""
        asked = self.steal is not None or self.deadline_us != NEVER
        return self.state == "cancelling" and self.unanswered_us < 0 and asked

    def move(self, state: OrderState) -> None:
        """Take a step of the life cycle."""
        check_move(ORDER_MOVES, self.state, state)
        self.state = state


class StealInFlight(msgspec.Struct):
    """A steal under way.  `held_micros` is margin already set aside for the thief.

    `pending` are the victims whose cancel is not answered yet; `spoiled` says why one of them did
    not give its capital.  `order` is the thief's order once it was sent.
    """

    id: str
    entry: str
    symbol: str
    needed_micros: int
    held_micros: int
    victims: list[str]
    pending: list[str]
    deadline_us: int
    phase: StealPhase = "cancelling"
    spoiled: str | None = None
    order: str | None = None
    attempt: int = 0
    retry_us: int = NEVER

    def move(self, phase: StealPhase) -> None:
        """Take a step of the life cycle."""
        check_move(STEAL_MOVES, self.phase, phase)
        self.phase = phase


class Rest(msgspec.Struct):
    """How often in a row the venue would not reduce a position, and when it is asked again."""

    refusals: int
    until_us: int


class Deleveraging(msgspec.Struct):
    """An account on its way to overnight leverage, for the close at `close_us`.

    `asked` are the orders that were cancelled for it, with the time from which one that the venue
    would not cancel is asked for again; `rests` the symbols whose position it would not reduce.
    """

    close_us: int
    asked: dict[str, int] = {}
    rests: dict[str, Rest] = {}


class Account(msgspec.Struct):
    """Everything the desk knows of one account; the durable row `account/<id>` is its encoding.

    `snapshot_us` is the venue's time of the last snapshot, -1 before the first; `last_fill_us` that
    of the latest fill booked.  The `recent_*` lists are bounded, oldest first.
    """

    id: str
    cash_micros: int = 0
    snapshot_us: int = -1
    last_fill_us: int = -1
    positions: dict[str, Holding] = {}
    entries: dict[str, Entry] = {}
    orders: dict[str, Order] = {}
    steals: dict[str, StealInFlight] = {}
    cooldowns: Cooldowns = {}
    cooldown_checks: dict[str, int] = {}
    fights: Fights = {}
    committed_crypto: int = 0
    committed_stock: int = 0
    sequence: int = 0
    recent_fills: list[str] = []
    recent_orders: list[str] = []
    own_policy: str | None = None
    halted: str | None = None
    deleveraging: Deleveraging | None = None

    def next_sequence(self) -> int:
        """Count up; names of orders and steals come from here, so they never repeat."""
        self.sequence += 1
        return self.sequence

    @property
    def unanswered(self) -> bool:
        """Whether an order's fate is unknown and a snapshot must tell."""
        for order in self.orders.values():  # noqa: SIM110 - a loop costs a third of `any` here
            if order.unanswered_us >= 0:
                return True
        return False

    @property
    def equity_micros(self) -> int:
        """Cash and the value of all positions."""
        equity = self.cash_micros
        for held in self.positions.values():
            equity += held.value_micros
        return equity

    def commit(self, kind: AssetClass, order: Order, micros: int) -> None:
        """Set what an order may cost, in place of what it reserved before."""
        change = micros - order.reserved_micros
        order.reserved_micros = micros
        if kind == "crypto":
            self.committed_crypto += change
        else:
            self.committed_stock += change

    def trade(self, symbol: str, side: Side, qty: float, price: float, fee_micros: int) -> None:
        """Book a fill at its price: value moves between cash and the position, the fee is gone."""
        signed = qty if side == "buy" else -qty
        held = self.positions.get(symbol)
        old_qty, old_value = (held.qty, held.value_micros) if held else (0.0, 0)
        new_qty = old_qty + signed
        paid = value_micros(signed, price)
        if abs(new_qty) <= DUST * qty:
            new_qty, new_value = 0.0, 0
        elif old_qty * signed >= 0:
            new_value = old_value + paid
        elif old_qty * new_qty > 0:
            new_value = round(old_value * (new_qty / old_qty))
        else:
            new_value = value_micros(new_qty, price)
        self.cash_micros -= paid + fee_micros
        if new_qty == 0.0:
            self.positions.pop(symbol, None)
        else:
            self.positions[symbol] = Holding(new_qty, new_value)

    def remember_fill(self, fill: str) -> bool:
        """Note an execution id; False if it was reported before."""
        if fill in self.recent_fills:
            return False
        self.recent_fills.append(fill)
        del self.recent_fills[:-RECENT]
        return True

    def forget_order(self, kind: AssetClass, order: Order) -> None:
        """Take an ended order off the books and release what it reserved."""
        self.commit(kind, order, 0)
        del self.orders[order.id]
        self.recent_orders.append(order.id)
        del self.recent_orders[:-RECENT]
