"""Runs a paper venue on Kafka: reads batches, publishes answers, stops when told to.

Nothing is decided here; `service.py` has the order of the steps.  Answers are keyed by account and go
where every producer's default partitioner puts that key.
"""

import asyncio
import signal
import time
from collections.abc import Callable

from streams.ground.kafka import BrokerError, reader
from streams.ground.kafka.client import KafkaError
from streams.ground.kafka.closing import stop_consumer
from streams.ground.kafka.publish import Outgoing, Publisher, publisher
from streams.ground.settings import Settings, client_options
from topics.catalogue import ACCOUNTS, FILLS, ORDERS

from .answers import PaperAnswer
from .reading import Reading
from .records import Batch
from .service import PaperVenue

POLL_MS_MAX = 100
"""An idle venue looks this often whether it was told to stop."""

PATIENCE_S = 2.0
"""How long a venue that was told to stop waits for a broker that does not answer."""

SILENCE_S = 10.0
"""A broker that takes no answers is told about after so long, and again and again."""

REPORT_S = 1.0

NAMED_MAX = 5
"""So many accounts are named when the venue is ready; of more, the number is told."""

Say = Callable[[str], None]


async def run(
    venue: PaperVenue, settings: Settings, ready: Say, warn: Say, report: Say | None = None
) -> None:
    """Serve until SIGTERM or SIGINT.

    `ready` gets one line when the accounts are announced and commands are heard, `warn` one about a
    broker that is away, `report` one about every second.  Raises `BrokerError` and `PaperError`;
    the venue then goes on when it is started again.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    options = client_options(settings)
    topics = [settings.topic(topic.name) for topic in (ORDERS, FILLS, ACCOUNTS)]
    consumer = await reader(options)
    try:
        reading = Reading(consumer)
        await reading.begin(settings, venue.offsets)
        async with publisher(options, topics) as to:
            outlet = AnswerOutlet(to, settings, stop, warn)
            await _serve(venue, reading, outlet, stop, ready, report)
    except KafkaError as error:
        raise BrokerError(
            f"the broker at {settings.bootstrap} failed the venue ({error!r}): start the venue"
            " again, nothing is lost."
        ) from error
    finally:
        await stop_consumer(consumer)


async def _serve(
    venue: PaperVenue,
    reading: Reading,
    outlet: "AnswerOutlet",
    stop: asyncio.Event,
    ready: Say,
    report: Say | None,
) -> None:
    batch: Batch = {}
    told_at = None
    if await outlet.publish(venue.unsent()):
        venue.published()
        while await outlet.publish(venue.handle(batch)):
            venue.published()
            now = time.monotonic()
            if told_at is None:
                ready(f"paper venue ready: {_named(venue)}; {reading}")
                told_at = now
            elif report is not None and now - told_at >= REPORT_S:
                report(_counted(venue))
                told_at = now
            if stop.is_set():
                break
            batch = await reading.poll(min(POLL_MS_MAX, venue.wait_us() // 1000 + 1))
    venue.close()


def _named(venue: PaperVenue) -> str:
    names = sorted(venue.book.openings)
    return ", ".join(names) if len(names) <= NAMED_MAX else f"{len(names)} accounts"


def _counted(venue: PaperVenue) -> str:
    counts = venue.counts
    return (
        f"{counts.commands} commands, {counts.repeats} repeats, {counts.too_old} too old,"
        f" {counts.quotes} quotes, {counts.answers} answers, {venue.book.fills} fills"
    )


class AnswerOutlet:
    """Publishes answers, and is patient with a broker that is away until the venue has to stop."""

    def __init__(self, to: Publisher, settings: Settings, stop: asyncio.Event, warn: Say) -> None:
        self._to = to
        self._settings = settings
        self._stop = stop
        self._warn = warn

    async def publish(self, answers: list[PaperAnswer]) -> bool:
        """Publish in order, and wait until the broker has all of it; False if it was given up.

        It is given up only if the venue was told to stop and the broker is silent; the answers stay
        in the venue's file then.
        """
        if not answers:
            return True
        sending = asyncio.ensure_future(self._send(answers))
        stopping = asyncio.ensure_future(self._stop.wait())
        while not sending.done() and not stopping.done():
            done, _ = await asyncio.wait(
                {sending, stopping}, timeout=SILENCE_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                self._warn(f"the broker at {self._settings.bootstrap} is away: waiting for it")
        stopping.cancel()
        await asyncio.wait({sending}, timeout=PATIENCE_S)
        if not sending.done():
            sending.cancel()
            return False
        await sending
        return True

    async def _send(self, answers: list[PaperAnswer]) -> None:
        topic = self._settings.topic
        await self._to.send(
            Outgoing(topic(answer.topic), answer.value, answer.key.encode()) for answer in answers
        )
        await self._to.flush()
