"""The page of all messages."""

from inspect import getdoc, getmodule

import msgspec

from topics.catalogue import TOPIC_OF
from topics.commands import COMMAND_TYPES, Command
from topics.events import EVENT_TYPES, AccountSnapshot, Event, Position
from topics.facts import FACT_TYPES, Fact, StealStarted, Victim
from topics.frames import Frame, FrameEvent, Run
from topics.limits import DEPTH_MAX, ID_PATTERN, RECORD_BYTES_MAX, SYMBOL_PATTERN

from .fields import own_fields, table, tag_of

_HEAD = ("field", "type", "default", "unit or form")

_INTRO = f"""\
# Messages

Every message is one JSON object. `type` names it, `v` is its version, and a field that is not
listed here is refused. A field without a default must be there.

- Suffixes tell the unit: `_us` is microseconds since 1970-01-01 UTC, `_micros` millionths of a
  dollar. Other amounts are dollars, quantities are units (shares, coins).
- An id matches `{ID_PATTERN}`.
- A symbol matches `{SYMBOL_PATTERN}`. `BTCUSD`, `BTC/USD` and `btc-usd`
  are one symbol; the desk answers with the first.
- A record has at most {RECORD_BYTES_MAX:,} bytes and nests at most {DEPTH_MAX} deep.
"""

_FRAME = """\
## Frames

The record of `journal`. Each item of `events` is an array of three: the index of its run in `runs`,
its offset in that source partition, and the event.

```json
{"v": 1,
 "runs": [{"topic": "quotes", "partition": 0, "prev": 9, "last": 11}],
 "events": [[0, 10, {"type": "quote", "v": 1, "ts_us": 0, "symbol": "BTCUSD", "bid": 1.0, "ask": 1.1}]]}
```
"""


def messages_page() -> str:
    """Render all messages: events, commands, facts, frames."""
    lines = _INTRO.splitlines()
    lines += _group("Events", "what happens", Event, EVENT_TYPES, {AccountSnapshot: Position})
    lines += _group("Commands", "what the desk orders", Command, COMMAND_TYPES, {})
    lines += _group("Facts", "what became of it", Fact, FACT_TYPES, {StealStarted: Victim})
    lines += ["", *_FRAME.splitlines(), ""]
    for kind in (Frame, Run, FrameEvent):
        lines += _part(kind)
    lines += ["Next: [topics](topics.md)"]
    return "\n".join(lines) + "\n"


def _group(
    title: str,
    what: str,
    base: type[msgspec.Struct],
    kinds: tuple[type[msgspec.Struct], ...],
    parts: dict[type[msgspec.Struct], type[msgspec.Struct]],
) -> list[str]:
    """Render the messages of one direction; `parts` are the structs inside a message."""
    names = ", ".join(f"[`{tag_of(kind)}`](#{_anchor(tag_of(kind))})" for kind in kinds)
    lines = ["", f"## {title}", "", f"{title} are {what}: {names}.", ""]
    lines += [
        *_about(base),
        "",
        "Every one of them has:",
        "",
        *table(_HEAD, own_fields(base, None)),
        "",
    ]
    for kind in kinds:
        topic = TOPIC_OF[kind].name
        lines += [f"### {tag_of(kind)}", "", *_told(kind), "", f"Topic: `{topic}`.", ""]
        lines += [*table(_HEAD, own_fields(kind, base)), ""]
        if kind in parts:
            lines += _part(parts[kind])
    return lines


def _part(kind: type[msgspec.Struct]) -> list[str]:
    return [
        f"### {kind.__name__}",
        "",
        *_told(kind),
        "",
        *table(_HEAD, own_fields(kind, None)),
        "",
    ]


def _about(base: type[msgspec.Struct]) -> list[str]:
    """Return what the module of a group says of it, after its first sentence."""
    _, _, about = (getdoc(getmodule(base)) or "").partition("\n\n")
    return about.splitlines()


def _told(kind: type[msgspec.Struct]) -> list[str]:
    return (getdoc(kind) or "").splitlines()


def _anchor(title: str) -> str:
    """Return the anchor that a Markdown heading gets."""
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in "-_")
