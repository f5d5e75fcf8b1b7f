"""The comparison as plain JSON values; what `--json` prints.

Owns one invariant: every number in it is finite, so that any JSON parser can read it.
"""

from streams.lab.compare import Compared, ComparedPeriod, Confidence, StealWorth
from streams.lab.drawing.figures import require_finite

MICROS = 1_000_000


def comparison_document(compared: Compared) -> dict[str, object]:
    """Give the figures of all runs, without the series and the timeline.

    One period stands at the top, as `runs`; of several each has its name: `fit`, `unseen`.
    """
    comparison = compared.first.comparison
    document: dict[str, object] = {
        "files": list(comparison.files),
        "symbols": list(comparison.symbols),
        "capital": comparison.capital,
        "position": comparison.position,
        "strategy": comparison.strategy,
        "notes": list(comparison.notes),
        "baseline": compared.baseline,
    }
    if len(compared.parts) == 1:
        document |= _part(compared.first, compared)
    else:
        document |= {part.name: _part(part, compared) for part in compared.parts}
    document["digest"] = compared.digest
    require_finite(document, "comparison")
    return document


def _part(part: ComparedPeriod, compared: Compared) -> dict[str, object]:
    values = {one.policy.name: one.values for one in compared.swept}
    return {
        "first_us": part.comparison.first_us,
        "last_us": part.comparison.last_us,
        "quotes": part.comparison.quotes,
        "horizon_us": part.horizon_us,
        "runs": {name: _run(name, part, values[name]) for name in part.comparison.runs},
    }


def _run(name: str, part: ComparedPeriod, values: dict[str, int | float]) -> dict[str, object]:
    run = part.comparison.runs[name]
    return {
        "entries": run.entries,
        "fills": run.fills,
        "steals": run.steals,
        "steals_settled": run.steals_settled,
        "steals_lost": run.steals_lost,
        "blocks": run.blocks,
        "commands": run.commands,
        "pnl": run.pnl,
        "fees": run.fees,
        "interest": run.interest,
        "max_drawdown": run.max_drawdown,
        "max_drawdown_fraction": run.max_drawdown_fraction,
        "capital_mean": run.capital_mean,
        "capital_peak": run.capital_peak,
        "idle_fraction": run.idle_fraction,
        "capacity_breaches": run.capacity_breaches,
        "refusals": dict(run.refusals),
        "swept": dict(values),
        "worth": _worth(part.steals[name]),
        "against_baseline": _against(part.against.get(name)),
        "digest": run.digest,
        "state_digest": run.state_digest,
    }


def _worth(steals: StealWorth) -> dict[str, object]:
    """Give the judged steals: counts, dollars, and shares (null where there is nothing to share)."""
    return {
        "settled": steals.settled,
        "lost": steals.lost,
        "expired": steals.expired,
        "open": steals.open,
        "settled_of_ended": _share(steals.settled, steals.ended),
        "thieves_filled": steals.thieves_filled,
        "filled_of_settled": _share(steals.thieves_filled, steals.settled),
        "victims_would_have_filled": steals.victims_filled,
        "thieves": steals.thieves_micros / MICROS,
        "victims": steals.victims_micros / MICROS,
        "gain_per_steal": _share(steals.gain_micros / MICROS, steals.settled),
        "thief_did_better": _share(steals.better, steals.settled),
    }


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _against(against: Confidence | None) -> dict[str, object] | None:
    if against is None:
        return None
    return {
        "days": against.days,
        "difference": against.difference,
        "low": against.low,
        "high": against.high,
        "above_zero": against.above_zero,
    }
