"""`worksteal venue paper` on a real broker: it answers, goes on, and refuses mistakes."""

import asyncio
import re
import signal

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.ground.kafka import log_spans, reader
from streams.ground.settings import client_options
from tests.streams.cli.command import worksteal
from topics.catalogue import ACCOUNTS, EXECUTION
from topics.events import AccountSnapshot

from .paper import cancel, fills_of, submit, told
from .wire import QUICK, Wire, quote, wire


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


@pytest.mark.broker
def test_an_earlier_venues_commands_are_answered_and_not_executed(broker, tmp_path):
    async def scenario() -> None:
        async with wire(broker.address, tmp_path) as at:
            await at.send(submit(7, "old"), cancel(8, "old"), now=False)
            await at.send(submit(1, "new"))
            await at.ready(at.launch(*QUICK))
            answers = await at.until(has("accepted new", "rejected old", "cancel_rejected old"))
            assert "accepted old" not in told(answers)

    asyncio.run(scenario())


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
        (["--hold-ms", "86400001"], "worksteal: Invalid value for '--hold-ms'"),
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
