"""Dead letters as lines and as plain values."""

from collections.abc import Iterator
from typing import Any

from streams.ground.times import time_text
from streams.observe.dead_letters import Letter, LetterSurvey, Note, place_text
from streams.observe.dead_letters.advice import advice_of, meaning_of
from streams.observe.dead_letters.hexdump import shown


def _time(ts_ms: int | None) -> str:
    return "unknown" if ts_ms is None else time_text(ts_ms * 1000)


def list_line(letter: Letter, survey: LetterSurvey) -> str:
    """Return a letter in one line: place, time, origin, reason and meaning, size, put back or not."""
    note = survey.note_of(letter)
    back = "" if note is None else f"  -> {note.to}"
    field = f" in {letter.field}" if letter.field else ""
    return (
        f"{place_text(letter.place)}  {_time(letter.ts_ms)}  {letter.origin or 'unknown'}"
        f"  {letter.reason}{field}: {meaning_of(letter.reason)}  {_size(letter)}{back}"
    )


def letter_lines(letter: Letter, value: bytes, survey: LetterSurvey, fault: str) -> Iterator[str]:
    """Yield everything about one letter."""
    note = survey.note_of(letter)
    yield f"place     {place_text(letter.place)}"
    yield f"reason    {letter.reason}: {meaning_of(letter.reason)}"
    if fault:
        yield f"where     {fault}"
    yield f"what now  {_advice(letter, note)}"
    yield f"origin    {letter.origin or 'unknown'}, of {_time(letter.origin_ts_ms)}"
    yield f"refused   {_time(letter.ts_ms)}"
    if note is not None:
        how = "corrected" if note.corrected else "unchanged"
        yield f"put back  {_time(note.ts_ms)}, {how}, to {note.to}"
    yield f"size      {_size(letter)}"
    yield ""
    yield from shown(value)


def document(letter: Letter, survey: LetterSurvey) -> dict[str, Any]:
    """Return a letter as plain values, without its bytes."""
    note = survey.note_of(letter)
    return {
        "place": place_text(letter.place),
        "time": _time(letter.ts_ms),
        "origin": None if letter.origin is None else str(letter.origin),
        "origin_time": None if letter.origin_ts_ms is None else _time(letter.origin_ts_ms),
        "reason": letter.reason,
        "meaning": meaning_of(letter.reason),
        "advice": advice_of(letter.reason),
        "field": letter.field,
        "bytes": letter.size,
        "cut_from_bytes": letter.cut_from,
        "redriven": None
        if note is None
        else {"time": _time(note.ts_ms), "to": note.to, "corrected": note.corrected},
    }


def _advice(letter: Letter, note: Note | None) -> str:
    if note is not None:
        return "nothing: it was put back"
    if letter.cut_from is not None:
        return f"it lost its end: read {letter.origin} on its topic while retention leaves it there"
    return advice_of(letter.reason)


def _size(letter: Letter) -> str:
    if letter.cut_from is None:
        return f"{letter.size:,} bytes"
    return f"{letter.size:,} of {letter.cut_from:,} bytes"
