"""What the door's check costs the sequencer, of all that it does for an event before Kafka.

    python bench/door.py [--events N]

Measured is the plain half of the sequencer on the workload of `bench/live.py`, polled in batches of
`RECORDS_MAX`: refuse, merge, cut and encode, once with the check and once without it.  The check
decodes every record; the desk decodes the frame again, in another process or on another machine.
The last line is JSON.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.workload import events
from streams.journal.writing import framing
from streams.journal.writing.sequencer import RECORDS_MAX
from topics.codec import encode_frame

PARTITIONS = 4
ROUNDS = 7


class Record(NamedTuple):
    """What the framer needs of a consumer's record."""

    offset: int
    timestamp: int
    value: bytes


Polls = list[dict[framing.Source, list[Record]]]


def polls(count: int) -> Polls:
    """Return so many events as the sequencer polls them."""
    ends: dict[framing.Source, int] = {}
    found: Polls = []
    for number, raw in enumerate(events(count, PARTITIONS, 1_750_000_000_000_000)):
        if number % RECORDS_MAX == 0:
            found.append({})
        source = raw.topic, raw.partition
        offset = ends[source] = ends.get(source, -1) + 1
        found[-1].setdefault(source, []).append(Record(offset, 1_750_000_000_000, raw.value))
    return found


def framed_s(given: Polls) -> float:
    """Return the processor time of framing and encoding these polls."""
    framer = framing.Framer(PARTITIONS, {source: 0 for poll in given for source in poll})
    began = time.process_time()
    for poll in given:
        framed = framer.frame(poll)
        assert not framed.dead_letters
        for _, frame in framed.frames:
            encode_frame(frame)
    return time.process_time() - began


def checked_s(given: Polls) -> float:
    """Return the processor time of the check alone."""
    began = time.process_time()
    for poll in given:
        for (topic, _), records in poll.items():
            for record in records:
                framing.refusal_of(topic, record.value)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    count = parser.parse_args().events
    given = polls(count)
    whole, check = [], []
    for _ in range(ROUNDS):
        whole.append(framed_s(given) / count * 1e6)
        check.append(checked_s(given) / count * 1e6)
    told = {
        "events": count,
        "rounds": ROUNDS,
        "framing_us_per_event": round(statistics.median(whole), 2),
        "check_us_per_event": round(statistics.median(check), 2),
        "check_us_per_event_best": round(min(check), 2),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
