"""The comparison on the console: a column for each of a few policies, else a line for each."""

from rich.table import Table
from rich.text import Text

from streams.lab.compare import Compared, Part

from .ranking import SHORT, ranking
from .rows import REFUSALS_HEADING, Row, comparison_rows

COLUMNS_MAX = 4
"""More policies than this do not stand beside each other on a console."""
LINES_MAX = 20


def comparison_table(compared: Compared) -> Table:
    """Give the table; every word from the data is plain `Text`, never console markup."""
    few = len(compared.first.comparison.runs) <= COLUMNS_MAX and len(compared.parts) == 1
    table = _beside(compared.first) if few else _below(compared)
    table.caption_justify = "left"
    table.caption = Text("\n".join(_caption(compared, table.row_count)))
    return table


def _caption(compared: Compared, shown: int) -> list[str]:
    lines = []
    if compared.baseline is not None:
        lines.append(f"baseline: {compared.baseline}")
    policies = len(compared.swept)
    if shown < policies:
        lines.append(f"{shown} of {policies:,} policies, by P&L; the report and --json have more")
    return [*lines, f"digest of all: {compared.digest}"]


def _beside(part: Part) -> Table:
    table = Table(title="The same data under each policy", title_justify="left")
    table.add_column("")
    for name in part.comparison.runs:
        # Folding keeps a long policy name or figure whole; an ellipsis would hide digits.
        table.add_column(Text(name), justify="right", overflow="fold")
    rows = comparison_rows(part)
    refusals = [row for row in rows if row.refusal]
    for row in rows:
        if refusals and row is refusals[0]:
            table.add_section()
            table.add_row(Text(REFUSALS_HEADING, style="italic"), *[""] * len(row.cells))
        _add(table, row)
        if refusals and row is refusals[-1]:
            table.add_section()
    return table


def _add(table: Table, row: Row) -> None:
    label = f"  {row.label}" if row.refusal else row.label
    table.add_row(Text(label, overflow="fold"), *[Text(cell) for cell in row.cells])


def _below(compared: Compared) -> Table:
    made = ranking(compared, LINES_MAX, SHORT)
    parts = len(made.periods)
    by = "P&L" if parts == 1 else f"P&L of {made.periods[0]}"
    table = Table(title=f"The policies by {by}", title_justify="left")
    table.add_column("policy", overflow="fold")
    if parts > 1:
        table.add_column("period")
    for head in made.measures:
        # A word a line: what a narrow console folds then is the name, and no figure.
        words = head.replace(" ", "\n").replace("\n$", " $")
        table.add_column(words, justify="right", overflow="fold")
    for name, cells in made.lines:
        # The periods of a policy stand below each other in one line of the table.
        periods = ["\n".join(made.periods)] if parts > 1 else []
        table.add_row(*map(Text, (name, *periods, *map("\n".join, cells))))
    return table
