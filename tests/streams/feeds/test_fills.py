"""A strategy hears of the fills of its own entries, and of no others."""

import asyncio
from pathlib import Path

import pytest

from streams.feeds.file.fills import EntryFills
from streams.ground.kafka.publish import Outgoing, publisher
from streams.ground.settings import Settings, client_options
from tests.streams.cli.command import DAY, finish, start
from tests.streams.feeds.logs import connection, events_of, fresh_topics, until
from topics.codec import encode
from topics.commands import Cancel, Submit
from topics.events import EntryRequested, Fill

pytestmark = pytest.mark.broker

NOW_US = 1_800_000_000_000_000


@pytest.fixture
def topics(broker) -> Settings:
    return fresh_topics(broker.address)


def submit(settings: Settings, account: str, entry: str, order: str) -> Outgoing:
    command = Submit(
        id="0-1-0",
        ts_us=NOW_US,
        account=account,
        cause="clock",
        order=order,
        entry=entry,
        symbol="BTCUSD",
        side="buy",
        limit=7000.0,
        qty=0.5,
        reserved_micros=1,
    )
    return Outgoing(settings.topic("execution"), encode(command), account.encode())


def fill(settings: Settings, account: str, order: str, number: str) -> Outgoing:
    event = Fill(
        ts_us=NOW_US,
        account=account,
        fill=number,
        order=order,
        symbol="BTCUSD",
        side="buy",
        price=6990.0,
        qty=0.5,
    )
    return Outgoing(settings.topic("fills"), encode(event), account.encode())


async def publish(settings: Settings, *records: Outgoing) -> None:
    names = [settings.topic("execution"), settings.topic("fills")]
    async with publisher(client_options(settings), names) as out:
        await out.send(records)
        await out.flush(60)


async def heard(fills: EntryFills, count: int) -> list[tuple[str, str]]:
    """Take fills until so many came: each one's own name and its entry's."""
    told: list[tuple[str, str]] = []
    async with asyncio.timeout(60):
        while len(told) < count:
            told += [(fill.fill, entry) for fill, entry in await fills.take(200)]
    return told


def test_only_own_fills_from_now_on_are_heard_once(topics):
    async def run() -> None:
        await publish(topics, submit(topics, "me", "e", "e.0"), fill(topics, "me", "e.0", "before"))
        fills = await EntryFills.start(topics, "me")
        try:
            fills.own.add("e")
            await publish(
                topics,
                Outgoing(topics.topic("execution"), b"no command", b"me"),
                Outgoing(topics.topic("fills"), b"no fill", b"me"),
                submit(topics, "me", "e", "e.1"),
                submit(topics, "me", "not-ours", "o.1"),
                submit(topics, "you", "e", "e.2"),
                fill(topics, "me", "e.1", "f1"),
                fill(topics, "me", "e.1", "f1"),  # a venue may report it again
                fill(topics, "me", "o.1", "f2"),
                fill(topics, "me", "nobody-knows", "f3"),
                fill(topics, "you", "e.2", "f4"),
                fill(topics, "me", "e.1", "f5"),
            )
            assert await heard(fills, 2) == [("f1", "e"), ("f5", "e")]
        finally:
            await fills.stop()

    asyncio.run(run())


def test_a_fill_that_is_read_before_its_command_waits_for_it(topics):
    """Much stands before the command, so that no fetch can bring both."""

    async def run() -> None:
        fills = await EntryFills.start(topics, "me")
        try:
            fills.own.add("e")
            other = Cancel(
                id="0-0-0", ts_us=1, account="me", cause="x" * 60_000, order="o", symbol="BTCUSD"
            )
            much = Outgoing(topics.topic("execution"), encode(other), b"me")
            command = submit(topics, "me", "e", "e.1")
            await publish(topics, *[much] * 150, command, fill(topics, "me", "e.1", "f1"))
            assert await heard(fills, 1) == [("f1", "e")]
        finally:
            await fills.stop()

    asyncio.run(run())


STRATEGY = """
from streams.strategies import CancelOrder, PlaceExit, RequestEntry, Strategy

class Answers(Strategy):
    def __init__(self, position):
        self.bars = 0

    def on_bar(self, bar, now_us):
        self.bars += 1
        if self.bars == 1:
            yield RequestEntry("first", bar.symbol, "buy", 1.0, 1.0, 0.0, now_us + 10**12)

    def on_fill(self, fill, entry, now_us):
        assert fill.ts_us == now_us < 1_600_000_000_000_000, "in the file it is 2018"
        yield CancelOrder("x")
        yield PlaceExit("x", fill.symbol, "sell", 2.0, 1.0)
        yield RequestEntry(f"after-{entry}-{fill.fill}", fill.symbol, "buy", 1.0, 1.0, 0.0, now_us + 10**12)
"""


def test_a_strategy_that_answers_fills_does_so_between_quotes(topics, tmp_path: Path):
    """The hour's next quote is far away: the answer does not wait for it."""
    (tmp_path / "answers.py").write_text(STRATEGY, encoding="utf-8")
    words = ("feed", DAY, "--strategy", "answers.py:Answers", "--speed", "60")
    feed = start(*words, *connection(topics), cwd=tmp_path)
    try:

        def entries() -> list[str]:
            orders = events_of(topics, "orders")
            return [event.entry for event in orders if isinstance(event, EntryRequested)]

        until(lambda: entries() == ["first"] or feed.poll() is not None)
        wanted = ["first"]
        for number in ("1", "2"):
            filled = fill(topics, "demo", "o", number)
            asyncio.run(publish(topics, submit(topics, "demo", "first", "o"), filled))
            wanted.append(f"after-first-{number}")
            until(lambda: len(entries()) == len(wanted) or feed.poll() is not None)
            assert entries() == wanted
    finally:
        feed.terminate()
        done = finish(feed)
    assert done.status == 0
    assert done.err.count("\n") == 1  # said once, though two fills led to four wishes
    assert done.err.startswith("The strategy asks for exits: ")
