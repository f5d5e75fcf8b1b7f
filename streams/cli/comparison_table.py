"""The comparison on the console: a column for each of a few policies, else a line for each."""

from rich.text import Text

from streams.lab.compare import Compared, ComparedPeriod
from streams.lab.report.ranking import SHORT, ranking
from streams.lab.report.rows import REFUSALS_HEADING, ReportRow, comparison_rows

from .tables import Cell, Column, Sheet

COLUMNS_MAX = 4
"""More policies than this do not stand beside each other on a console."""
LINES_MAX = 20


def comparison_table(compared: Compared) -> Sheet:
    """Give the table of all policies, or of the best."""
    few = len(compared.first.comparison.runs) <= COLUMNS_MAX and len(compared.parts) == 1
    return _beside(compared) if few else _below(compared)


def _caption(compared: Compared, shown: int) -> list[str]:
    lines = []
    if compared.baseline is not None:
        lines.append(f"baseline: {compared.baseline}")
    policies = len(compared.swept)
    if shown < policies:
        lines.append(f"{shown} of {policies:,} policies, by P&L; the report and --json have more")
    return [*lines, f"digest of all: {compared.digest}"]


def _beside(compared: Compared) -> Sheet:
    part: ComparedPeriod = compared.first
    made = comparison_rows(part)
    rows = [_cells(row) for row in made]
    refusals = [place for place, row in enumerate(made) if row.refusal]
    breaks: list[int] = []
    if refusals:
        first, after = refusals[0], refusals[-1] + 1
        rows.insert(first, [Text(REFUSALS_HEADING, style="italic"), *[""] * len(made[0].cells)])
        breaks = [first, after + 1]
    return Sheet(
        title="The same data under each policy",
        columns=[Column(""), *(Column(name, figures=True) for name in part.comparison.runs)],
        rows=rows,
        breaks=breaks,
        items="columns",
        caption=_caption(compared, len(part.comparison.runs)),
    )


def _cells(row: ReportRow) -> list[Cell]:
    return [f"  {row.label}" if row.refusal else row.label, *row.cells]


def _below(compared: Compared) -> Sheet:
    made = ranking(compared, LINES_MAX, SHORT)
    several = len(made.periods) > 1
    by = f"P&L of {made.periods[0]}" if several else "P&L"
    columns = [Column("policy"), *[Column("period")] * several]
    rows = []
    for name, cells in made.lines:
        # The periods of a policy stand below each other in one line of the table.
        periods = ["\n".join(made.periods)] * several
        rows.append([name, *periods, *map("\n".join, cells)])
    return Sheet(
        title=f"The policies by {by}",
        columns=[*columns, *(Column(head, figures=True) for head in made.measures)],
        rows=rows,
        caption=_caption(compared, len(rows)),
    )
