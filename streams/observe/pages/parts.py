"""The worker's parts as the pages see them: ready or not, and where they stand.

Everything is for now, costs no request to the broker, and can be asked at any time: before a part
has started, in the middle of a rebalance, and while it stops.
"""

from typing import Any, Protocol

from faust.types import TP

from state.desk import Desk
from streams.ground.settings import Settings
from streams.journal.faust.agent import AgentService
from streams.journal.writing.sequencer import Sequencer
from streams.journal.writing.sequencing import SequencerService
from streams.observe.metrics.counts import AgentCounts, SequencerCounts
from topics.catalogue import JOURNAL


class Part(Protocol):
    """A part of the worker."""

    @property
    def ready(self) -> bool:
        """Whether it has its partitions and does its work."""
        ...

    def where(self) -> dict[str, Any]:
        """Return its partitions and how far it is, as values for JSON."""
        ...


class SequencerPart:
    """The sequencer: which source partitions it frames, and how much it has framed."""

    def __init__(self, service: SequencerService, settings: Settings) -> None:
        self._service = service
        self._prefix = settings.topic_prefix

    @property
    def _running(self) -> Sequencer | None:
        return getattr(self._service, "sequencer", None)  # there is none before it has connected

    @property
    def counts(self) -> SequencerCounts | None:
        """What it has counted; None before it has connected."""
        running = self._running
        return None if running is None else running.counts

    @property
    def ready(self) -> bool:
        """Whether its group has assigned it partitions and their places are known."""
        running = self._running
        return running is not None and running.ready.is_set()

    def where(self) -> dict[str, Any]:
        """Return source partitions by topic, and counts since the start."""
        running = self._running
        if running is None:
            return {"partitions": {}}
        partitions: dict[str, list[int]] = {}
        for place in sorted(running.assigned):
            partitions.setdefault(place.topic.removeprefix(self._prefix), []).append(
                place.partition
            )
        return {
            "partitions": partitions,
            "events": running.events,
            "frames": running.frames,
            "refused": running.refused,
        }


class AgentPart:
    """The stealing agent: which journal partitions are its own, and its desks."""

    def __init__(self, service: AgentService, settings: Settings) -> None:
        self._service = service
        self._journal = settings.topic(JOURNAL.name)

    @property
    def _connected(self) -> bool:
        return hasattr(self._service, "keeper")  # from here on the rest is there, too

    @property
    def counts(self) -> AgentCounts:
        """What it has counted."""
        return self._service.counts

    @property
    def lines_dropped(self) -> int:
        """How many lines about decisions were too many for the log."""
        return self._service.decisions.dropped

    @property
    def ready(self) -> bool:
        """Whether its group has assigned it partitions and their rows are restored."""
        return self._connected and self._service.ready_now

    @property
    def partitions(self) -> list[int]:
        """The journal partitions that are assigned to it; none before it is ready."""
        if not self.ready:
            return []
        assigned = self._service.app.consumer.assignment()
        return sorted(place.partition for place in assigned if place.topic == self._journal)

    @property
    def partitions_in_all(self) -> int:
        """How many the journal has; 0 before it has connected."""
        return int(self._service.app.conf.topic_partitions) if self._connected else 0

    def desks(self) -> dict[int, Desk]:
        """Return the desks by partition.

        A desk comes to life with the first frame that is delivered to its partition, so there may
        be fewer than partitions.
        """
        if not self._connected:
            return {}
        return {
            number: held.desk.desk for number, held in sorted(self._service.keeper.held.items())
        }

    def where(self) -> dict[str, Any]:
        """Return each partition's place: next offset to apply, durable cursor, frames behind."""
        if not self._connected:
            return {"partitions": [], "of": None}
        return {
            "partitions": [self._place(number) for number in self.partitions],
            "of": self.partitions_in_all,
        }

    def _place(self, number: int) -> dict[str, int | None]:
        held = self._service.keeper.held.get(number)
        if held is None:
            return {"partition": number, "next_offset": None, "cursor": None, "lag": None}
        next_offset = held.desk.desk.next_offset
        end = self._end(number)
        return {
            "partition": number,
            "next_offset": next_offset,
            "cursor": held.desk.cursor,
            "lag": None if end is None else max(0, end - next_offset),
        }

    def _end(self, number: int) -> int | None:
        """Return the journal's end as the last fetch told it."""
        try:
            found: int | None = self._service.app.consumer.highwater(TP(self._journal, number))
        except (AssertionError, AttributeError):
            # The consumer lives in a thread of its own, and has lost the partition this moment.
            return None
        return found
