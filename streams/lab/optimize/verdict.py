"""What the search means, in sentences: the honest end of it."""

from state.rules.policy import NONE

from .result import Optimized
from .space import OPTIMIZED


def verdict(optimized: Optimized) -> list[str]:
    """Say whether the best that was found is better on data that it never saw."""
    base = optimized.space.base.name
    objective = optimized.objective.title
    folds = optimized.folds
    better = [
        fold.judged[OPTIMIZED].unseen_score > fold.judged[base].unseen_score for fold in folds
    ]
    ahead = [fold.judged[OPTIMIZED].fit_score > fold.judged[base].fit_score for fold in folds]
    said = []
    if not any(ahead):
        said.append(f"Nothing that was tried is better than {base} on the data it was fitted on.")
    elif len(folds) == 1 and better[0]:
        said.append(f"On the period it never saw, the best found beats {base} ({objective}).")
    elif len(folds) == 1:
        said.append(
            f"On the period it never saw, the best found does not beat {base} ({objective}):"
            f" its lead on the fit is most likely chance, and {base} is the better choice."
        )
    else:
        said.append(
            f"The best of each fit beats {base} ({objective}) on {sum(better)} of {len(folds)}"
            " periods that it never saw."
        )
        if 2 * sum(better) <= len(folds):
            said.append(f"That is no more than chance gives: {base} is the better choice.")
    return [*said, *_doubt(optimized, any(ahead) and any(better)), *_without_stealing(optimized)]


def _doubt(optimized: Optimized, found: bool) -> list[str]:
    """Say how sure the P&L of the last unseen period makes it."""
    against = optimized.folds[-1].judged[OPTIMIZED].against
    if not found or against is None or optimized.objective.name == "idle":
        return []
    if against.low is None or against.high is None:
        return ["The last unseen period has too few days to say how sure that is."]
    if against.low > 0:
        return []
    told = (
        "It may still be chance: the difference in P&L on the last unseen period is"
        f" {against.difference:+,.2f} dollars, and 90 % of resampled days give"
        f" {against.low:+,.2f} to {against.high:+,.2f}."
    )
    return [told]


def _without_stealing(optimized: Optimized) -> list[str]:
    """Say it where leaving stealing off comes out ahead on most of what was never seen."""
    folds = optimized.folds
    ahead = sum(
        fold.judged[NONE.name].unseen_score > fold.judged[OPTIMIZED].unseen_score for fold in folds
    )
    if 2 * ahead <= len(folds):
        return []
    where = "that period" if len(folds) == 1 else f"{ahead} of {len(folds)} of them"
    return [f"No stealing at all ({NONE.name}) does better on {where}."]


def ineffective(optimized: Optimized) -> list[str]:
    """Name the fields that changed nothing on this data."""
    return [one.field for one in optimized.sensitivity if one.changed_nothing]
