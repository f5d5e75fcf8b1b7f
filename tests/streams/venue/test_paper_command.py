"""`worksteal venue paper` on a real broker: it answers, and its own kill -9 changes nothing."""

import asyncio
import re
import signal
import time
from contextlib import closing
from random import Random

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.kafka import log_spans, reader
from streams.settings import client_options
from streams.venue.paper.rows import decode_rows
from streams.venue.paper.store import Store
from tests.streams.cli.command import worksteal
from topics.catalogue import ACCOUNTS, EXECUTION
from topics.commands import Command
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderRejected,
    Quote,
)

from .crashing import check_stories, money
from .paper import cancel, fills_of, submit, told
from .wire import Wire, wire

QUICK = ("--ack-delay-ms", 20, "--snapshot-ms", 100)


def quote(bid: float, ask: float) -> Quote:
    now_us = time.time_ns() // 1000
    return Quote(ts_us=now_us, symbol="BTC-USD", bid=bid, ask=ask)


def has(*wanted: str):
    return lambda answers: set(wanted) <= set(told(answers))


@pytest.mark.broker
def test_it_answers_fills_forgets_nothing_over_a_restart_and_stops_cleanly(broker, tmp_path):
    async def scenario() -> None:
        async with wire(broker.address, tmp_path) as at:
            await at.send(quote(105, 106))
            venue = at.launch(*QUICK)
            assert "demo" in await at.ready(venue)
            (first, *_) = await at.answers()
            assert isinstance(first, AccountSnapshot), "announced before it is ready"

            await at.send(submit(1, "a"), submit(1, "a"), submit(2, "b", 90.0), b"no command")
            await at.send(submit(1, "c", account="nobody", partition=7))
            await at.until(has("accepted a", "accepted b", "rejected c"))
            await at.send(quote(98, 99), cancel(3, "b"))
            answers = await at.until(has("fill a", "cancelled b"))
            assert sorted(told(answers)) == [
                *["accepted a", "accepted b", "cancelled b", "fill a", "rejected c"]
            ]
            done = await at.stop(venue)
            assert done.status == 0
            assert re.match(r"execution:[01]:[0-9] is no command: .*\n\Z", done.err), done.err

            again = at.launch(*QUICK, "--account", "demo=10000", "--verbose")
            await at.ready(again)
            await at.send(submit(2, "b", 90.0), submit(4, "a"), submit(5, "d", 95.0))
            answers = await at.until(has("accepted d", "rejected a"))
            assert len(told(answers)) == 7
            (fill,) = fills_of(answers)
            shown = [e for e in answers if isinstance(e, AccountSnapshot) and e.positions]
            assert shown[-1].equity == pytest.approx(10_000 - fill.fee - 2)
            done = await at.stop(again, signal.SIGINT)
            assert done.status == 0

    asyncio.run(scenario())


@pytest.mark.broker
def test_answers_lie_where_every_producer_would_put_their_account(broker, tmp_path):
    names = [f"acc{number}" for number in range(12)]

    async def scenario() -> None:
        async with wire(broker.address, tmp_path, partitions=3) as at:
            await at.send(*(submit(n, "a", account=name) for n, name in enumerate(names)))
            words = [word for name in names for word in ("--account", f"{name}=500")]
            await at.ready(at.launch(*QUICK, *words))
            await at.until(lambda answers: told(answers).count("accepted a") == len(names))
            where: dict[bytes | None, set[int]] = {}
            for record in await at.records(EXECUTION.name, ACCOUNTS.name, "orders"):
                where.setdefault(record.key, set()).add(record.partition)
            assert set(where) == {name.encode() for name in names}
            assert {len(partitions) for partitions in where.values()} == {1}
            assert len({*map(tuple, where.values())}) == 3

    asyncio.run(scenario())


# ---- kill -9 ----

CASH = {"one": 50_000.0, "two": 20_000.0}
MOVES = 360
KILLS = 3


async def trade(at: Wire, chance: Random) -> tuple[set[str], set[str]]:
    """Send commands and quotes without a pause, killing the venue now and then.

    Returns the orders that were submitted, and those of which a cancel was sent.
    """
    options = [word for name in CASH for word in ("--account", f"{name}={CASH[name]:g}")]
    venue = at.launch(*QUICK, *options)
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
            venue = at.launch(*QUICK)
        await asyncio.sleep(0.01)
    return set(submitted), set(cancelled)


def answered(answers: list[AnyEvent], orders: set[str], cancels: set[str]) -> bool:
    """Tell whether every command was answered, and the accounts shown since."""
    placed = {e.order for e in answers if isinstance(e, OrderAccepted | OrderRejected)}
    ended = {e.order for e in answers if isinstance(e, OrderCancelled | OrderCancelRejected)}
    if not (orders <= placed and cancels <= ended):
        return False
    last_us = max(e.ts_us for e in answers if not isinstance(e, AccountSnapshot))
    shown = {e.account for e in answers if isinstance(e, AccountSnapshot) and e.ts_us > last_us}
    return shown == set(CASH)


@pytest.mark.broker
@pytest.mark.parametrize("seed", [1])
def test_kill_9_in_the_middle_of_a_stream_loses_and_contradicts_nothing(seed, broker, tmp_path):
    async def scenario() -> None:
        async with wire(broker.address, tmp_path) as at:
            orders, cancels = await trade(at, Random(seed))
            await at.until(lambda answers: answered(answers, orders, cancels))
            done = await at.stop(at.processes[-1])
            assert done.status == 0, done.err
            assert [process.returncode for process in at.processes] == [-9] * KILLS + [0]
            answers = await at.answers()
            check_stories(answers)
            ended = [
                e.order for e in answers if isinstance(e, OrderCancelled | OrderCancelRejected)
            ]
            assert sorted(ended) == sorted(cancels), "a cancel was answered twice"
            assert len(fills_of(answers)) > 10
            add_up(at, answers)

    asyncio.run(scenario())


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
        assert {order.order for order in row.venue.open} == set(shown.orders or ())
    last_us = max(e.ts_us for e in answers if isinstance(e, Fill))
    assert loaded.cursor.now_us >= last_us


# ---- mistakes ----


@pytest.mark.broker
def test_two_venues_on_one_folder_are_refused(broker, tmp_path):
    async def scenario() -> None:
        async with wire(broker.address, tmp_path) as at:
            first = at.launch(*QUICK)
            await at.ready(first)
            done = await asyncio.to_thread(at.launch(*QUICK).communicate)
            assert done[0] == ""
            assert "another paper venue runs on .worksteal/venue: stop it" in done[1]
            assert (at.processes[-1].returncode, done[1].count("\n")) == (2, 1)
            assert first.poll() is None

    asyncio.run(scenario())


@pytest.mark.broker
def test_commands_that_retention_took_are_told_and_refused_and_quotes_are_not(broker, tmp_path):
    async def scenario() -> None:
        async with wire(broker.address, tmp_path, partitions=1) as at:
            venue = at.launch(*QUICK)
            await at.ready(venue)
            await at.send(quote(98, 99), submit(1, "a"))
            await at.until(has("accepted a"))
            await at.stop(venue)
            await at.send(*(quote(98, 99) for _ in range(3)))
            await delete_to_end(at, "quotes")
            again = at.launch(*QUICK)
            await at.ready(again)
            await at.stop(again)

            await at.send(submit(2, "b"), submit(3, "c"))
            await delete_to_end(at, "execution")
            refused = await asyncio.to_thread(at.launch(*QUICK).communicate)
            assert at.processes[-1].returncode == 2
            assert "execution:0: 2 commands from offset 1 were deleted" in refused[1]
            assert refused[1].count("\n") == 1

    asyncio.run(scenario())


async def delete_to_end(at: Wire, topic: str) -> None:
    """Let a topic forget all its records, as retention does."""
    name = at.settings.topic(topic)
    admin = AIOKafkaAdminClient(**client_options(at.settings))
    await admin.start()
    consumer = await reader(client_options(at.settings))
    try:
        (span,) = (await log_spans(consumer, name)).values()
        await admin.delete_records({TopicPartition(name, 0): RecordsToDelete(span.end)})
        assert (await log_spans(consumer, name))[0].first == span.end
    finally:
        await consumer.stop()
        await admin.close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--account", "demo"], "worksteal: --account demo: write it as NAME=CASH"),
        (["--account", "a=1", "--account", "a=2"], "worksteal: --account a=2: a is named twice"),
        (["--bootstrap", "127.0.0.1:1"], "worksteal: no Kafka broker answers at 127.0.0.1:1"),
        (["--data-dir", "file/venue"], "worksteal: file/venue cannot be used"),
        (["--data-dir", "foreign"], "worksteal: foreign/book.sqlite cannot be opened"),
        (["--ack-delay-ms", "-1"], "worksteal: Invalid value for '--ack-delay-ms'"),
    ],
)
def test_a_mistake_is_one_sentence(words, told, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "book.sqlite").write_text("foreign" * 1000)
    done = worksteal("venue", "paper", *words, cwd=tmp_path)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(told)


def test_help_has_an_example(tmp_path):
    for words in (["venue"], ["venue", "paper"]):
        done = worksteal(*words, "--help", cwd=tmp_path)
        assert done.status == 0
        assert "Example: worksteal venue paper --account demo=10000" in done.out
