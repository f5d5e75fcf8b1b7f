"""The rows of the comparison, made once, so that console and HTML can never disagree."""

from dataclasses import dataclass

from streams.backtest.result import Comparison, RunResult

REFUSALS_HEADING = "refusals by reason"
DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a label and one cell for each run."""

    label: str
    cells: tuple[str, ...]
    refusal: bool = False
    """A count of one refusal reason; such rows stand together at the end of the figures."""


def comparison_rows(comparison: Comparison) -> list[Row]:
    """Give all rows in the order in which they are shown; the digest is last."""
    runs = list(comparison.runs.values())
    figures = [_figures(run) for run in runs]
    labels = [label for label, _ in figures[0]] if figures else []
    rows = [
        Row(label, tuple(column[index][1] for column in figures))
        for index, label in enumerate(labels)
    ]
    rows += [
        Row(reason, tuple(count(run.refusals.get(reason, 0)) for run in runs), refusal=True)
        for reason in refusal_reasons(comparison)
    ]
    if runs:
        rows.append(Row("digest", tuple(run.digest[:DIGEST_LENGTH] for run in runs)))
    return rows


def refusal_reasons(comparison: Comparison) -> list[str]:
    """Every reason of any run: most frequent over all runs first, then by name."""
    totals: dict[str, int] = {}
    for run in comparison.runs.values():
        for reason, number in run.refusals.items():
            totals[reason] = totals.get(reason, 0) + number
    return sorted(totals, key=lambda reason: (-totals[reason], reason))


def count(number: int) -> str:
    """Format a count: 12,345."""
    return f"{number:,}"


def money(dollars: float) -> str:
    """Format dollars: 12,345.60."""
    return f"{_cents(dollars):,.2f}"


def signed_money(dollars: float) -> str:
    """Format a gain or loss: +12,345.60."""
    return f"{_cents(dollars):+,.2f}"


def percent(fraction: float) -> str:
    """Format a fraction: 1.25 %."""
    return f"{_cents(100 * fraction):,.2f} %"


def _cents(value: float) -> float:
    # Adding 0.0 turns -0.0 into 0.0: a loss of nothing must not look like a loss.
    return round(value, 2) + 0.0


def _figures(run: RunResult) -> list[tuple[str, str]]:
    steals = f"{run.steals:,} ({run.steals_settled:,}/{run.steals_lost:,})"
    return [
        ("entries", count(run.entries)),
        ("fills", count(run.fills)),
        ("steals (settled/lost)", steals),
        ("blocks", count(run.blocks)),
        ("commands", count(run.commands)),
        ("capital in use, mean $", money(run.capital_mean)),
        ("capital in use, peak $", money(run.capital_peak)),
        ("P&L $", signed_money(run.pnl)),
        ("fees $", money(run.fees)),
        ("max drawdown $", money(run.max_drawdown)),
        ("max drawdown %", percent(run.max_drawdown_fraction)),
        ("capacity breaches", count(run.capacity_breaches)),
    ]
