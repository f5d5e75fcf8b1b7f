"""The console table: whole figures at 80 columns, and no word of the data read as markup."""

import io

from rich.console import Console

from streams.backtest.result import Comparison
from streams.report import comparison_table
from tests.streams.report import synthetic


def rendered(comparison: Comparison, width: int = 80) -> list[str]:
    """Give the lines a terminal of `width` columns shows."""
    console = Console(width=width, file=io.StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(comparison_table(comparison))
    return capture.get().splitlines()


def line_of(lines: list[str], label: str) -> list[str]:
    """Give the cells of the one line that begins with `label`."""
    found = [line for line in lines if line.strip("│┃ ").startswith(label)]
    assert len(found) == 1, (label, found)
    return [cell.strip() for cell in found[0].strip("│┃ ").replace("┃", "│").split("│")]


def test_every_row_is_there_in_order() -> None:
    lines = rendered(synthetic.full())
    cells = [line.strip("│ ").split("│")[0].strip() for line in lines if line.startswith("│")]
    assert [cell for cell in cells if cell] == [
        "entries",
        "fills",
        "steals (settled/lost)",
        "blocks",
        "commands",
        "capital in use, mean $",
        "capital in use, peak $",
        "P&L $",
        "fees $",
        "max drawdown $",
        "max drawdown %",
        "capacity breaches",
        "refusals by reason",
        "no_capital",  # 812
        "no_steal_candidates",  # 190 + 20
        "insufficient_capital",  # 55
        "entrant_on_cooldown",  # 12
        "stale_quote",  # 7
        "digest",
    ]


def test_figures_are_whole_signed_and_grouped_at_80_columns() -> None:
    lines = rendered(synthetic.full())
    assert max(len(line) for line in lines) <= 80
    assert not any("…" in line for line in lines)
    assert line_of(lines, "P&L $")[1:] == ["-1,234.57", "+0.00", "+1,234,567.89"]
    assert line_of(lines, "steals")[1:] == ["0 (0/0)", "60 (24/12)", "140 (56/28)"]
    assert line_of(lines, "max drawdown %")[1:] == ["1.23 %"] * 3
    assert line_of(lines, "no_steal_candidates")[1:] == ["0", "190", "20"]
    assert line_of(lines, "digest")[1:] == ["0123456789ab"] * 3


def test_figures_end_at_the_same_column() -> None:
    lines = rendered(synthetic.full())
    figures = [line for line in lines if "entries" in line or "P&L" in line]
    ends = {len(line.rstrip("│ ")) for line in figures}
    assert len(figures) == 2
    assert len(ends) == 1


def test_a_loss_below_a_cent_is_no_loss() -> None:
    lines = rendered(synthetic.comparison(synthetic.run("none", pnl=-0.001)))
    assert line_of(lines, "P&L $")[1:] == ["+0.00"]


def test_equal_totals_are_sorted_by_name() -> None:
    one = synthetic.run("a", refusals={"zeta": 2, "beta": 1})
    two = synthetic.run("b", refusals={"beta": 1, "omega": 9})
    text = "\n".join(rendered(synthetic.comparison(one, two)))
    assert text.index("omega") < text.index("beta") < text.index("zeta")


def test_markup_in_names_is_shown_and_not_obeyed() -> None:
    text = "".join(rendered(synthetic.hostile(), width=300))
    # Once in the name of a policy, once as a reason.
    assert text.count(synthetic.HOSTILE) == 2


def test_no_refusals_means_no_heading_for_them() -> None:
    assert not any("refusals" in line for line in rendered(synthetic.quiet()))


def test_no_runs_is_an_empty_table() -> None:
    assert rendered(synthetic.comparison())
