"""A stream of raw events that keeps every desk busy, the same each time but for its clock.

80 % quotes of 20 symbols, and for each of 64 accounts a cycle of order events that ends where it
began: an order far from its limit holds the capital, an entry near its own is blocked and steals
it, the venue answers, the order ends.  Every cycle gives two commands, one cancel and one steal; by
default a cycle takes 100 events, so that there is one command for 50 events.

All events of a cycle travel on one topic, so the commands do not depend on how topics are merged.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from state.rules.policy import DEFAULT, policy_from
from topics.codec import encode
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    EntryRequested,
    OrderAccepted,
    OrderCancelled,
    PolicySet,
    Quote,
)

ACCOUNTS = 64
SYMBOLS = [f"SYM{number:02d}USD" for number in range(20)]
FILLER = 6
"""Pairs of small orders that come and go within a cycle: 14 further events with the snapshots."""

QUOTES_PER_EVENT = 4

EVENTS_PER_COMMAND = 50

POLICY = policy_from(
    {
        "name": "load",
        "quote_max_age_s": 864_000,
        "snapshot_max_age_s": 864_000,
        "cooldown_s": 0,
        "fight_threshold": 10_000,
        "steal_timeout_s": 864_000,
        "order_timeout_s": 864_000,
        "stock_leverage": 1,
        "stock_leverage_overnight": 1,
    },
    DEFAULT,
)
"""Nothing here may depend on how long the machine takes: no event is stale, no answer is late."""


class Raw(NamedTuple):
    """One record to publish: source topic of the catalogue, partition, bytes."""

    topic: str
    partition: int
    value: bytes


def account(number: int) -> str:
    """Return an account's name."""
    return f"acct-{number:02d}"


def opening(partitions: int, ts_us: int) -> list[Raw]:
    """Return what comes first: the policy for all, equity for each account, prices."""
    policy = PolicySet(ts_us=ts_us, policy=POLICY.model_dump(mode="json"))
    first = [Raw("accounts", number, encode(policy)) for number in range(partitions)]
    first += [
        Raw("accounts", number % partitions, encode(_snapshot(number, ts_us)))
        for number in range(ACCOUNTS)
    ]
    first += [
        Raw("quotes", number % partitions, _quote(number, 0, ts_us))
        for number in range(len(SYMBOLS))
    ]
    return first


def events(count: int, partitions: int, ts_us: int, filler: int = FILLER) -> Iterator[Raw]:
    """Yield `count` events; after an `opening` each whole cycle of an account gives two commands."""
    steps = 6 + 2 * filler + 2
    made = 0
    for turn in range(count):
        for number in range(ACCOUNTS):
            # Accounts begin one after the other, so that commands come evenly.
            cycle, step = divmod(turn - number % steps, steps)
            topic = "accounts" if step >= 5 + 2 * filler or cycle < 0 else "orders"
            event = _step(number, cycle, step, filler, ts_us)
            yield Raw(topic, number % partitions, encode(event))
            for _ in range(QUOTES_PER_EVENT):
                symbol = made % len(SYMBOLS)
                yield Raw("quotes", symbol % partitions, _quote(symbol, made, ts_us))
                made += 1
            made += 1
            if made >= count:
                return


def _step(number: int, cycle: int, step: int, filler: int, ts_us: int) -> AnyEvent:
    """Return one step of an account's cycle."""
    name = account(number)
    if cycle < 0:
        return _snapshot(number, ts_us)
    holder, thief = SYMBOLS[number % 10], SYMBOLS[10 + number % 10]
    entry, first = f"e{cycle}", f"w{cycle}"
    if step == 0:
        return OrderAccepted(
            ts_us=ts_us, account=name, order=first, symbol=holder, side="buy", limit=90.0, qty=100.0
        )
    if step == 1:
        return EntryRequested(
            ts_us=ts_us, account=name, entry=entry, symbol=thief, side="buy", limit=99.8, qty=50.0,
            expires_us=ts_us + 864_000_000_000,
        )  # fmt: skip
    if step == 2:
        return OrderCancelled(ts_us=ts_us, account=name, order=first)
    # In every cycle the account's sequence counts every order of others, the steal and its order.
    order = f"{entry}.{(3 + filler) * cycle + 3}"
    if step == 3:
        return OrderAccepted(
            ts_us=ts_us, account=name, order=order, symbol=thief, side="buy", limit=99.8, qty=50.0
        )
    if step == 4:
        return OrderCancelled(ts_us=ts_us, account=name, order=order)
    if step < 5 + 2 * filler:
        small = f"f{cycle}.{step // 2}"
        if step % 2:
            return OrderAccepted(
                ts_us=ts_us, account=name, order=small, symbol=holder, side="buy", limit=80.0, qty=1.0
            )  # fmt: skip
        return OrderCancelled(ts_us=ts_us, account=name, order=f"f{cycle}.{(step - 1) // 2}")
    return _snapshot(number, ts_us)


def _snapshot(number: int, ts_us: int) -> AccountSnapshot:
    return AccountSnapshot(ts_us=ts_us, account=account(number), equity=10_000.0)


_encode_quote = msgspec.json.Encoder(order="deterministic").encode


def _quote(symbol: int, made: int, ts_us: int) -> bytes:
    ask = 100.0 + (made * 7 % 11) * 0.01
    return _encode_quote(Quote(ts_us=ts_us, symbol=SYMBOLS[symbol], bid=ask - 0.01, ask=ask))
