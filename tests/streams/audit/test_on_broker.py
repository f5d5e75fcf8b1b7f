"""Recording, replaying and verifying what stands on a real broker."""

import asyncio
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from state.desk import Desk
from state.market.hours import calendars
from streams.audit.broker.reader import broker_source
from streams.audit.broker.recorder import record
from streams.audit.recording.errors import ReplayError
from streams.audit.recording.reader import Recording
from streams.audit.recording.source import Gap
from streams.audit.replay.partitions import replay
from streams.audit.verify.verify import Verdict, verify
from streams.ground.settings import Settings
from tests.broker import LocalBroker
from tests.streams.audit.in_memory import compare, found_on_broker, replay_broker
from tests.streams.audit.topics import deployment, fresh_frames, lived, options, send
from tests.streams.cli.command import Done, document, finish, start, worksteal, worksteal_process
from topics.catalogue import EXECUTION, JOURNAL, STEALS
from topics.codec import decode_command, encode, encode_frame
from topics.events import Quote
from topics.frames import Frame, FrameEvent, JournalPosition, Run

pytestmark = pytest.mark.broker
PATIENCE_S = 60

Follow = Callable[..., subprocess.Popen[str]]


def frames_in(path: Path) -> int:
    """Count the frames that stand whole in a recording, finished or not."""
    try:
        with Recording(path, allow_cut=True) as recording:
            return sum(span.end for span in recording.spans(JOURNAL.name).values())
    except (FileNotFoundError, ReplayError):
        return 0


def wait_for(started: subprocess.Popen[str], path: Path, frames: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not frames_in(path) >= frames:
        assert started.poll() is None, finish(started)
        assert time.monotonic() < deadline
        time.sleep(0.05)


def result(done: Done) -> str:
    return done.out.split(":")[0]


def test_a_recording_and_the_broker_replay_to_the_same_and_verify_as_identical(broker, tmp_path):
    settings = deployment(broker.address)
    made = lived(settings)
    at = options(settings)
    recorded = worksteal("record", "day", *at, cwd=tmp_path)
    assert recorded.status == 0, recorded.err
    frames = sum(len(timed) for timed in made.topics["journal"].values())
    assert recorded.out.startswith(f"day: {frames} frames of 2 partitions, ")

    from_file = document(
        worksteal_process("replay", "day", "--json", cwd=tmp_path, PYTHONHASHSEED="0")
    )
    from_broker = document(
        worksteal_process("replay", "--broker", *at, "--json", cwd=tmp_path, PYTHONHASHSEED="1")
    )
    assert from_file | {"source": ""} == from_broker | {"source": ""}
    states = {int(n): one["state_digest"] for n, one in from_file["partitions"].items()}
    assert states == made.states
    assert from_file["steals_settled"] > 0

    for where in (("day",), ("--broker", "--complete", *at)):
        read = document(worksteal("verify", *where, "--json", cwd=tmp_path))
        assert read["result"] == "identical"
        assert read["repeats"] == len(made.outputs()) - len(set(made.outputs())) > 0

    again = worksteal("record", ".", *at, cwd=tmp_path)
    (named,) = tmp_path.glob("worksteal-*.recording")
    assert again.out.startswith(named.name)
    assert again.out.splitlines()[1] == recorded.out.splitlines()[1], "the same content"


def test_a_brokers_topics_are_verified_as_they_are_compared_in_memory(broker):
    settings = deployment(broker.address)
    made = lived(settings)
    heard = asyncio.run(replay_broker(settings))
    replayed = heard.replayed
    assert {n: one.state_digest for n, one in replayed.partitions.items()} == made.states
    found = asyncio.run(found_on_broker(settings))
    assert sorted(one[::3] for one in found) == sorted(one[::2] for one in made.outputs())
    comparison = compare(heard, found)
    assert comparison.identical
    assert comparison.commands + comparison.facts == len(heard.said)

    async def verdict() -> Verdict:
        async with broker_source(settings) as source:
            return await verify(source)

    assert asyncio.run(verdict()).comparison == comparison
    short = asyncio.run(replay_broker(settings, ends={1: 40})).replayed
    assert short.partitions[1].tally.frames == 40
    assert short.partitions[0] == replayed.partitions[0]


def test_an_end_that_is_not_published_yet_is_pending_on_a_broker(broker, tmp_path):
    settings = deployment(broker.address)
    at = options(settings)
    asyncio.run(send(settings, JOURNAL.name, fresh_frames()))
    done = worksteal("verify", "--broker", *at, cwd=tmp_path)
    assert (done.status, result(done)) == (0, "identical")
    assert "\npending " in done.out
    done = worksteal("verify", "--broker", "--complete", *at, cwd=tmp_path)
    assert (done.status, result(done)) == (1, "different")
    assert "found     nothing" in done.out


def test_what_stands_on_a_broker_and_should_not_is_shown(broker, tmp_path):
    settings = deployment(broker.address)
    made = lived(settings)
    value = made.topics["execution"][0][0][1]
    spoiled = value.replace(b'"ts_us":1', b'"ts_us":2')
    asyncio.run(send(settings, EXECUTION.name, {1: [spoiled]}))
    done = worksteal("verify", "--broker", *options(settings), cwd=tmp_path)
    assert (done.status, result(done)) == (1, "different")
    assert f"first difference: {decode_command(value).id}, conflicting: " in done.out
    place = len(made.topics["execution"][1])
    assert f"found     execution:1:{place}  {spoiled.decode()}" in done.out


@pytest.fixture
def following(tmp_path) -> Iterator[Follow]:
    """Start recorders into the file `day`; none outlives its test."""
    started = []

    def follow(settings: Settings, *more: str) -> subprocess.Popen[str]:
        started.append(start("record", "day", *options(settings), *more, cwd=tmp_path))
        return started[-1]

    yield follow
    for recorder in started:
        if recorder.poll() is None:
            recorder.kill()
            finish(recorder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_recording_in_order(number, broker, tmp_path, following):
    settings = deployment(broker.address)
    recorder = following(settings, "--follow")
    made = lived(settings)
    wait_for(recorder, tmp_path / "day", 20)
    recorder.send_signal(number)
    done = finish(recorder)
    assert (done.status, done.err) == (0, "")
    with Recording(tmp_path / "day") as recording:
        assert recording.manifest.complete
    # What was there when the signal came is in it, so nothing is even pending.
    frames = sum(len(timed) for timed in made.topics["journal"].values())
    read = document(worksteal("verify", "day", "--json", cwd=tmp_path))
    assert (read["result"], read["frames"]) == ("identical", frames)


def test_a_signal_in_the_middle_of_the_stream_leaves_a_whole_recording(broker, tmp_path, following):
    settings = deployment(broker.address)
    values = fresh_frames()
    recorder = following(settings, "--follow")

    async def stream() -> None:
        for offset in itertools.count():
            rest = {n: many[offset : offset + 1] for n, many in values.items()}
            await send(settings, JOURNAL.name, rest)
            if offset == 20:
                await asyncio.to_thread(wait_for, recorder, tmp_path / "day", 10)
                recorder.send_signal(signal.SIGTERM)
            if recorder.poll() is not None:
                return
            await asyncio.sleep(0.02)

    asyncio.run(stream())
    done = finish(recorder)
    assert (done.status, done.err) == (0, "")
    assert frames_in(tmp_path / "day") >= 10
    valid = worksteal("verify", "day", "--validate-only", cwd=tmp_path)
    assert valid.out.startswith("valid: "), valid.err


async def decide(settings: Settings, frames: int, done: asyncio.Event) -> None:
    """Append frames and what a desk says to each of them at once, on the broker's clock."""
    year = datetime.now(UTC).year
    desk = Desk(calendars(year - 1, year + 1))
    journal, steals = settings.topic(JOURNAL.name), settings.topic(STEALS.name)
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        for number in range(frames):
            crossed = Quote(ts_us=1, symbol="BTCUSD", bid=2.0, ask=1.0)
            run = Run(topic="quotes", partition=0, prev=number - 1, last=number)
            frame = Frame(runs=[run], events=[FrameEvent(0, number, crossed)])
            sent = await producer.send_and_wait(journal, encode_frame(frame), partition=0)
            position = JournalPosition(0, sent.offset, sent.timestamp * 1000)
            for fact in desk.apply(frame, position).facts:
                await producer.send_and_wait(steals, encode(fact), partition=0)
    done.set()


def test_what_is_recorded_of_the_outputs_has_its_frames_whenever_it_ends(broker, tmp_path):
    settings = deployment(broker.address)

    async def snapshots() -> int:
        done = asyncio.Event()
        deciding = asyncio.create_task(decide(settings, 1500, done))
        count = 0
        while not done.is_set():
            await record(settings, tmp_path / str(count), asyncio.Event())
            count += 1
        await deciding
        return count

    count = asyncio.run(snapshots())
    facts = []
    for number in range(count):
        with Recording(tmp_path / str(number)) as recording:
            verdict = asyncio.run(verify(recording, complete=False))
        assert verdict.comparison.identical
        facts.append(verdict.comparison.facts)
    assert len(set(facts)) > 2, "they were taken while it went on"


def test_a_kill_leaves_a_recording_that_says_so_and_can_be_read(broker, tmp_path, following):
    settings = deployment(broker.address)
    made = lived(settings)
    recorder = following(settings, "--follow")
    frames = sum(len(timed) for timed in made.topics["journal"].values())
    wait_for(recorder, tmp_path / "day", frames)
    recorder.kill()
    finish(recorder)
    refused = worksteal("verify", "day", cwd=tmp_path)
    assert (refused.status, refused.out) == (2, "")
    assert "day: the recording was cut short at byte " in refused.err
    read = document(worksteal("verify", "day", "--allow-gaps", "--json", cwd=tmp_path))
    assert read["result"] == "identical as far as it can be compared"
    assert not read["comparable"]
    assert read["frames"] == frames
    assert read["notes"][0].startswith("the recording was cut short at byte ")


def test_following_ends_when_only_empty_frames_come(broker, tmp_path, following):
    settings = deployment(broker.address)
    made = lived(settings)
    recorder = following(settings, "--until-idle", "2")

    async def idle() -> None:
        deadline = time.monotonic() + PATIENCE_S
        while recorder.poll() is None and time.monotonic() < deadline:
            await send(settings, JOURNAL.name, {0: [b'{"v":1,"runs":[],"events":[]}']})
            await asyncio.sleep(0.2)

    asyncio.run(idle())
    assert recorder.poll() is not None
    assert finish(recorder).status == 0
    frames = sum(len(timed) for timed in made.topics["journal"].values())
    assert frames_in(tmp_path / "day") >= frames


@contextmanager
def paused(broker: LocalBroker) -> Iterator[None]:
    pid = broker.home.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.slow
def test_a_recorder_that_follows_outlives_a_restart_of_the_broker(
    broker_to_break, tmp_path, following
):
    settings = deployment(broker_to_break.address)
    first = lived(settings)
    recorder = following(settings, "--follow")
    count = sum(map(len, first.topics["journal"].values()))
    wait_for(recorder, tmp_path / "day", count)
    broker_to_break.kill()
    broker_to_break.start()
    asyncio.run(send(settings, JOURNAL.name, {0: [b'{"v":1,"runs":[],"events":[]}'] * 5}))
    wait_for(recorder, tmp_path / "day", count + 5)
    # A broker that says nothing more must not keep a recorder from ending.
    with paused(broker_to_break):
        recorder.send_signal(signal.SIGTERM)
        assert finish(recorder).status == 0
    read = document(worksteal("verify", "day", "--json", cwd=tmp_path))
    assert (read["result"], read["frames"]) == ("identical", count + 5)


def test_a_journal_that_lost_its_beginning_is_told(broker, tmp_path):
    settings = deployment(broker.address)
    lived(settings)
    asyncio.run(shorten(settings, 5))
    at = options(settings)
    told = "journal:0 lacks offsets 0 to 4"
    for words in (("record", "day"), ("verify", "--broker")):
        done = worksteal(*words, *at, cwd=tmp_path)
        assert (done.status, done.out) == (2, "")
        assert told in done.err
        assert "--allow-gaps" in done.err
    assert not (tmp_path / "day").exists()
    done = worksteal("record", "day", "--allow-gaps", *at, cwd=tmp_path)
    assert done.status == 0, done.err
    with Recording(tmp_path / "day") as recording:
        replayed = asyncio.run(replay(recording, allow_gaps=True))
    assert not replayed.comparable
    assert replayed.gaps == [Gap(JOURNAL.name, 0, 0, 5)]
    assert replayed.tally.dropped_runs == 0
    read = document(worksteal("verify", "day", "--allow-gaps", "--json", cwd=tmp_path))
    assert not read["comparable"]
    assert read["uncompared"] > 0
    assert read["commands"] > 0, "the other partition is whole"


async def shorten(settings: Settings, first: int) -> None:
    """Take the beginning of the journal's first partition away, as retention does."""
    client = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await client.start()
    try:
        place = TopicPartition(settings.topic(JOURNAL.name), 0)
        await client.delete_records({place: RecordsToDelete(before_offset=first)})
    finally:
        await client.close()


def test_without_the_topics_it_says_how_to_make_them(broker, tmp_path):
    at = ("--bootstrap", broker.address, "--topic-prefix", "nothing-here-")
    for words in (("record", "day"), ("replay", "--broker")):
        done = worksteal(*words, *at, cwd=tmp_path)
        assert (done.status, done.out) == (2, "")
        assert "run `worksteal topics create`" in done.err
    assert not (tmp_path / "day").exists()
