"""The comparison as plain JSON values; what `--json` prints.

Owns one invariant: every number in it is finite, so that any JSON parser can read it.
"""

import math

from streams.backtest.result import Comparison, RunResult

from .errors import ReportError


def comparison_document(comparison: Comparison) -> dict[str, object]:
    """Give the figures of all runs, without the series and the timeline."""
    document: dict[str, object] = {
        "files": list(comparison.files),
        "symbols": list(comparison.symbols),
        "first_us": comparison.first_us,
        "last_us": comparison.last_us,
        "quotes": comparison.quotes,
        "capital": comparison.capital,
        "position": comparison.position,
        "strategy": comparison.strategy,
        "notes": list(comparison.notes),
        "runs": {name: _run(run) for name, run in comparison.runs.items()},
    }
    require_finite(document, "comparison")
    return document


def require_finite(value: object, where: str) -> None:
    """Raise `ReportError` naming the first number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ReportError(
            f"{where} is {value}, which is no amount; "
            "check the data for zero or missing prices and run the backtest again"
        )
    if isinstance(value, dict):
        for key, inner in value.items():
            require_finite(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            require_finite(inner, f"{where}[{index}]")


def _run(run: RunResult) -> dict[str, object]:
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
        "max_drawdown": run.max_drawdown,
        "max_drawdown_fraction": run.max_drawdown_fraction,
        "capital_mean": run.capital_mean,
        "capital_peak": run.capital_peak,
        "capacity_breaches": run.capacity_breaches,
        "refusals": dict(run.refusals),
        "digest": run.digest,
        "state_digest": run.state_digest,
    }
