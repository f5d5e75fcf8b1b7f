"""The rows of the comparison, made once, so that console and HTML can never disagree."""

from dataclasses import dataclass

from streams.lab.backtest.result import Comparison, RunResult
from streams.lab.compare import ComparedPeriod, Confidence, StealWorth
from streams.lab.drawing.figures import count, money, percent, signed_money

REFUSALS_HEADING = "refusals by reason"
DIGEST_LENGTH = 12
NOTHING = "–"
"""What a figure is called that there is none of: a share of no steals, a baseline against itself."""
MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line: a label and one cell for each run."""

    label: str
    cells: tuple[str, ...]
    refusal: bool = False
    """A count of one refusal reason; such rows stand together at the end of the figures."""


def comparison_rows(part: ComparedPeriod) -> list[ReportRow]:
    """Give all rows in the order in which they are shown; the digest is last."""
    runs = list(part.comparison.runs.values())
    figures = [_figures(name, run, part) for name, run in part.comparison.runs.items()]
    labels = [label for label, _ in figures[0]] if figures else []
    rows = [
        ReportRow(label, tuple(column[index][1] for column in figures))
        for index, label in enumerate(labels)
    ]
    rows += [
        ReportRow(reason, tuple(count(run.refusals.get(reason, 0)) for run in runs), refusal=True)
        for reason in refusal_reasons(part.comparison)
    ]
    if runs:
        rows.append(ReportRow("digest", tuple(run.digest[:DIGEST_LENGTH] for run in runs)))
    return rows


def refusal_reasons(comparison: Comparison) -> list[str]:
    """Every reason of any run: most frequent over all runs first, then by name."""
    totals: dict[str, int] = {}
    for run in comparison.runs.values():
        for reason, number in run.refusals.items():
            totals[reason] = totals.get(reason, 0) + number
    return sorted(totals, key=lambda reason: (-totals[reason], reason))


def share(part: int, whole: int) -> str:
    """Format a share of a count: 62 %; of nothing there is none."""
    return f"{100 * part / whole:.0f} %" if whole else NOTHING


def difference(against: Confidence | None) -> str:
    """Format what a run earned over the baseline; nothing for the baseline itself."""
    return NOTHING if against is None else signed_money(against.difference)


def interval(against: Confidence | None) -> tuple[str, str]:
    """Format the two ends between which most of the resamples lie."""
    if against is None or against.low is None or against.high is None:
        return NOTHING, NOTHING
    return signed_money(against.low), signed_money(against.high)


def above_zero(against: Confidence | None) -> str:
    """Format the share of resamples in which a run beats the baseline."""
    if against is None or against.above_zero is None:
        return NOTHING
    return f"{100 * against.above_zero:.0f} %"


def gain_per_steal(steals: StealWorth) -> str:
    """Format what a settled steal brought over leaving its victims alone, in dollars."""
    if not steals.settled:
        return NOTHING
    return signed_money(steals.gain_micros / MICROS / steals.settled)


def _figures(name: str, run: RunResult, part: ComparedPeriod) -> list[tuple[str, str]]:
    against = part.against.get(name)
    low, high = interval(against)
    return [
        ("P&L $", signed_money(run.pnl)),
        ("against baseline $", difference(against)),
        ("  90 % from", low),
        ("  90 % to", high),
        ("  above zero", above_zero(against)),
        ("fees $", money(run.fees)),
        ("interest $", money(run.interest)),
        ("max drawdown $", money(run.max_drawdown)),
        ("max drawdown %", percent(run.max_drawdown_fraction)),
        ("capital in use, mean $", money(run.capital_mean)),
        ("capital in use, peak $", money(run.capital_peak)),
        ("idle capital", percent(run.idle_fraction)),
        ("capacity breaches", count(run.capacity_breaches)),
        ("entries", count(run.entries)),
        ("fills", count(run.fills)),
        ("commands", count(run.commands)),
        *_steals(run, part.steals[name]),
        ("blocks", count(run.blocks)),
    ]


def _steals(run: RunResult, steals: StealWorth) -> list[tuple[str, str]]:
    return [
        (
            "steals (settled/lost)",
            f"{run.steals:,} ({run.steals_settled:,}/{run.steals_lost:,})",
        ),
        ("  settled of ended", share(steals.settled, steals.ended)),
        ("  filled of settled", share(steals.thieves_filled, steals.settled)),
        ("  thieves' worth $", signed_money(steals.thieves_micros / MICROS)),
        ("  victims' worth $", signed_money(steals.victims_micros / MICROS)),
        ("  gain per steal $", gain_per_steal(steals)),
        ("  thief did better", share(steals.better, steals.settled)),
    ]
