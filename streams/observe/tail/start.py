"""Where a look at a topic begins."""

import re
import time
from collections.abc import Mapping
from typing import Literal, NamedTuple

from streams.ground.kafka import Span
from streams.ground.times import read_since
from streams.observe.errors import TailError

_PLACES = re.compile(r"[0-9]{1,9}:[0-9]{1,18}(?:,[0-9]{1,9}:[0-9]{1,18})*")


class Since(NamedTuple):
    """The first record of a time; milliseconds since 1970."""

    ts_ms: int


class Places(NamedTuple):
    """An offset for each partition that is looked at; the others are left out."""

    offsets: Mapping[int, int]


Start = Literal["latest", "earliest"] | Since | Places

_ENDS: dict[str, Start] = {"latest": "latest", "earliest": "earliest"}


def parse_start(text: str) -> Start:
    """Read `latest`, `earliest`, `10m` (ago), an ISO time, or `PARTITION:OFFSET`, several by commas.

    Raises `TailError` or, for what looks like a time and is none, `TimeError`.
    """
    if text in _ENDS:
        return _ENDS[text]
    if _PLACES.fullmatch(text):
        pairs = [pair.split(":") for pair in text.split(",")]
        offsets = {int(partition): int(offset) for partition, offset in pairs}
        if len(offsets) < len(pairs):
            raise TailError(f"--start {text}: a partition stands twice; name each once.")
        return Places(offsets)
    if not text[:1].isdigit():
        raise TailError(
            f"--start {text}: write latest, earliest, a time, 10m (ago), or PARTITION:OFFSET."
        )
    return Since(read_since("--start", text, int(time.time() * 1000)))


def first_offsets(
    start: Start, spans: Mapping[int, Span], times: Mapping[int, int | None]
) -> dict[int, int]:
    """Return where each partition begins; `times` has the first offset of a start that is a time.

    Raises `TailError` for a place that the topic does not have.
    """
    if isinstance(start, Places):
        for number, offset in start.offsets.items():
            if number not in spans:
                raise TailError(
                    f"--start {number}:{offset}: there is no partition {number}; they are 0 to"
                    f" {max(spans)}."
                )
            first, end = spans[number]
            if not first <= offset <= end:
                raise TailError(
                    f"--start {number}:{offset}: partition {number} has offsets from {first} and"
                    f" ends before {end}; choose one of them, or earliest."
                )
        return dict(sorted(start.offsets.items()))
    firsts = {}
    for number, span in sorted(spans.items()):
        at_time = times.get(number)
        if start == "earliest":
            firsts[number] = span.first
        else:
            firsts[number] = span.end if at_time is None else at_time
    return firsts
