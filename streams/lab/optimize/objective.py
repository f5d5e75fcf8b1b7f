"""What a search is after, as a number to make large."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .outcome import Outcome

ObjectiveName = Literal["pnl", "pnl-per-drawdown", "idle"]
FLOOR = 0.01
"""Of the capital.  A drawdown below it counts as it: a run that hardly trades has hardly any."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective: how a run is scored (higher is better), and how the score is shown."""

    name: ObjectiveName
    title: str
    score: Callable[[Outcome, float], float]
    """An outcome and the capital in dollars → the score."""
    sign: int = 1
    """Of the figure that is shown: the idle share is shown as itself, and scored as its negative."""

    def shown(self, score: float) -> float:
        """Return the figure that a reader knows."""
        return self.sign * score + 0.0


def _per_drawdown(outcome: Outcome, capital: float) -> float:
    """Divide the P&L by the deepest fall.

    A loss is divided by the floor: else falling deeper would make it look smaller.
    """
    floor = FLOOR * capital
    return outcome.pnl / (max(outcome.max_drawdown, floor) if outcome.pnl > 0 else floor)


OBJECTIVES: dict[str, Objective] = {
    one.name: one
    for one in (
        Objective("pnl", "net P&L, dollars", lambda outcome, _: outcome.pnl),
        Objective("pnl-per-drawdown", "P&L per dollar of drawdown", _per_drawdown),
        Objective("idle", "idle share of the capital", lambda outcome, _: -outcome.idle, sign=-1),
    )
}
