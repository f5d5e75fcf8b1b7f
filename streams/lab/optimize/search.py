"""The search itself: differential evolution that uses its budget to the last evaluation.

A generation is proposed as a whole (`updating="deferred"`) and its outcomes are taken in order, so
the course is a function of the seed, however many workers play it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, isqrt

import numpy as np
from numpy.typing import NDArray

from .outcome import Outcome
from .space import Space, Values

POPULATION_MIN = 5
"""What the algorithm needs to mix."""
POPULATION_PER_FIELD = 15

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tried:
    """One evaluation of a search."""

    values: Values
    outcome: Outcome
    score: float
    """Higher is better."""


class _PlayFailedError(Exception):
    """Carries what a run raised past scipy, which would call some of it a mistake of the mapper."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def population_of(evaluations: int, fields: int) -> int:
    """Return the size of a generation: with it grow both generations and their number."""
    wanted = isqrt(2 * evaluations)
    return min(evaluations, max(POPULATION_MIN, min(wanted, POPULATION_PER_FIELD * fields)))


def search(
    space: Space,
    play: Callable[[Sequence[Values]], list[Outcome]],
    score: Callable[[Outcome], float],
    evaluations: int,
    rng: np.random.Generator,
) -> list[Tried]:
    """Return exactly `evaluations` (5 or more) trials in the order in which they were proposed.

    The first is the base policy's own place; the rest of the first generation is spread by a
    scrambled Latin hypercube.  Raises what `play` raises.
    """
    tried: list[Tried] = []

    def generation(_: object, proposals: Iterable[Floats]) -> list[float]:
        wanted = [space.values(proposal) for proposal in proposals]
        left = wanted[: evaluations - len(tried)]
        try:
            outcomes = play(left) if left else []
        except Exception as error:
            raise _PlayFailedError(error) from error
        new = [
            Tried(values, outcome, score(outcome))
            for values, outcome in zip(left, outcomes, strict=True)
        ]
        tried.extend(new)
        # What the budget has no place for counts as worse than anything, so it is never taken over.
        return [-one.score for one in new] + [inf] * (len(wanted) - len(new))

    # Here, for no other command should wait half a second until scipy is loaded.
    from scipy.optimize import differential_evolution  # noqa: PLC0415

    size = population_of(evaluations, len(space.dimensions))
    try:
        differential_evolution(
            lambda _: 0.0,  # the mapper plays a whole generation at once
            space.bounds,
            maxiter=-(-evaluations // size) - 1,
            init=_first(space, size, rng),
            rng=rng,
            integrality=[one.whole for one in space.dimensions],
            updating="deferred",
            workers=generation,
            polish=False,
            tol=0,
            atol=-1,  # never "converged": where nothing changes anything, that is to be shown
        )
    except _PlayFailedError as failed:
        raise failed.error from None
    return tried


def best_of(tried: Sequence[Tried]) -> Tried:
    """Return the first of the highest score: between equals, what was tried before."""
    return max(tried, key=lambda one: one.score)


def _first(space: Space, size: int, rng: np.random.Generator) -> Floats:
    from scipy.stats import qmc  # noqa: PLC0415 - see above

    low, high = np.array(space.bounds).T
    spread = qmc.LatinHypercube(len(low), rng=rng).random(size - 1)
    first: Floats = np.vstack([space.start, low + spread * (high - low)])
    return first
