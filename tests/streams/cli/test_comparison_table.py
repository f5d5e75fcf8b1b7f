"""The console table: whole figures at 80 columns, and no word of the data read as markup."""

import io
import re

from rich.console import Console

from streams.cli.comparison_table import comparison_table
from streams.lab.compare import Compared
from tests.streams.lab.report import synthetic


def rendered(comparison: Compared, width: int = 80) -> list[str]:
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
        "P&L $",
        "against baseline $",
        "90 % from",
        "90 % to",
        "above zero",
        "fees $",
        "interest $",
        "max drawdown $",
        "max drawdown %",
        "capital in use, mean $",
        "capital in use, peak $",
        "idle capital",
        "capacity breaches",
        "entries",
        "fills",
        "commands",
        "steals (settled/lost)",
        "settled of ended",
        "filled of settled",
        "thieves' worth $",
        "victims' worth $",
        "gain per steal $",
        "thief did better",
        "blocks",
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
    assert line_of(lines, "steals (")[1:] == ["0 (0/0)", "60 (24/12)", "140 (56/28)"]
    assert line_of(lines, "max drawdown %")[1:] == ["1.23 %"] * 3
    assert line_of(lines, "no_steal_candidates")[1:] == ["0", "190", "20"]
    assert line_of(lines, "digest  ")[1:] == ["0123456789ab"] * 3
    assert line_of(lines, "against baseline $")[1:] == ["–", "+1,234.57", "+1,235,802.46"]
    assert line_of(lines, "90 % from")[1:] == ["–", "-50.25", "-50.25"]
    assert line_of(lines, "above zero")[1:] == ["–", "88 %", "88 %"]
    assert line_of(lines, "idle capital")[1:] == ["25.00 %"] * 3
    assert line_of(lines, "gain per steal $")[1:] == ["–", "+4.50", "+4.50"]
    assert f"digest of all: {'d' * 32}" in " ".join(lines)


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


def test_many_policies_are_lines_the_best_first() -> None:
    many = synthetic.swept(40)
    lines = rendered(many, width=120)
    assert max(len(line) for line in lines) <= 120
    shown = [line.split("│")[1].strip() for line in lines if line.startswith("│")]
    runs = many.first.comparison.runs
    best = sorted(runs, key=lambda name: -runs[name].pnl)
    assert len(shown) == 20
    assert shown == [name for name in best if name in shown]
    assert {"none", "default", *best[:18]} == set(shown)
    assert "20 of 42 policies, by P&L" in " ".join(lines)


def test_two_periods_stand_together_at_80_columns() -> None:
    lines = rendered(synthetic.swept(1, parts=2))
    assert max(len(line) for line in lines) <= 80
    assert not any("…" in line for line in lines)
    at = next(place for place, line in enumerate(lines) if "fit" in line and "+37.00" in line)
    # There are no rules between the columns at this width: two blanks part them.
    fit, unseen = (re.split(r" {2,}", lines[at + n].rstrip()) for n in (0, 1))
    assert fit[:4] == ["default", "fit", "+37.00", "+37.00"]
    assert unseen[:4] == ["", "unseen", "+38.00", "+37.00"]
