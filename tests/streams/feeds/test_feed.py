"""`worksteal feed` on a real broker: what it publishes, how it ends, and what it survives."""

import asyncio
import re
import shlex
import signal
import time

import msgspec
import pytest

from streams.cli.feed import first_quotes
from streams.feeds.file import session
from streams.feeds.file.run import FeedOptions, FileFeed
from streams.feeds.file.session import run_feed
from streams.ground.kafka import BrokerError
from streams.ground.settings import Settings
from streams.market import read_market
from streams.strategies import strategy_for
from tests.broker import LocalBroker
from tests.paths import ROOT
from tests.streams.cli.command import DAY, MIXED, Done, finish, head, start, worksteal
from tests.streams.feeds.logs import connection, events_of, fresh_topics, records_of, until
from topics.events import EntryRequested, EntryWithdrawn, Forecast

pytestmark = pytest.mark.broker

TOPICS = ("quotes", "orders", "forecasts")


@pytest.fixture
def broker(broker_to_break: LocalBroker) -> LocalBroker:
    """Take one that may be killed."""
    return broker_to_break


@pytest.fixture
def topics(broker) -> Settings:
    return fresh_topics(broker.address)


def counts_of(done: Done) -> tuple[int, ...]:
    """Read what a feed says it published: quotes, orders, forecasts."""
    match = re.fullmatch(
        r"(?:stopped: )?published (\d+) quotes, (\d+) orders, (\d+) forecasts\n", done.out
    )
    assert match, done
    return tuple(map(int, match.groups()))


def prices(quotes) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for quote in quotes:
        found.setdefault(quote.symbol, []).append((quote.bid, quote.ask))
    return found


def test_all_of_the_file_is_there_keyed_decodable_and_in_order(topics, tmp_path):
    few = head(DAY, 600, tmp_path)
    before_us = time.time_ns() // 1000
    done = worksteal("feed", few, "--speed", "max", *connection(topics), cwd=tmp_path)
    after_us = time.time_ns() // 1000
    assert done.status == 0, done.err
    quotes, orders, forecasts = (events_of(topics, name) for name in TOPICS)
    assert counts_of(done) == (len(quotes), len(orders), len(forecasts))
    assert prices(quotes) == prices(read_market([few]).quotes)
    assert {type(event) for event in orders} == {EntryRequested, EntryWithdrawn}

    for name in TOPICS:
        places: dict[bytes, set[int]] = {}
        times: dict[int, list[int]] = {}
        for record in records_of(topics, name):
            assert record.key is not None
            assert record.value is not None
            fields = msgspec.json.decode(record.value)
            assert record.key.decode() == fields["account" if name == "orders" else "symbol"]
            assert before_us <= fields["ts_us"] <= after_us
            assert record.ts_ms == fields["ts_us"] // 1000
            assert fields.get("expires_us") is None  # nothing says how far the file's future is
            places.setdefault(record.key, set()).add(record.partition)
            times.setdefault(record.partition, []).append(fields["ts_us"])
        assert all(len(numbers) == 1 for numbers in places.values())
        assert all(told == sorted(told) for told in times.values())
    assert {event.account for event in orders} == {"demo"}


def timeless(settings: Settings, topic: str) -> list[tuple[int, bytes | None, dict]]:
    """Return a topic's records without what the wall clock says."""
    told = []
    for record in records_of(settings, topic):
        assert record.value is not None
        fields = msgspec.json.decode(record.value)
        del fields["ts_us"]
        fields.pop("expires_us", None)
        told.append((record.partition, record.key, fields))
    return told


def test_two_runs_publish_the_same(topics, broker, tmp_path):
    again = fresh_topics(broker.address)
    few = head(MIXED, 150, tmp_path)
    for settings, speed in ((topics, "max"), (again, "1e8")):
        words = ("feed", few, "--speed", speed, "--account", "mine", *connection(settings))
        done = worksteal(*words, cwd=tmp_path)
        assert done.status == 0, done.err
    for name in TOPICS:
        first = timeless(topics, name)
        assert first
        assert first == timeless(again, name)
    assert {type(event) for event in events_of(topics, "forecasts")} == {Forecast}


def test_an_entry_ends_as_early_as_the_file_is_fast(topics, tmp_path):
    few = head(DAY, 200, tmp_path)
    done = worksteal("feed", few, "--speed", "1e6", *connection(topics), cwd=tmp_path)
    assert done.status == 0, done.err
    entries = [event for event in events_of(topics, "orders") if type(event) is EntryRequested]
    assert entries
    # The ladder's rungs lapse after 120 bars of a minute.
    for entry in entries:
        assert entry.expires_us is not None
        assert entry.expires_us - entry.ts_us == 7200


def test_limit_counts_quotes(topics, tmp_path):
    words = ("feed", DAY, "--speed", "max", "--limit", "500", *connection(topics))
    done = worksteal(*words, cwd=tmp_path)
    quotes, orders, _ = counts_of(done)
    assert quotes == len(events_of(topics, "quotes")) == 500
    assert orders == len(events_of(topics, "orders")) > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_says_what_was_published(number, topics, tmp_path):
    feed = start("feed", DAY, "--speed", "2000", *connection(topics), cwd=tmp_path)
    until(lambda: len(records_of(topics, "orders")) > 0 or feed.poll() is not None)
    feed.send_signal(number)
    done = finish(feed)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("stopped: published ")
    assert counts_of(done) == tuple(len(events_of(topics, name)) for name in TOPICS)
    assert 0 < counts_of(done)[0] < len(read_market([DAY]).quotes)


@pytest.mark.slow
@pytest.mark.parametrize("quotes", [10_000, 220], ids=["midway", "at_the_end"])
def test_a_stop_while_the_broker_is_away_says_what_may_be_missing(
    quotes, topics, broker, monkeypatch
):
    """In this process, to be sure that something is under way when the broker has gone."""
    monkeypatch.setattr(session, "STOP_S", 0.5)
    market = first_quotes(read_market([DAY]), quotes)
    published = 0

    async def run() -> None:
        stop = asyncio.Event()

        def progress(count: int) -> None:
            nonlocal published
            if published < 200 <= published + count:
                broker.kill()
            published += count
            if published >= 220:
                stop.set()

        options = FeedOptions(speed=20_000.0)
        feed = FileFeed(market, strategy_for(market, 3500.0), topics, options, progress=progress)
        async with asyncio.timeout(60):
            await run_feed(feed, topics, options.account, stop)

    try:
        with pytest.raises(
            BrokerError, match=r"did not acknowledge \d+ of \d+ records within 0.5 s"
        ):
            asyncio.run(run())
    finally:
        broker.start()


@pytest.mark.slow
def test_a_broker_that_is_killed_and_comes_back_has_every_record_once(topics, broker, tmp_path):
    few = head(DAY, 600, tmp_path)
    feed = start("feed", few, "--speed", "2000", *connection(topics), cwd=tmp_path)
    until(lambda: len(records_of(topics, "quotes")) > 0 or feed.poll() is not None)
    try:
        broker.kill()
    finally:
        broker.start()
    assert feed.poll() is None
    done = finish(feed)
    assert (done.status, done.err) == (0, "")
    quotes = events_of(topics, "quotes")
    assert prices(quotes) == prices(read_market([few]).quotes)
    assert counts_of(done)[:2] == (len(quotes), len(events_of(topics, "orders")))


MISTAKES = [
    ("--speed fast", "--speed fast: give a number above 0"),
    ("--speed 0", "--speed 0: give a number above 0"),
    ("--speed nan", "--speed nan: give a number above 0"),
    ("--speed inf", "--speed inf: give a number above 0"),
    ("--account a,b", "--account 'a,b': an account has"),
    ("--strategy none.py:Slip", "none.py: there is no such file"),
    ("--limit 0", "Invalid value for '--limit'"),
    ("--bootstrap 127.0.0.1:1", "no Kafka broker answers at 127.0.0.1:1"),
    ("--bootstrap kafka.example:9092", "add --insecure"),
    ("--topic-prefix nowhere-", "topic nowhere-quotes is missing: run `worksteal topics create`"),
]


@pytest.mark.parametrize(("words", "told"), MISTAKES, ids=[words for words, _ in MISTAKES])
def test_mistake_is_one_sentence(words: str, told: str, broker, tmp_path):
    done = worksteal("feed", DAY, *words.split(), cwd=tmp_path, WORKSTEAL_BOOTSTRAP=broker.address)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("worksteal: ")
    assert done.err.count("\n") == 1
    assert told in done.err


def test_example_of_help_runs(topics, tmp_path):
    shown = worksteal("feed", "--help", cwd=tmp_path)
    assert (shown.status, shown.err) == (0, "")
    (example,) = re.findall(r"^ Example: (worksteal .*?) *$", shown.out, re.MULTILINE)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    words = [*shlex.split(example)[1:], "--limit", "10"]
    done = worksteal(
        *words,
        cwd=tmp_path,
        WORKSTEAL_BOOTSTRAP=topics.bootstrap,
        WORKSTEAL_TOPIC_PREFIX=topics.topic_prefix,
    )
    assert counts_of(done) == (10, 0, 0)
