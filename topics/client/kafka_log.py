"""One topic of a real broker, with a consumer group or without."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from .clients import TRIES, TRY_AGAIN_S, KafkaClients
from .errors import ClientError
from .log import Holder, Point, Record
from .settings import ClientSettings
from .start import Start, first_offset, within

JOIN_S = 60.0
"""Longest wait for a group to let us in: its other members may have to finish something."""

LOOK_AGAIN_S = 5.0
"""How often a member without partitions looks whether there are some."""


class KafkaLog:
    """A topic on the broker.  `topic` and `group` are the names there; `start` is checked."""

    def __init__(
        self,
        settings: ClientSettings,
        topic: str,
        *,
        group: str | None,
        start: Start,
        allow_gaps: bool,
    ) -> None:
        self._clients = KafkaClients(settings, topic, group)
        self._topic = topic
        self._group = group
        self._start = start
        self._allow_gaps = allow_gaps
        self._holder: Holder | None = None
        self._ready: list[TopicPartition] = []
        self._first: dict[int, Point] = {}
        self._fault: ClientError | None = None
        self._joined = asyncio.Event()
        self._looked = 0.0

    async def open(self, holder: Holder) -> None:
        """Connect, and stand where the group or `start` says.

        Raises `BrokerUnreachable`, `MessagesGone`, or `ClientSettingsError`.
        """
        self._holder = holder
        try:
            partitions = await self._clients.open()
            if self._group is None:
                self._clients.consumer.assign(partitions)
                await self.assigned(partitions)
            else:
                self._clients.consumer.subscribe([self._topic], listener=_Listener(self))
                async with asyncio.timeout(JOIN_S):
                    await self._join()
        except TimeoutError as error:
            raise self._clients.trouble(
                f"does not let {self._group} join within {JOIN_S:g} s: start again"
            ) from error
        except KafkaError as error:
            raise self._clients.trouble(f"cannot be used: {error}") from error
        await self._settle()

    async def _join(self) -> None:
        """Wait until the group has given partitions, or aiokafka has given up in the background."""
        while not self._joined.is_set():
            self._clients.consumer._coordinator.check_errors()  # noqa: SLF001 - only a read would tell it
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self._joined.wait()

    async def close(self) -> None:
        """Leave the group and close the connections."""
        await self._clients.close()

    async def assigned(self, places: Iterable[TopicPartition]) -> None:
        """Stand at the right offset of each partition, and hand it to the holder.

        A new group's first place is committed before anything is handed out: killed before the
        first acknowledgement, it would otherwise begin at another end of the log.
        """
        assert self._holder is not None
        places = sorted(places)
        known = await self._clients.committed(places)
        spans = await self._clients.spans(places)
        times = {}
        if isinstance(self._start, datetime):
            millis = int(self._start.timestamp() * 1000)
            times = await self._clients.consumer.offsets_for_times(dict.fromkeys(places, millis))
        for place in places:
            point = known.get(place)
            found = times.get(place)
            wanted = (
                point.offset
                if point is not None
                else first_offset(
                    self._start, place.partition, spans[place], found.offset if found else None
                )
            )
            offset = within(
                place.topic, place.partition, wanted, spans[place], allow_gaps=self._allow_gaps
            )
            if point is None:
                self._first[place.partition] = Point(offset)
            self._clients.consumer.seek(place, offset)
            self._holder.given(place.partition, Point(offset, point.note if point else ""))
        self._ready += places

    def revoked(self, places: Iterable[TopicPartition]) -> None:
        """Forget partitions: what was fetched of them is somebody else's."""
        for place in places:
            if place in self._ready:
                self._ready.remove(place)
            self._first.pop(place.partition, None)
            if self._holder is not None:
                self._holder.taken(place.partition)

    async def assigned_by_group(self, places: Iterable[TopicPartition]) -> None:
        """Do the same, trying again: aiokafka only logs what goes wrong in a listener."""
        for attempt in range(TRIES):
            try:
                await self.assigned(places)
                break
            except ClientError as error:
                self._fault = error
                break
            except KafkaError as error:
                if attempt == TRIES - 1:
                    self._fault = self._clients.trouble(
                        f"does not say where {self._group} stands: {error}"
                    )
            await asyncio.sleep(TRY_AGAIN_S)
        self._joined.set()

    async def poll(self, wait_s: float) -> list[Record]:
        """Return what comes next; raises `MessagesGone` or `BrokerUnreachable`."""
        await self._settle()
        ready = list(self._ready)
        if not ready:
            await self._idle(wait_s)
            return []
        try:
            # A rebalance makes `getmany` wait for its end; nothing is lost if it is cut short.
            async with asyncio.timeout(wait_s + 1):
                polled = await self._clients.consumer.getmany(*ready, timeout_ms=int(wait_s * 1000))
        except OffsetOutOfRangeError as error:
            await self._go_on_after(error.args[0])
            return []
        except (ConsumerStoppedError, IllegalStateError, NoOffsetForPartitionError, TimeoutError):
            return []  # closed, or a partition changes hands just now
        except KafkaError as error:
            raise self._clients.trouble(f"cannot be read from: {error}") from error
        return [
            Record(one.partition, one.offset, one.timestamp, one.value or b"", tuple(one.headers))
            for place, records in sorted(polled.items())
            if place in self._ready
            for one in records
        ]

    async def _idle(self, wait_s: float) -> None:
        """Wait without partitions: a group may have more members than there are.

        Or its leader did not know them, and finds out when it looks again.
        """
        self._clients.consumer._coordinator.check_errors()  # noqa: SLF001
        now = asyncio.get_running_loop().time()
        if now - self._looked > LOOK_AGAIN_S:
            self._looked = now
            await self._clients.consumer._client.force_metadata_update()  # noqa: SLF001
        await asyncio.sleep(wait_s)

    async def _go_on_after(self, lost: Mapping[TopicPartition, int]) -> None:
        """Retention overtook us while we were reading."""
        spans = await self._clients.spans(sorted(lost))
        for place, offset in lost.items():
            span = spans[place]
            there = within(place.topic, place.partition, offset, span, allow_gaps=self._allow_gaps)
            self._clients.consumer.seek(place, there)

    async def _settle(self) -> None:
        """Raise what a listener could not, and commit the first place of a new group."""
        if self._fault is not None:
            raise self._fault
        if self._first and self._group is not None:
            first = dict(self._first)
            if await self.commit(first):
                for partition in first:
                    self._first.pop(partition, None)

    async def commit(self, points: Mapping[int, Point]) -> bool:
        """Commit points; without a group that is nothing.  Raises `BrokerUnreachable`."""
        if self._group is None:
            return True
        offsets = {
            TopicPartition(self._topic, number): (point.offset, point.note)
            for number, point in points.items()
        }
        try:
            await self._clients.consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            return False
        except KafkaError as error:
            raise self._clients.trouble(f"does not take an acknowledgement: {error}") from error
        return True


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, log: KafkaLog) -> None:
        self._log = log

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Pass it on."""
        self._log.revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Pass it on."""
        await self._log.assigned_by_group(assigned)
