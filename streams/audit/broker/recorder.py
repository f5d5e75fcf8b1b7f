"""Copies journal and outputs from a broker into a recording, in rounds.

A round looks at the outputs first and at the journal last, and then writes in the other order: what
a recording holds of the outputs, it holds the frames of, wherever it ends.
"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from streams.audit.recording.errors import FullError, ReplayError
from streams.audit.recording.manifest import Manifest
from streams.audit.recording.source import RECORDED, Gap
from streams.audit.recording.writer import RecordingWriter
from streams.ground.kafka import BrokerError, reader
from streams.ground.kafka.client import Consumer
from streams.ground.records import LogRecord, Span
from streams.ground.settings import Settings, client_options
from topics.catalogue import JOURNAL
from topics.codec import FrameFault, decode_frame

from .reader import look, read_stretch

ROUND_S = 0.5
"""Between two looks at a broker that is followed."""

PATIENCE_S = 5.0
"""How long reading may go on after a signal, to record what was there at that moment."""

EMPTY_FRAME_BYTES_MAX = 64

Spans = dict[str, dict[int, Span]]


class Recorder:
    """A recording of a broker in progress."""

    def __init__(
        self,
        consumer: Consumer,
        settings: Settings,
        writer: RecordingWriter,
        spans: Spans,
        *,
        allow_gaps: bool,
    ) -> None:
        """Begin where the topics begin; `spans` is a first look at them."""
        self._consumer = consumer
        self._settings = settings
        self._writer = writer
        self._spans: Spans | None = spans
        self._allow_gaps = allow_gaps
        self._next = {
            (topic, number): span.first
            for topic, partitions in spans.items()
            for number, span in partitions.items()
        }
        self.heard_s = 0.0
        """The loop's time at which anything but an empty frame was last read."""

    async def round(self) -> None:
        """Record what there is now; raises `BrokerError` and `ReplayError`."""
        spans, self._spans = self._spans or await look(self._consumer, self._settings), None
        for topic in RECORDED:
            await self._copy(topic, spans[topic])
            self._writer.flush()

    async def _copy(self, topic: str, spans: dict[int, Span]) -> None:
        name = self._settings.topic(topic)
        left = {number: self._rest(topic, number, span) for number, span in spans.items()}
        async for batch in read_stretch(self._consumer, name, left):
            number = batch[0].partition
            self._writer.add(topic, number, batch)
            self._next[topic, number] = batch[-1].offset + 1
            if topic != JOURNAL.name or not all(map(is_empty_frame, batch)):
                self.heard_s = asyncio.get_running_loop().time()

    def _rest(self, topic: str, number: int, span: Span) -> Span:
        """Return what is not recorded yet of a partition."""
        start = self._next.get((topic, number), 0)
        if span.end < start:
            raise ReplayError(
                f"topic {self._settings.topic(topic)} was deleted and made anew while it was"
                " recorded: begin another recording."
            )
        if span.first > start and not self._allow_gaps:
            raise ReplayError(
                f"{Gap(topic, number, start, span.first)}, which the broker's retention took away:"
                " the recording ends before them; --allow-gaps goes on all the same."
            )
        return Span(max(start, span.first), span.end)


def is_empty_frame(record: LogRecord) -> bool:
    """Tell whether a record only lets time pass, as an idle sequencer's does."""
    value = record.value
    if value is None or len(value) > EMPTY_FRAME_BYTES_MAX:
        return False
    try:
        return not decode_frame(value).runs
    except FrameFault:
        return False


async def record(
    settings: Settings,
    path: Path,
    stop: asyncio.Event,
    *,
    follow: bool = False,
    until_idle_s: float | None = None,
    allow_gaps: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Record a broker into a new file, until it is all there or, when following, until `stop`.

    `until_idle_s` ends it when nothing but empty frames came for so long.  Raises `BrokerError`
    and `ReplayError`; a recording that ends because of one lacks its manifest unless the fault is a
    gap.
    """
    consumer = await reader(client_options(settings))
    try:
        spans = await look(consumer, settings)
        gaps = [
            Gap(topic, number, 0, span.first)
            for topic, partitions in spans.items()
            for number, span in partitions.items()
            if span.first > 0
        ]
        if gaps and not allow_gaps:
            raise ReplayError(
                f"{settings.bootstrap}: {gaps[0]}, which retention took away, and a desk cannot be"
                " rebuilt without its beginning; --allow-gaps records what is left."
            )
        firsts = {
            topic: [(number, span.first) for number, span in partitions.items()]
            for topic, partitions in spans.items()
        }
        writer = RecordingWriter(path, firsts)
        recorder = Recorder(consumer, settings, writer, spans, allow_gaps=allow_gaps)
        try:
            rounds = _rounds(recorder, stop, until_idle_s, tell, follow=follow)
            await _with_patience(rounds, stop)
        except FullError:
            raise
        except ReplayError:
            writer.close()
            raise
        except BrokerError as error:
            writer.abandon()
            raise BrokerError(
                f"{str(error).rstrip('.')}; {path} holds what was read before, for --allow-gaps."
            ) from error
        except BaseException:
            writer.abandon()
            raise
        return writer.close()
    finally:
        await consumer.stop()


async def _rounds(
    recorder: Recorder,
    stop: asyncio.Event,
    until_idle_s: float | None,
    tell: Callable[[str], None],
    *,
    follow: bool,
) -> None:
    loop = asyncio.get_running_loop()
    recorder.heard_s = loop.time()
    silent = False
    await recorder.round()
    while follow or until_idle_s is not None:
        if until_idle_s is not None and loop.time() - recorder.heard_s >= until_idle_s:
            return
        last = await _stopped_within(stop, ROUND_S)
        try:
            await recorder.round()
            silent = False
        except BrokerError as error:
            # The broker may come back; what was recorded is safe, and so is where it ends.
            if not silent:
                tell(f"{str(error).rstrip('.')}; waiting for it.")
            silent = True
            recorder.heard_s = loop.time()  # silence of the broker is not idleness of the log
        if last:
            return


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _with_patience(rounds: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Let the rounds go on for a while after `stop`, then break them off between two batches."""
    working = asyncio.create_task(rounds)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await asyncio.wait({working}, timeout=PATIENCE_S)
    finally:
        stopping.cancel()
        if not working.done():
            working.cancel()
        try:
            await working
        except asyncio.CancelledError:
            if not stop.is_set():
                raise
