"""Wraps the events of an instant into frames whose runs chain, as a sequencer would."""

from collections.abc import Sequence

from topics.catalogue import TOPIC_OF
from topics.events import AnyEvent, Quote
from topics.frames import BEFORE_FIRST, Frame, FrameEvent, JournalPosition, Run

QUOTES = (TOPIC_OF[Quote].name, 0)
"""Topic and partition that all quotes of a backtest come from."""


class Frames:
    """Numbers frames and events; there is one partition of everything."""

    def __init__(self) -> None:
        self._marks: dict[str, int] = {}
        self._offset = -1

    def make(
        self, quotes: Sequence[Quote], others: Sequence[AnyEvent], now_us: int
    ) -> tuple[Frame, JournalPosition]:
        """Return one frame, the quotes first, and its place in the journal."""
        runs: list[Run] = []
        items: list[FrameEvent] = []
        if quotes:
            prev = self._marks.get(QUOTES[0], BEFORE_FIRST)
            last = self._marks[QUOTES[0]] = prev + len(quotes)
            runs.append(Run(topic=QUOTES[0], partition=0, prev=prev, last=last))
            items = [FrameEvent(0, prev + place, quote) for place, quote in enumerate(quotes, 1)]
        if others:
            self._add(others, runs, items)
        self._offset += 1
        return Frame(runs=runs, events=items), JournalPosition(0, self._offset, now_us)

    def _add(self, events: Sequence[AnyEvent], runs: list[Run], items: list[FrameEvent]) -> None:
        """Add events of other topics, each topic with a run of its own."""
        places: dict[str, int] = {}
        prevs: dict[str, int] = {}
        for event in events:
            topic = TOPIC_OF[type(event)].name
            before = self._marks.get(topic, BEFORE_FIRST)
            if topic not in places:
                places[topic] = len(runs) + len(places)
                prevs[topic] = before
            self._marks[topic] = before + 1
            items.append(FrameEvent(places[topic], before + 1, event))
        runs += [
            Run(topic=topic, partition=0, prev=prev, last=self._marks[topic])
            for topic, prev in prevs.items()
        ]

    def pass_over(self, frames: int, quotes: int) -> None:
        """Count frames of quotes that are not made."""
        self._offset += frames
        self._marks[QUOTES[0]] = self._marks.get(QUOTES[0], BEFORE_FIRST) + quotes
