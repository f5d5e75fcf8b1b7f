"""All policies below each other, the best first: one line each, the periods side by side."""

from collections.abc import Callable
from dataclasses import dataclass

from streams.lab.backtest.result import RunResult
from streams.lab.compare import Compared, ComparedPeriod, Confidence, StealWorth
from streams.lab.drawing.figures import count, percent, signed_money

from .choice import kept_whole
from .rows import above_zero, difference, gain_per_steal, interval, share

Cell = Callable[[RunResult, StealWorth, Confidence | None], str]
COLUMNS: dict[str, Cell] = {
    "P&L $": lambda run, _steals, _against: signed_money(run.pnl),
    "against baseline $": lambda _run, _steals, against: difference(against),
    "90 % from": lambda _run, _steals, against: interval(against)[0],
    "90 % to": lambda _run, _steals, against: interval(against)[1],
    "above zero": lambda _run, _steals, against: above_zero(against),
    "max drawdown": lambda run, _steals, _against: percent(run.max_drawdown_fraction),
    "idle capital": lambda run, _steals, _against: percent(run.idle_fraction),
    "fees and interest $": lambda run, _steals, _against: signed_money(-run.fees - run.interest),
    "steals": lambda run, _steals, _against: count(run.steals),
    "settled of ended": lambda _run, steals, _against: share(steals.settled, steals.ended),
    "filled of settled": lambda _run, steals, _a: share(steals.thieves_filled, steals.settled),
    "gain per steal $": lambda _run, steals, _against: gain_per_steal(steals),
}
SHORT = ("P&L $", "against baseline $", "above zero", "max drawdown", "idle capital", "steals")
"""What a console has room for."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """A table: a line for each policy, a figure for each measure and in it for each period."""

    measures: tuple[str, ...]
    periods: tuple[str, ...]
    lines: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    """Name, and by measure the cells of all periods."""
    left_out: int = 0


def ranking(compared: Compared, most: int, columns: tuple[str, ...] = tuple(COLUMNS)) -> Ranking:
    """Give the best `most` policies by the first period, and those that are always shown."""
    shown = kept_whole(compared, most)
    ranked = [name for name in compared.ranked if name in shown]
    return Ranking(
        measures=columns,
        periods=tuple(part.name for part in compared.parts),
        lines=tuple(
            (
                name,
                tuple(
                    tuple(_cell(name, part, column) for part in compared.parts)
                    for column in columns
                ),
            )
            for name in ranked
        ),
        left_out=len(compared.ranked) - len(ranked),
    )


def _cell(name: str, part: ComparedPeriod, column: str) -> str:
    run, steals = part.comparison.runs[name], part.steals[name]
    return COLUMNS[column](run, steals, part.against.get(name))
