"""What a search came to; the report, `--json` and the console show this and nothing else."""

from dataclasses import dataclass
from typing import Any

from state.rules.policy import Policy
from streams.lab.compare import Confidence
from streams.lab.ranges import Number

from .folds import Fold
from .objective import Objective
from .outcome import Outcome
from .search import Tried
from .space import Space, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A policy on both periods of a fold; scores are higher where they are better."""

    fit: Outcome
    unseen: Outcome
    fit_score: float
    unseen_score: float
    against: Confidence | None
    """P&L on the unseen period against that of the policy that the search began with."""


@dataclass(frozen=True, slots=True)
class FoldResult:
    """The search of one fold, and what became of its best policy afterwards."""

    fold: Fold
    tried: tuple[Tried, ...]
    best: Tried
    judged: dict[str, Judged]
    """`optimized`, the policy that the search began with, `default`, `none`; each once."""

    @property
    def distinct(self) -> int:
        """Return how many of the evaluations gave commands of their own."""
        return len({one.outcome.digest for one in self.tried})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """One field at the ends and the middle of its range, all else as in the best policy."""

    field: str
    best: Number
    values: tuple[Number, ...]
    scores: tuple[float, ...]
    distinct: int
    """How many different courses of commands that gave, the best policy's own among them."""

    @property
    def changed_nothing(self) -> bool:
        """Tell whether the venue was told the same under every value."""
        return self.distinct == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimized:
    """The whole answer.  `asked` is what a journal's first line says of it."""

    asked: dict[str, Any]
    files: tuple[str, ...]
    symbols: tuple[str, ...]
    notes: tuple[str, ...]
    strategy: str
    capital: float
    position: float
    objective: Objective
    space: Space
    folds: tuple[FoldResult, ...]
    sensitivity: tuple[Sensitivity, ...]
    policy: Policy
    """The best of the last fold, which was fitted on the most data."""

    @property
    def values(self) -> Values:
        """Return the searched fields of the policy that was found."""
        return self.folds[-1].best.values

    @property
    def breaches(self) -> int:
        """Return how often more capital was in use than there was, over all runs; 0 or a bug."""
        return sum(
            outcome.breaches
            for fold in self.folds
            for outcome in (
                *(one.outcome for one in fold.tried),
                *(one.unseen for one in fold.judged.values()),
            )
        )
