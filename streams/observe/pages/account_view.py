"""How an account stands, as plain values: for the worker's page and for `worksteal state`.

Looking changes nothing.  Some of what the desk offers makes what it does not find (`Prices.get`)
or writes down what it found (`trigger_of`): this uses `find` and copies.  All that
can stay behind is what the next event would have computed too, a policy read from its text or ranks.

Capital is in micro-dollars (`_micros`), times are the desk's in microseconds (`_us`), distances are
fractions of the limit; what is not known is null.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from state.books.account import NEVER, Account, Entry, Order, StealInFlight
from state.books.capacity import bound_micros, free_micros, needed_micros, used_micros
from state.dealing.look import Look
from state.desk import Desk
from state.rules import cooldowns, fights
from state.rules.decision import Candidate
from state.rules.policy import Policy
from state.rules.ranks import distance
from state.rules.refusals import Refusal
from state.rules.victims import weigh
from streams.ground.times import time_text
from topics.limits import Side
from topics.symbols import AssetClass

View = dict[str, Any]

CLASSES: tuple[AssetClass, ...] = ("crypto", "stock")


def look_up(desks: Mapping[int, Desk], account_id: str) -> View | None:
    """Return an account's view from the desk that has it, by journal partition; None if none has.

    An account's events belong into one partition.  If its producers spread them over several, each
    has an account of that name: the view is of the first, and names the others.
    """
    numbers = [n for n, desk in sorted(desks.items()) if account_id in desk.accounts]
    if not numbers:
        return None
    view = account_view(desks[numbers[0]], account_id)
    view["as_of"]["journal_partition"] = numbers[0]
    view["also_in_partitions"] = numbers[1:]
    return view


def account_view(desk: Desk, account_id: str) -> View:
    """Return how an account of this desk stands; raises `KeyError` if it has none of that name."""
    account = desk.accounts[account_id]
    policy = desk.policies.of(account)
    return {
        "account": account.id,
        "as_of": {
            "time": time_text(desk.clock.now_us),
            "time_us": desk.clock.now_us,
            "next_offset": desk.next_offset,
        },
        "halted": account.halted,
        "awaiting_reconciliation": account.unanswered,
        "policy": {"name": policy.name, "own": account.own_policy is not None},
        "capital": _capital(desk, policy, account),
        "positions": _positions(policy, account),
        "orders": _orders(desk, policy, account),
        "entries": [_entry(desk, policy, entry) for entry in account.entries.values()],
        "steals": [_steal(steal) for steal in account.steals.values()],
        "cooldowns": _cooldowns(desk, policy, account),
        "fights": _fights(desk, policy, account),
    }


def _capital(desk: Desk, policy: Policy, account: Account) -> View:
    positions = dict.fromkeys(CLASSES, 0)
    for symbol, held in account.positions.items():
        positions[policy.asset_class(symbol)] += abs(held.value_micros)
    orders = {"crypto": account.committed_crypto, "stock": account.committed_stock}
    by_class = {}
    for kind in CLASSES:
        leverage = policy.leverage(kind, desk.clock.intraday(policy))
        by_class[kind] = {
            "positions_micros": positions[kind],
            "orders_micros": orders[kind],
            "leverage": leverage,
            "reserved_micros": bound_micros(
                policy, kind, positions[kind] + orders[kind], desk.clock.intraday(policy)
            ),
        }
    return {
        "equity_micros": account.equity_micros,
        "cash_micros": account.cash_micros,
        "reserved_micros": used_micros(account, policy, desk.clock.intraday(policy)),
        "free_micros": free_micros(account, policy, desk.clock.intraday(policy)),
        "by_class": by_class,
        "steals_micros": sum(steal.held_micros for steal in account.steals.values()),
        "snapshot_us": _known(account.snapshot_us),
    }


def _positions(policy: Policy, account: Account) -> list[View]:
    return [
        {
            "symbol": symbol,
            "class": policy.asset_class(symbol),
            "qty": held.qty,
            "value_micros": held.value_micros,
        }
        for symbol, held in sorted(account.positions.items())
    ]


def _orders(desk: Desk, policy: Policy, account: Account) -> list[View]:
    """Return the orders as a thief would weigh them: who would give way first stands first."""
    weighed = weigh(policy, Look(desk.clock, desk.board, policy, account).orders)
    return [_order(desk, policy, account.orders[item.view.order], item) for item in weighed]


def _order(desk: Desk, policy: Policy, order: Order, weighed: Candidate) -> View:
    return {
        "order": order.id,
        "symbol": order.symbol,
        "side": order.side,
        "intent": order.intent,
        "mode": order.mode,
        "limit": order.limit,
        "remaining": order.remaining,
        "reserved_micros": order.reserved_micros,
        **_price(desk, policy, order.symbol, order.side, order.limit),
        "forecast": weighed.view.pnl,
        "state": order.state,
        "spared": weighed.protection,
        "entry": order.entry,
        "steal": order.steal,
        "accepted_us": order.accepted_us or None,
        "deadline_us": _due(order.deadline_us),
        "unanswered_us": _known(order.unanswered_us),
    }


def _entry(desk: Desk, policy: Policy, entry: Entry) -> View:
    copy = msgspec.structs.replace(entry)  # a policy may let the entry keep what is found first
    near, force = desk.board.trigger_of(policy, copy)
    return {
        "entry": entry.id,
        "symbol": entry.symbol,
        "side": entry.side,
        "mode": entry.mode,
        "limit": entry.limit,
        "qty": entry.qty,
        "needed_micros": needed_micros(policy, entry, desk.clock.intraday(policy)),
        **_price(desk, policy, entry.symbol, entry.side, entry.limit),
        "tolerance": near,
        "force": force,
        "forecast": desk.board.pnl(entry.symbol, entry.pnl),
        "state": entry.state,
        "blocked": entry.blocked,
        "blocked_because": Refusal(entry.blocked).meaning if entry.blocked else None,
        "order": entry.order,
        "steal": entry.steal,
        "retry_us": entry.retry_us if entry.retry_us > desk.clock.now_us else None,
        "expires_us": entry.expires_us,
    }


def _price(desk: Desk, policy: Policy, symbol: str, side: Side, limit: float) -> View:
    """Return the last price of a limit's side, however old, and how far the limit is from it."""
    price = desk.board.prices.find(symbol)
    if price is None or price.quote_us < 0:
        return {"price": None, "quote_us": None, "fresh": False, "distance": None}
    at = price.reference(side)
    return {
        "price": at,
        "quote_us": price.quote_us,
        "fresh": desk.board.fresh(policy, symbol) is not None,
        "distance": distance(policy, side, limit, at),
    }


def _steal(steal: StealInFlight) -> View:
    return {
        "steal": steal.id,
        "entry": steal.entry,
        "symbol": steal.symbol,
        "phase": steal.phase,
        "needed_micros": steal.needed_micros,
        "held_micros": steal.held_micros,
        "victims": list(steal.victims),
        "pending": list(steal.pending),
        "order": steal.order,
        "attempt": steal.attempt,
        "spoiled": steal.spoiled,
        "deadline_us": _due(steal.deadline_us),
        "retry_us": _due(steal.retry_us),
    }


def _cooldowns(desk: Desk, policy: Policy, account: Account) -> list[View]:
    """Return the symbols that are spared now; that one was stolen from is remembered for longer."""
    now, history = desk.clock.now_us, account.fights
    found = []
    for symbol, since in sorted(account.cooldowns.items()):
        until = cooldowns.ends_us(policy, account.cooldowns, history, symbol, now)
        if until is not None and now < until:
            found.append({"symbol": symbol, "since_us": since, "until_us": until})
    return found


def _fights(desk: Desk, policy: Policy, account: Account) -> list[View]:
    """Return the pairs with steals that still count; `fight`: one more would be a fight."""
    now, history = desk.clock.now_us, account.fights
    found = []
    for pair in sorted(history):
        count = fights.steals_in_window(policy, history, pair, now)
        if count:
            one, _, other = pair.partition("|")
            found.append(
                {
                    "pair": [one, other],
                    "steals": count,
                    "threshold": policy.fight_threshold,
                    "fight": fights.would_fight(policy, history, one, other, now),
                    "last_us": max(history[pair]),
                    "until_us": _fight_until(policy, history[pair], now),
                }
            )
    return found


def _fight_until(policy: Policy, moments: list[int], now: int) -> int:
    """Return when a pair's fight is over, or, short of a fight, when its steals count no more."""
    window = policy.fight_window_us
    counted = sorted((moment for moment in moments if moment >= now - window), reverse=True)
    enough = max(1, policy.fight_threshold - 1)
    last = counted[enough - 1] if len(counted) >= enough else counted[0]
    return last + window + 1  # one that is exactly as old as the window still counts


def _known(time_us: int) -> int | None:
    return time_us if time_us >= 0 else None


def _due(time_us: int) -> int | None:
    return time_us if time_us != NEVER else None
