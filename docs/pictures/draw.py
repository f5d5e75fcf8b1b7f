"""Draws the pictures of the pages: `python -m docs.pictures.draw [--check]`.

`steals.svg` is drawn from what the example in docs/concepts.md prints, so it shows what the desk did.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

from .house import house
from .shapes import WIDTH, arrow, arrowhead, box, rect, svg, text

FOLDER = Path(__file__).resolve().parent
CONCEPTS = FOLDER.parent / "concepts.md"


class Bar(NamedTuple):
    """Capital that an order binds, in seconds of the example; `asked` is when its cancel was sent."""

    symbol: str
    order: str
    row: int
    begin: int
    asked: int | None
    end: int


def flow() -> str:
    """Draw who publishes what, and who reads it."""
    drawn = [arrowhead()]
    for y, who, topics in (
        (45, "venue", "orders, fills, accounts"),
        (97, "bots", "orders"),
        (149, "market", "quotes"),
        (201, "models", "forecasts"),
    ):
        drawn += [box(10, y, 140, 42, who, below=topics), arrow(150, y + 21, 230, 140)]
    drawn += [
        box(230, 115, 100, 50, "sequencer"),
        arrow(330, 140, 380, 140),
        box(380, 115, 80, 50, "journal", "log"),
        arrow(460, 140, 505, 140),
        box(505, 105, 100, 70, "agent", below="one desk a", more="partition"),
        arrow(605, 122, 650, 87),
        box(650, 65, 100, 42, "execution", "log", below="commands"),
        arrow(605, 158, 650, 193),
        box(650, 173, 100, 42, "steals", "log", below="facts for all"),
        arrow(280, 165, 280, 222),
        box(230, 222, 100, 32, "dead-letters", "log"),
        arrow(555, 175, 555, 222),
        box(505, 222, 100, 32, "changelog", "log"),
        '<path class="line" marker-end="url(#head)" d="M700 65 V22 H80 V45"/>',
        text(300, 16, "the venue follows commands, and answers", 1),
    ]
    return svg(270, "From producers to commands: the topics and who writes them", drawn)


def steals(printed: str) -> str:
    """Draw which orders held the capital of the example over its first 40 seconds."""
    bars, end = held(printed), 40
    left, right, top, height = 110, WIDTH - 20, 44, 44

    def at(second: float) -> float:
        return left + (right - left) * second / end

    drawn = [text(10, 22, "10,000 dollars, two orders of 3,508.75 fit: who holds them")]
    for row, name in enumerate(("first half", "second half")):
        drawn.append(text(10, top + row * (height + 12) + 27, name))
    for bar in (one for one in bars if one.begin < end):
        y, last = top + bar.row * (height + 12), min(bar.end, end)
        asked = last if bar.asked is None else min(bar.asked, end)
        drawn.append(rect(at(bar.begin), y, at(asked) - at(bar.begin), height, bar.symbol))
        drawn.append(text(at(bar.begin) + 5, y + 18, bar.symbol))
        if asked < last:
            drawn.append(rect(at(asked), y, at(last) - at(asked), height, f"{bar.symbol} late"))
            drawn.append(f'<path class="mark" d="M{at(asked):.1f} {y - 4} V{y + height + 4}"/>')
    y = top + 2 * (height + 12)
    drawn += [text(at(s) - 8, y + 16, f"{s} s", 1) for s in range(0, end + 1, 10)]
    drawn.append(text(left, y + 36, "dashed: a cancel goes out; pale: it is not confirmed yet", 1))
    drawn.append(f'<path class="line" d="M{left} {y} H{right}"/>')
    return svg(y + 46, "Who holds the capital of the example, second by second", drawn)


def held(printed: str) -> list[Bar]:
    """Read the bars off what the example prints: an order takes the row of the one it replaces."""
    free, bars, open_bars, cancelled = [0, 1], [], {}, []
    for line in printed.splitlines():
        found = re.match(r" *(\d+) s  \S+ +(Submit|Steal|Cancel) +(\w+)\.(\d+)", line)
        if not found:
            continue
        second, what, order = int(found[1]), found[2], f"{found[3]}.{found[4]}"
        if what == "Cancel":
            open_bars[order] = open_bars[order]._replace(asked=second)
            cancelled.append(order)
            continue
        if what == "Steal":
            old = open_bars.pop(cancelled.pop(0))
            bars.append(old._replace(end=second))
            free.append(old.row)
        open_bars[order] = Bar(f"{found[3]}USD", order, free.pop(0), second, None, 10_000)
    return [*bars, *open_bars.values()]


def pictures() -> dict[str, str]:
    """Return each picture by its file name."""
    page = CONCEPTS.read_text(encoding="utf-8")
    (printed,) = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return {"flow.svg": flow(), "steals.svg": steals(printed), "rooms.svg": house()}


def main() -> int:
    """Write the pictures; with `--check` say which are not as they would be drawn now."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    check, status = parser.parse_args().check, 0
    for name, drawn in pictures().items():
        path = FOLDER / name
        if not check:
            path.write_text(drawn, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != drawn:
            sys.stderr.write(f"{path} is stale: run `python -m docs.pictures.draw`.\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
