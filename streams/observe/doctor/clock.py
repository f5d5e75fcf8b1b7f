"""This machine's clock beside the broker's, which stamps the journal and is every desk's time.

No request asks a broker for its time, and nothing is written to find out: a frame that arrives
while we wait was stamped a moment ago.
"""

import time
from collections.abc import Callable, Mapping

from streams.ground.kafka import Span
from streams.ground.kafka.client import Consumer, TopicPartition

from .said import Line, fail, ok, warn

SKEW_WARN_MS = 1000
SKEW_FAIL_MS = 10_000
"""Producers here stamp events; the desk takes one from the future, or too old, for no price."""

SLACK_MS = 4000
"""How long a sequencer may be late with its next idle frame."""

POLL_MS = 100


def now_ms() -> int:
    """Return this machine's time."""
    return time.time_ns() // 1_000_000


async def check_clock(
    consumer: Consumer,
    journal: str,
    spans: Mapping[int, Span],
    wait_ms: int,
    clock: Callable[[], int] = now_ms,
) -> Line:
    """Wait so long for a frame; without one, the latest can only tell that we are far behind."""
    places = [TopicPartition(journal, number) for number in sorted(spans)]
    consumer.assign(places)
    for place in places:
        consumer.seek(place, spans[place.partition].end)
    deadline = time.monotonic() + wait_ms / 1000
    while time.monotonic() < deadline:
        polled = await consumer.getmany(*places, timeout_ms=POLL_MS)
        stamps = [record.timestamp for records in polled.values() for record in records]
        if stamps:
            return _judge(clock() - max(stamps))
    latest = await _latest(consumer, spans, places)
    ahead = latest - clock()
    if ahead > SKEW_WARN_MS:
        return _judge(-ahead)
    do = "run `worksteal doctor` again beside a worker"
    return warn("clock", "unknown beside the broker's, for no sequencer is writing", do)


async def _latest(
    consumer: Consumer, spans: Mapping[int, Span], places: list[TopicPartition]
) -> int:
    """Return the time of the latest frame, 0 if there is none."""
    some = [place for place in places if spans[place.partition].first < spans[place.partition].end]
    if not some:
        return 0
    consumer.assign(some)
    for place in some:
        consumer.seek(place, spans[place.partition].end - 1)
    left, latest = set(some), 0
    deadline = time.monotonic() + SLACK_MS / 1000
    while left and time.monotonic() < deadline:
        for place, records in (await consumer.getmany(*some, timeout_ms=POLL_MS)).items():
            left.discard(place)
            latest = max(latest, *(record.timestamp for record in records))
    return latest


def _judge(skew_ms: int) -> Line:
    """Judge by how much this clock is ahead of the broker's (a little is the way of the frame)."""
    size = abs(skew_ms)
    which = "ahead of" if skew_ms > 0 else "behind"
    told = f"this machine is {size / 1000:.1f} s {which} the broker"
    do = "set both by one source (NTP)"
    if size > SKEW_FAIL_MS:
        return fail("clock", told, do)
    if size > SKEW_WARN_MS:
        return warn("clock", told, do)
    return ok("clock", f"within {SKEW_WARN_MS / 1000:.0f} s of the broker's")
