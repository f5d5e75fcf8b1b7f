"""Tables and lines for a terminal of any width: a figure is never cut, and never broken over lines.

A table whose figures and words do not fit beside each other is turned: each item becomes a block of
lines, a heading and its value.  Into a pipe or a file lines go whole, for whoever reads them there.
"""

import os
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 160
"""Columns when the output is no terminal: wide enough that ids and reasons stay whole."""
RULED, LEAN = 3, 2
"""What each column costs beside its text: a border and a blank on both sides, or just two blanks."""

WORD = re.compile(r" *[^ ]+(?: [$%](?= |$))?")
"""A word with the blanks before it, and a unit behind it, which is never parted from it."""
PART = re.compile(r" *(?:[^ =]+=?|=)(?: [$%](?= |$))?")
"""What of a word may stand on a line of its own: a field without its value."""

Cell = str | Text
"""Plain words, never console markup: they may come from the data."""


def output() -> Console:
    """Return the console for what a command was asked for."""
    fixed = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if fixed else PIPE_WIDTH)


def wrapped(told: str, indent: int = 2) -> str:
    """Return text as lines that break between words, those that go on indented.

    For a terminal only.  A word that is wider than the terminal stays whole.
    """
    if not sys.stdout.isatty():
        return told
    width = output().width
    return "\n".join(_filled(line, width, indent) for line in told.splitlines())


def say(told: str, style: str = "", indent: int = 2) -> None:
    """Print lines to standard output, broken between words at a terminal."""
    output().print(Text(wrapped(told, indent)), style=style, soft_wrap=True)


class Column(NamedTuple):
    """A heading, and whether below it are figures: they end at one column and stay on one line."""

    head: str
    figures: bool = False


class Width(NamedTuple):
    """How narrow a column may be, and how wide it would like to be."""

    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table that fits.  `breaks` are rows that a rule stands above.

    A row is an item, and too wide a table becomes a block for each.  If the columns but the first are
    the items, as where policies stand beside each other, `items` is "columns": then it becomes several
    tables, of as many columns as fit.
    """

    title: str = ""
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    breaks: Sequence[int] = ()
    items: Literal["rows", "columns"] = "rows"
    caption: Sequence[str] = ()

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the title, the table in the form that fits, and the caption."""
        width = options.max_width
        if self.title:
            yield Text(_filled(self.title, width), style="italic")
        for places in self._groups(width):
            yield (
                self._upright(places, width, RULED)
                or self._upright(places, width, LEAN)
                or self._blocks(places, width)
            )
        if self.caption:
            yield Text("\n".join(_filled(line, width) for line in self.caption), style="dim italic")

    def _groups(self, width: int) -> Iterator[list[int]]:
        """Yield the columns of each table to be printed."""
        first, *rest = range(len(self.columns))
        if self.items == "rows" or not rest:
            yield [first, *rest]
            return
        while rest:
            most = len(rest)
            while most > 1 and self._widths([first, *rest[:most]], width, RULED) is None:
                most -= 1
            yield [first, *rest[:most]]
            rest = rest[most:]

    def _widths(self, places: Sequence[int], width: int, cost: int) -> list[int] | None:
        wanted = []
        for place in places:
            column = self.columns[place]
            cells = [_width(row[place], whole=column.figures) for row in self.rows]
            # Nothing is narrower than a blank.
            wanted.append(_widest([Width(1, 1), _width(column.head), *cells]))
        return _share(wanted, width, cost)

    def _upright(self, places: Sequence[int], width: int, cost: int) -> Table | None:
        """Return a table of columns beside each other, or None if they do not fit."""
        widths = self._widths(places, width, cost)
        if widths is None:
            return None
        table = Table()
        if cost == LEAN:
            table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for place, wide in zip(places, widths, strict=True):
            column = self.columns[place]
            table.add_column(
                Text(_filled(column.head, wide)),
                justify="right" if column.figures else "left",
                width=wide,
                overflow="fold",
            )
        for number, row in enumerate(self.rows):
            if number in self.breaks:
                table.add_section()
            cells = zip(places, widths, strict=True)
            table.add_row(*(_text(row[place], wide) for place, wide in cells))
        return table

    def _blocks(self, places: Sequence[int], width: int) -> Table | Text:
        """Return a block for each row, its cells below each other behind their headings."""
        blocks = [
            [(self.columns[place], row[place]) for place in places if _plain(row[place])]
            for row in self.rows
        ]
        cells = [cell for block in blocks for cell in block]
        heads = _widest([_width(column.head) for column, _ in cells])
        values = _widest([_width(cell, whole=column.figures) for column, cell in cells])
        widths = _share([heads, values], width, RULED)
        if widths is None:
            return Text("\n\n".join("\n".join(_below(block, width)) for block in blocks))
        table = Table(show_header=False)
        for wide in widths:
            table.add_column(width=wide, overflow="fold")
        for block in blocks:
            table.add_section()
            for place, (column, cell) in enumerate(block):
                table.add_row(
                    _text(column.head, widths[0]),
                    _text(cell, widths[1]),
                    style="" if place else "bold",
                )
        return table


def _plain(cell: Cell) -> str:
    return cell.plain if isinstance(cell, Text) else cell


def _text(cell: Cell, width: int) -> Text:
    """Return a cell's lines as they are shown; one that has a style already is broken by rich."""
    if isinstance(cell, Text):
        return cell
    return Text("\n".join(_filled(line, width) for line in cell.split("\n")))


def _filled(told: str, width: int, indent: int = 0) -> str:
    """Break text between words, and inside a word only behind an equals sign, where it must be.

    The lines that go on are indented.  What cannot be broken and is wider stays whole.
    """
    lines = [""]
    for word in WORD.findall(told):
        parts = [word] if cell_len(word.strip()) <= width - indent else PART.findall(word)
        for part in parts:
            if lines[-1].strip() and cell_len(lines[-1] + part.rstrip()) > width:
                lines.append(" " * indent + part.lstrip())
            else:
                lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def _width(cell: Cell, *, whole: bool = False) -> Width:
    """Return the widths of a text: at least its longest part, or its longest line if that is whole."""
    lines = _plain(cell).split("\n")
    most = max(map(cell_len, lines))
    parts = [part.strip() for line in lines for part in PART.findall(line)]
    return Width(most if whole else max(map(cell_len, parts), default=0), most)


def _widest(widths: Sequence[Width]) -> Width:
    least = max((width.least for width in widths), default=0)
    return Width(least, max((width.most for width in widths), default=0))


def _share(wanted: Sequence[Width], width: int, cost: int) -> list[int] | None:
    """Share the width among columns, taking from the widest first; None if they do not fit."""
    room = width - cost * len(wanted) - 1
    if sum(column.least for column in wanted) > room:
        return None
    cap = max((column.most for column in wanted), default=0)
    while sum(_capped(column, cap) for column in wanted) > room:
        cap -= 1
    widths = [_capped(column, cap) for column in wanted]
    for place, column in enumerate(wanted):
        widths[place] += min(column.most - widths[place], room - sum(widths))
    return widths


def _capped(column: Width, cap: int) -> int:
    return max(column.least, min(column.most, cap))


def _below(block: Sequence[tuple[Column, Cell]], width: int) -> Iterator[str]:
    """Yield a block for a terminal too narrow for its longest word beside its heading."""
    for column, cell in block:
        yield column.head
        for line in _plain(cell).split("\n"):
            yield textwrap.indent(_filled(line, width - 2), "  ")
