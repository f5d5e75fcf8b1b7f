"""How far prices may move, and time pass, before an account's refused entries have to try again.

An entry that stands at its trigger and was refused tries again at every quote of its symbol, and is
nearly always refused for the same reason.  A backtest passes over those quotes (`Desk.pass_over`);
this module says which ones, by the facts that a refusal rests on: on which side of its edges each
price stands, which quotes are fresh, and until when cooldowns, fights and ages stay as they are.
It errs on the safe side: a quote that could matter is never passed over, one that could not may be
looked at.
"""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

from state.books.account import NEVER, Account, Entry
from state.dealing.attempts import Weighed
from state.dealing.board import Board
from state.dealing.context import Context
from state.dealing.look import Look
from state.market.triggers import SLACK
from state.rules.decision import OrderView
from state.rules.money import seconds_to_us
from state.rules.policy import Policy
from state.rules.refusals import Protection, Refusal
from topics.limits import Side

from .ladder import walk

Calm = tuple[float, float, float, float]
"""Bounds of the ask, then of the bid: between them (not at them) a quote changes nothing."""

EVERYWHERE: Calm = (-inf, inf, -inf, inf)
NOWHERE: Calm = (inf, -inf, inf, -inf)

_PRICELESS = frozenset(
    {Protection.NOT_AN_ENTRY, Protection.SAME_SIDE, Protection.IN_FLIGHT, Protection.PROBE}
)
"""Protections that stand whatever the price does."""


class Premises(NamedTuple):
    """What must stay true for every refused entry of an account to stay refused as it is.

    `fresh` are symbols whose quotes must not grow older than `max_age_us`; `until_us` is the first
    moment (microseconds) at which time alone may change something.
    """

    calm: dict[str, Calm]
    fresh: tuple[str, ...]
    max_age_us: int
    until_us: int


def premises(context: Context, account: Account) -> Premises | None:
    """Say how long the account's refused entries stay refused; None if none is at its trigger."""
    prices = context.board.prices
    awake = [
        entry
        for entry in account.entries.values()
        if entry.state == "waiting"
        and (account.id, entry.id) in prices.get(entry.symbol).triggers(entry.side).awake
    ]
    if not awake or account.halted is not None:
        return None
    look = context.looks.at(account)
    facts = _Facts(context.board, look)
    for entry in awake:
        if entry.retry_us <= look.now_us:  # else its timer comes first
            facts.add(entry)
    return Premises(facts.calm, tuple(facts.fresh), look.policy.quote_max_age_us, facts.until_us)


class _Case(NamedTuple):
    """A refused entry, and what its try came to."""

    entry: Entry
    weighed: Weighed


class _Facts:
    """Collects what the refusals of one account rest on."""

    def __init__(self, board: Board, look: Look) -> None:
        self.calm: dict[str, Calm] = {}
        self.fresh: dict[str, None] = {}
        self.until_us = NEVER
        self._board = board
        self._look = look
        self._policy = look.policy
        self._history_noted = False

    def add(self, entry: Entry) -> None:
        """Add what the refusal of one entry rests on: every check that it passed, and the last."""
        board, policy, symbol = self._board, self._policy, entry.symbol
        near, force = board.trigger_of(policy, entry)
        if not force:
            self._edges(symbol, entry.side, entry.limit, near)
        weighed = walk(board, self._look, entry, board.waiters[self._look.account.id][entry.id])
        if weighed.refusal is None or entry.blocked != weighed.refusal:
            self.calm[symbol] = NOWHERE
            return
        case = _Case(entry, weighed)
        for check in Refusal:
            _RESTS_ON.get(check, _Facts.every_quote)(self, case)
            if check is weighed.refusal:
                return

    def every_quote(self, case: _Case) -> None:
        """Nobody said here what a check rests on: no quote of the symbol is passed over."""
        self.calm[case.entry.symbol] = NOWHERE

    def own_quote(self, case: _Case) -> None:
        """The symbol's next quote mends it; what passed is asked again at each of them anyway."""
        if case.weighed.refusal in (Refusal.NO_PRICE, Refusal.STALE_QUOTE):
            self.calm[case.entry.symbol] = NOWHERE

    def event(self, case: _Case) -> None:
        """Only an event of the account or of a policy can change it."""

    def snapshot_age(self, case: _Case) -> None:
        """The account's snapshot grows too old; once it is, only an event can change that."""
        if case.weighed.refusal is not Refusal.STALE_ACCOUNT:
            ends_us = self._look.snapshot_us + self._policy.snapshot_max_age_us + 1
            self.until_us = min(self.until_us, ends_us)

    def own_distance(self, case: _Case) -> None:
        """The entry comes near enough to its limit to steal, or goes too far."""
        self._edges(
            case.entry.symbol, case.entry.side, case.entry.limit, self._policy.entry_tolerance
        )

    def victims(self, case: _Case) -> None:
        """Every order must stay as protected, or as exposed, as it is."""
        assert case.weighed.choice is not None
        if not _in_any_order(self._policy, case.weighed):
            self.calm[case.entry.symbol] = NOWHERE
            return
        for item in case.weighed.choice.weighed:
            if item.protection in _PRICELESS:
                continue
            view = item.view
            if view.price is None:
                self.calm[view.symbol] = NOWHERE  # its next quote makes it a candidate
                continue
            self.fresh[view.symbol] = None
            self._edges(view.symbol, view.side, view.limit, self._policy.protection, view.price)
            self._age(view)
        self._history()

    def _age(self, view: OrderView) -> None:
        if self._policy.protect_age_s:
            ends_us = view.accepted_us + seconds_to_us(self._policy.protect_age_s)
            if ends_us > self._look.now_us:
                self.until_us = min(self.until_us, ends_us)

    def _history(self) -> None:
        """Cooldowns end, and steals leave the window in which they make a fight."""
        if self._history_noted:
            return
        self._history_noted = True
        account, policy, now = self._look.account, self._policy, self._look.now_us
        times = [
            last + length
            for last in account.cooldowns.values()
            for length in (policy.cooldown_us, policy.fight_cooldown_us)
        ]
        times += [
            moment + policy.fight_window_us + 1
            for moments in account.fights.values()
            for moment in moments
        ]
        self.until_us = min([self.until_us, *(moment for moment in times if moment > now)])

    def _edges(
        self, symbol: str, side: Side, limit: float, away: float, price: float | None = None
    ) -> None:
        """Keep the price on its side of where its distance from a limit is `away` (a fraction)."""
        if price is None:
            price = self._board.prices.get(symbol).reference(side)
        ask_low, ask_high, bid_low, bid_high = self.calm.get(symbol, EVERYWHERE)
        low, high = (ask_low, ask_high) if side == "buy" else (bid_low, bid_high)
        slack = limit * SLACK
        for edge in self._where(side, limit, away):
            if price > edge + slack:
                low = max(low, edge + slack)
            elif price < edge - slack:
                high = min(high, edge - slack)
            else:
                low, high = inf, -inf  # too close to tell: every quote counts
        if side == "buy":
            self.calm[symbol] = (low, high, bid_low, bid_high)
        else:
            self.calm[symbol] = (ask_low, ask_high, low, high)

    def _where(self, side: Side, limit: float, away: float) -> tuple[float, ...]:
        """Return the prices whose distance from a limit is exactly `away`."""
        above, below = limit * (1.0 + away), limit * (1.0 - away)
        if self._policy.distance == "side_blind":
            return (above, below)
        return (above,) if side == "buy" else (below,)


_RESTS_ON: dict[Refusal, Callable[[_Facts, _Case], None]] = {
    Refusal.NO_PRICE: _Facts.own_quote,
    Refusal.STALE_QUOTE: _Facts.own_quote,
    Refusal.AWAITING_RECONCILIATION: _Facts.event,
    Refusal.NO_ACCOUNT_SNAPSHOT: _Facts.event,
    Refusal.STALE_ACCOUNT: _Facts.snapshot_age,
    Refusal.DISABLED: _Facts.event,
    Refusal.TOO_FAR_FROM_LIMIT: _Facts.own_distance,
    Refusal.ORDERS_UNAVAILABLE: _Facts.event,
    Refusal.NO_STEAL_CANDIDATES: _Facts.victims,
    # What comes of the victims rests on the same orders, which were noted with the check above.
    Refusal.FIGHT_PNL_NOT_BETTER: _Facts.event,
    Refusal.INSUFFICIENT_CAPITAL: _Facts.event,
    Refusal.DRY_RUN: _Facts.event,
}
"""What each check of the ladder rests on, whether it passed or failed.

A refusal that is missing here costs speed, never a decision: it is found out at every quote.
"""


def _in_any_order(policy: Policy, weighed: Weighed) -> bool:
    """Tell whether the refusal would be the same in whatever order the candidates stood.

    Between two edges the distances still change, and with them who would be taken first.
    """
    choice, refusal = weighed.choice, weighed.refusal
    assert choice is not None
    able = [item for item in choice.weighed if item.protection is None]
    if refusal is Refusal.NO_STEAL_CANDIDATES:
        return not able
    losers = [item for item in able if item.fight_lost]
    if losers and policy.on_fight_lost == "end":
        return len(losers) == len(able)
    frees = sorted((item.view.frees_micros for item in able if not item.fight_lost), reverse=True)
    if refusal is Refusal.FIGHT_PNL_NOT_BETTER:
        return not frees
    shortfall = weighed.needed_micros - weighed.free_micros
    if refusal is Refusal.INSUFFICIENT_CAPITAL:
        return sum(frees[: policy.max_victims]) < shortfall
    return refusal is Refusal.DRY_RUN and (
        not policy.must_free_enough or sum(frees[-policy.max_victims :]) >= shortfall
    )
