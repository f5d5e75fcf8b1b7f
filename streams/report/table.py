"""The comparison on the console: one column for each policy, readable at 80 columns."""

from rich.table import Table
from rich.text import Text

from streams.backtest.result import Comparison

from .rows import REFUSALS_HEADING, Row, comparison_rows


def comparison_table(comparison: Comparison) -> Table:
    """Give the table; every word from the data is plain `Text`, never console markup."""
    table = Table(title="The same data under each policy", title_justify="left")
    table.add_column("")
    for name in comparison.runs:
        # Folding keeps a long policy name or figure whole; an ellipsis would hide digits.
        table.add_column(Text(name), justify="right", overflow="fold")
    rows = comparison_rows(comparison)
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
