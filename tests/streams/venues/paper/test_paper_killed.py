"""The paper venue's own kill -9 on a real broker changes nothing."""

import asyncio
from contextlib import closing
from random import Random

import pytest

from streams.venues.paper.rows import decode_rows
from streams.venues.paper.store import Store
from topics.commands import Command
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderRejected,
)

from .crashing import check_stories, money
from .paper import cancel, fills_of, submit
from .wire import QUICK, SECONDS_MAX, Wire, quote, wire

CASH = {"one": 50_000.0, "two": 20_000.0}
MOVES = 360
KILLS = 3
HOLD_MS = 150


async def trade(at: Wire, chance: Random) -> tuple[set[str], set[str]]:
    """Send commands and quotes without a pause, killing the venue now and then.

    Returns the orders that were submitted, and those of which a cancel was sent.
    """
    options = [word for name in CASH for word in ("--account", f"{name}={CASH[name]:g}")]
    told = (*QUICK, "--hold-ms", HOLD_MS)
    venue = at.launch(*told, *options)
    await at.ready(venue)
    kills = {MOVES * (2 * n + 1) // (2 * KILLS) + chance.randrange(-30, 30) for n in range(KILLS)}
    submitted: dict[str, str] = {}
    cancelled: dict[str, None] = {}
    sent: list[Command] = []
    for move in range(MOVES):
        account = chance.choice(("one", "two"))
        part = list(CASH).index(account)
        what = chance.randrange(6)
        if what < 3:
            name = f"o{move}"
            limit = 100.0 - chance.randrange(6)
            command = submit(move, name, limit, account=account, partition=part)
            submitted[name] = account
            sent.append(command)
            await at.send(command)
        elif what == 3 and len(cancelled) < len(submitted):
            name = chance.choice([name for name in submitted if name not in cancelled])
            account = submitted[name]
            part = list(CASH).index(account)
            cancelled[name] = None
            sent.append(cancel(move, name, account=account, partition=part))
            await at.send(sent[-1])
        else:
            ask = 95.0 + chance.randrange(10)
            await at.send(quote(ask - 1, ask))
        if chance.random() < 0.05:
            await at.send(*sent[-3:])  # as a desk does that was killed
        if move in kills:
            venue.kill()
            venue.wait()
            venue = at.launch(*told)
        await asyncio.sleep(0.01)
    return set(submitted), set(cancelled)


def answered(answers: list[AnyEvent], orders: set[str], cancels: set[str]) -> bool:
    """Tell whether every command was answered, and the accounts shown when all had been said.

    What is held has been offered for the last time when it was held twice as long as it should be.
    """
    placed = {e.order for e in answers if isinstance(e, OrderAccepted | OrderRejected)}
    ended = {e.order for e in answers if isinstance(e, OrderCancelled | OrderCancelRejected)}
    if not (orders <= placed and cancels <= ended):
        return False
    last_us = max(e.ts_us for e in answers if not isinstance(e, AccountSnapshot))
    last_us += 3 * HOLD_MS * 1000
    shown = {e.account for e in answers if isinstance(e, AccountSnapshot) and e.ts_us > last_us}
    return shown == set(CASH)


@pytest.mark.broker
@pytest.mark.parametrize("seed", [1])
def test_kill_9_in_the_middle_of_a_stream_loses_and_contradicts_nothing(seed, broker, tmp_path):
    async def scenario() -> None:
        async with wire(broker.address, tmp_path) as at:
            orders, cancels = await trade(at, Random(seed))
            async with asyncio.timeout(SECONDS_MAX):
                while len(closed(await at.answers())) < 6:  # a slow machine has few so far
                    await at.send(quote(97, 98))
            await at.until(lambda answers: answered(answers, orders, cancels))
            done = await at.stop(at.processes[-1])
            assert done.status == 0, done.err
            assert [process.returncode for process in at.processes] == [-9] * KILLS + [0]
            answers = await at.answers()
            check_stories(answers)
            ended = [
                e.order
                for e in answers
                if isinstance(e, OrderCancelled | OrderCancelRejected) and e.order[0] != "x"
            ]
            assert sorted(ended) == sorted(cancels), "a cancel was answered twice"
            assert len(fills_of(answers)) > len(closed(answers)) + 10
            add_up(at, answers)
            filled_us = {fill.fill: fill.ts_us for fill in fills_of(answers)}
            for event in answers:
                if isinstance(event, OrderAccepted) and event.intent == "exit":
                    fill = event.order[2:].split(".")[0]
                    assert event.ts_us >= filled_us[fill] + HOLD_MS * 1000

    asyncio.run(scenario())


def closed(answers: list[AnyEvent]) -> list[Fill]:
    """Return what the venue sold of what it held."""
    return [fill for fill in fills_of(answers) if fill.order[0] == "x"]


def add_up(at: Wire, answers: list[AnyEvent]) -> None:
    """Compare the last snapshots and the file with the money that the fills explain."""
    want = money(answers, CASH)
    with closing(Store(at.folder / ".worksteal" / "venue")) as store:
        loaded = decode_rows(store.rows())
        assert store.unsent() == []
    assert loaded is not None
    for row in loaded.accounts:
        micros, coins = want[row.venue.account]
        assert row.venue.cash_micros == micros
        assert row.venue.holdings.get("BTCUSD", 0.0) == coins
        shown = max(
            (
                e
                for e in answers
                if isinstance(e, AccountSnapshot) and e.account == row.venue.account
            ),
            key=lambda e: e.ts_us,
        )
        worth = sum(round(p.qty * p.price * 1e6) for p in shown.positions)
        assert sum(p.qty for p in shown.positions) == coins
        assert round(shown.equity * 1e6) == micros + worth
        entries = {order.order for order in row.venue.open if order.intent == "entry"}
        assert entries == {order for order in shown.orders or () if order[0] != "x"}
        assert {order.order for order in row.venue.open} == still_open(answers, shown.account)
        lots = sum(lot.qty for lot in row.lots)
        exits = sum(order.remaining for order in row.venue.open if order.intent == "exit")
        assert exits <= lots == coins
    last_us = max(e.ts_us for e in answers if isinstance(e, Fill))
    assert loaded.cursor.now_us >= last_us


def still_open(answers: list[AnyEvent], account: str) -> set[str]:
    """Return the orders that were accepted and neither cancelled nor filled, as was answered."""
    left: dict[str, float] = {}
    for event in answers:
        if isinstance(event, OrderAccepted | Fill) and event.account == account:
            qty = event.qty if isinstance(event, OrderAccepted) else -event.qty
            left[event.order] = left.get(event.order, 0.0) + qty
    ended = {e.order for e in answers if isinstance(e, OrderCancelled)}
    return {order for order, qty in left.items() if qty and order not in ended}
