"""Tells whether faults changed anything: what is in the topics against a plain replay of the journal.

This reads the topics itself and drives desks itself, on purpose: it shares with the product the
desk, the codec and the claims' rule, and nothing of how the worker or `worksteal verify` do it.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from state.desk import Desk
from state.market.hours import Calendars, calendars
from streams.agents.stealing import changelog_of
from streams.ground.kafka import LogRecord, log_spans, read_log, reader
from streams.ground.settings import Settings, client_options
from streams.journal.standing.changelog import decoded
from streams.journal.standing.claims import OWNER, Claims
from streams.journal.standing.staging import settle
from topics.catalogue import TOPIC_OF
from topics.codec import decode_event, decode_frame, encode
from topics.frames import JournalPosition, advance, joins
from topics.refusals import Refused

YEARS = (2025, 2028)


@dataclass
class Verdict:
    """What was found.  All but the counts must be zero, and `state_equal` true."""

    frames: int = 0
    events: int = 0
    commands: int = 0
    facts: int = 0
    repeats: int = 0
    lost: int = 0
    unexpected: int = 0
    conflicting: int = 0
    missing_events: int = 0
    state_equal: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        faults = self.lost + self.unexpected + self.conflicting + self.missing_events
        return faults == 0 and self.state_equal


def judge(settings: Settings, times: Calendars | None = None) -> Verdict:
    """Compare outputs, state and inputs with the journal; the worker must have stopped cleanly."""
    return asyncio.run(_judge(settings, times or calendars(*YEARS)))


async def read_all(settings: Settings, topic: str) -> dict[int, list[LogRecord]]:
    """Return every record of a topic by partition."""
    consumer = await reader(client_options(settings))
    try:
        spans = await log_spans(consumer, topic)
        found: dict[int, list[LogRecord]] = {number: [] for number in spans}
        async for records in read_log(consumer, topic, spans):
            for record in records:
                found[record.partition].append(record)
        return found
    finally:
        await consumer.stop()


async def _judge(settings: Settings, times: Calendars) -> Verdict:
    verdict = Verdict()
    restored = await _restored(settings, times)
    expected: dict[str, bytes] = {}
    journal = await read_all(settings, settings.topic("journal"))
    for number, records in journal.items():
        desk, standing = Desk(times), restored[number]
        for record in records:
            assert record.value is not None
            frame = decode_frame(record.value)
            verdict.frames += 1
            verdict.events += len(frame.events)
            place = JournalPosition(number, record.offset, record.ts_ms * 1000)
            outputs = desk.apply(frame, place)
            expected |= {one.id: encode(one) for one in (*outputs.commands, *outputs.facts)}
            verdict.commands += len(outputs.commands)
            verdict.facts += len(outputs.facts)
            if desk.next_offset == standing.next_offset:
                _compare_state(number, desk, standing, verdict)
        assert not desk.faults, desk.faults[0]
        if desk.next_offset != standing.next_offset:
            verdict.notes.append(f"{number}: {standing.next_offset} of {desk.next_offset} applied")
            verdict.state_equal &= desk.next_offset > standing.next_offset > 0
    await _compare_outputs(settings, expected, verdict)
    await _compare_inputs(settings, journal, verdict)
    return verdict


async def _compare_outputs(
    settings: Settings, expected: dict[str, bytes], verdict: Verdict
) -> None:
    found: dict[str, bytes] = {}
    for topic in ("execution", "steals"):
        for records in (await read_all(settings, settings.topic(topic))).values():
            for record in records:
                assert record.value is not None
                name = msgspec.json.decode(record.value)["id"]
                if name in found:
                    verdict.repeats += 1
                    verdict.conflicting += found[name] != record.value
                found[name] = record.value
    wrong = [name for name in found if name in expected and found[name] != expected[name]]
    lost = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected]
    verdict.lost, verdict.unexpected = len(lost), len(unexpected) + len(wrong)
    verdict.notes += [f"lost {lost[:3]}"] * bool(lost) + [f"wrong {wrong[:3]}"] * bool(wrong)
    verdict.notes += [f"unexpected {unexpected[:3]}"] * bool(unexpected)


async def _restored(settings: Settings, times: Calendars) -> dict[int, Desk]:
    """Return the desks that the changelog describes."""
    found = {}
    for number, records in (await read_all(settings, changelog_of(settings))).items():
        claims = Claims()
        table: dict[str, bytes] = {}
        for row in map(decoded, records):
            if claims.believes(row):
                if row.value is None:
                    table.pop(row.key, None)
                else:
                    table[row.key] = row.value
        table.pop(OWNER, None)
        rows = settle(table)
        found[number] = Desk.restore(rows, times) if "cursor" in rows else Desk(times)
    return found


def _compare_state(number: int, desk: Desk, standing: Desk, verdict: Verdict) -> None:
    """Compare a replayed desk with the durable one at the same place in the journal."""
    if desk.digest() != standing.digest():
        verdict.state_equal = False
        theirs = standing.rows()
        differ = [key for key, row in desk.rows().items() if theirs.get(key) != row]
        verdict.notes.append(f"partition {number}: state differs in {differ[:5]}")


async def _compare_inputs(
    settings: Settings, journal: dict[int, list[LogRecord]], verdict: Verdict
) -> None:
    """Find every sound input in each journal partition it belongs to, the others in dead letters."""
    framed: Counter[tuple[int, str, int, int]] = Counter()
    for number, records in journal.items():
        marks: dict[tuple[str, int], int] = {}
        for record in records:
            assert record.value is not None
            frame = decode_frame(record.value)
            taken = []
            for run in frame.runs:
                mark = marks.get((run.topic, run.partition), -1)
                taken.append(mark if joins(run, mark) else 2**62)
                if joins(run, mark):
                    marks[run.topic, run.partition] = advance(run, mark)
            for item in frame.events:
                if item.offset > taken[item.run]:
                    run = frame.runs[item.run]
                    framed[number, run.topic, run.partition, item.offset] += 1
    letters = set()
    for records in (await read_all(settings, settings.topic("dead-letters"))).values():
        letters |= {record.key for record in records}
    for topic in ("orders", "fills", "accounts", "quotes", "forecasts"):
        broadcast = topic in ("quotes", "forecasts")
        for number, records in (await read_all(settings, settings.topic(topic))).items():
            for record in records:
                event = decode_event(record.value or b"")
                if isinstance(event, Refused) or TOPIC_OF[type(event)].name != topic:
                    gone = f"{topic}:{number}:{record.offset}".encode() not in letters
                    verdict.missing_events += gone
                    continue
                for place in range(len(journal)) if broadcast else (number,):
                    verdict.missing_events += framed[place, topic, number, record.offset] != 1
