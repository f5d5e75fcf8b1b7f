"""The worker's parts as the pages see them: ready or not, and where they stand.

Everything is for now, costs no request to the broker, and can be asked at any time: in the middle of a
rebalance, and while the worker stops.  A part that has not started yet is not there at all (`Parts`).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from state.desk import Desk
from streams.ground.settings import Settings
from streams.journal.faust.agent import AgentService
from streams.journal.writing.sequencing import SequencerService
from streams.observe.decisions import Decisions
from streams.observe.metrics.counts import AgentCounts, SequencerCounts


class SequencerPart:
    """The sequencer: which source partitions it frames, and how much it has framed."""

    def __init__(
        self, service: SequencerService, settings: Settings, counts: SequencerCounts
    ) -> None:
        self.counts = counts
        self._running = service.sequencer
        self._prefix = settings.topic_prefix

    @property
    def ready(self) -> bool:
        """Whether its group has assigned it partitions and their positions are known."""
        return self._running.ready.is_set()

    def where(self) -> dict[str, Any]:
        """Return source partitions by topic, and counts since the start, as values for JSON."""
        running = self._running
        partitions: dict[str, list[int]] = {}
        for source in sorted(running.assigned):
            partitions.setdefault(source.topic.removeprefix(self._prefix), []).append(
                source.partition
            )
        return {
            "partitions": partitions,
            "events": running.events,
            "frames": running.frames,
            "refused": running.refused,
        }


class AgentPart:
    """The stealing agent: which journal partitions are its own, and its desks."""

    def __init__(
        self, service: AgentService[Desk], counts: AgentCounts, decisions: Decisions
    ) -> None:
        self.counts = counts
        self._service = service
        self._decisions = decisions

    @property
    def lines_dropped(self) -> int:
        """How many lines about decisions were too many for the log."""
        return self._decisions.dropped

    @property
    def ready(self) -> bool:
        """Whether its group has assigned it partitions and their rows are restored."""
        return self._service.ready_now

    @property
    def partitions(self) -> list[int]:
        """The journal partitions that are assigned to it; none before it is ready."""
        return self._service.partitions

    @property
    def partitions_in_all(self) -> int:
        """How many the journal has."""
        return self._service.partitions_in_all

    def desks(self) -> dict[int, Desk]:
        """Return the desks by partition; there may be fewer than partitions (`machines`)."""
        return self._service.machines()

    def where(self) -> dict[str, Any]:
        """Return where each partition stands: next offset to apply, durable cursor, frames behind."""
        return {
            "partitions": [self._standing(number) for number in self.partitions],
            "of": self.partitions_in_all,
        }

    def _standing(self, number: int) -> dict[str, int | None]:
        held = self._service.keeper.held.get(number)
        if held is None:
            return {"partition": number, "next_offset": None, "cursor": None, "lag": None}
        next_offset = held.standing.next_offset
        end = self._service.journal_end(number)
        return {
            "partition": number,
            "next_offset": next_offset,
            "cursor": held.standing.cursor,
            "lag": None if end is None else max(0, end - next_offset),
        }


class Parts:
    """Which parts of a worker run here, and those of them that have started."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are those that run here: `sequencer`, `agent`, or both."""
        self.names = tuple(names)
        self.sequencer: SequencerPart | None = None
        self.agent: AgentPart | None = None

    def __iter__(self) -> Iterator[tuple[str, SequencerPart | AgentPart | None]]:
        """Give each part that runs here, by name; None for one that is yet to start."""
        started = {"sequencer": self.sequencer, "agent": self.agent}
        return ((name, started[name]) for name in self.names)
