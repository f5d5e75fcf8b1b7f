"""The answer as plain JSON values; what `--json` prints.  Every number in it is finite."""

from dataclasses import asdict

from streams.lab.drawing.figures import require_finite
from streams.lab.periods import Period

from .objective import Objective
from .outcome import Outcome
from .result import FoldResult, Judged, Optimized, Sensitivity
from .verdict import verdict


def optimize_document(optimized: Optimized) -> dict[str, object]:
    """Give everything; `objective` values are as a reader knows them (an idle share, dollars).

    Raises `ReportError` if a figure is not finite.
    """
    objective = optimized.objective
    document: dict[str, object] = {
        "files": list(optimized.files),
        "symbols": list(optimized.symbols),
        "capital": optimized.capital,
        "position": optimized.position,
        "strategy": optimized.strategy,
        "notes": list(optimized.notes),
        "data": optimized.asked["data"],
        "objective": objective.name,
        "evaluations": optimized.asked["evaluations"],
        "seed": optimized.asked["seed"],
        "ranges": optimized.asked["ranges"],
        "best": dict(optimized.values),
        "policy": optimized.policy.model_dump(mode="json"),
        "verdict": verdict(optimized),
        "folds": [_fold(fold, objective) for fold in optimized.folds],
        "sensitivity": [_sensitivity(one, objective) for one in optimized.sensitivity],
        "capacity_breaches": optimized.breaches,
    }
    require_finite(document, "search")
    return document


def _fold(fold: FoldResult, objective: Objective) -> dict[str, object]:
    return {
        "fit": _period(fold.fold.fit),
        "unseen": _period(fold.fold.unseen),
        "distinct": fold.distinct,
        "best": dict(fold.best.values),
        "policies": {name: _judged(one, objective) for name, one in fold.judged.items()},
        "tried": [
            {"values": dict(one.values), "objective": objective.shown(one.score)}
            for one in fold.tried
        ],
    }


def _period(period: Period) -> dict[str, object]:
    return {"from_us": period.from_us, "until_us": period.until_us}


def _judged(one: Judged, objective: Objective) -> dict[str, object]:
    return {
        "fit": _outcome(one.fit, objective.shown(one.fit_score)),
        "unseen": _outcome(one.unseen, objective.shown(one.unseen_score)),
        "against_start": None if one.against is None else asdict(one.against),
    }


def _outcome(outcome: Outcome, shown: float) -> dict[str, object]:
    return {
        "objective": shown,
        "pnl": outcome.pnl,
        "fees": outcome.fees,
        "max_drawdown": outcome.max_drawdown,
        "idle_fraction": outcome.idle,
        "steals": outcome.steals,
        "steals_settled": outcome.settled,
        "blocks": outcome.blocks,
        "commands": outcome.commands,
        "digest": outcome.digest,
    }


def _sensitivity(one: Sensitivity, objective: Objective) -> dict[str, object]:
    return {
        "field": one.field,
        "best": one.best,
        "values": list(one.values),
        "objective": [objective.shown(score) for score in one.scores],
        "changed_nothing": one.changed_nothing,
    }
