"""The report of a search: one HTML file that needs nothing else, in the style of the backtest's.

As there, a content security policy keeps every request inside the file and names by hash the only
two scripts that may run.
"""

from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from streams.lab.drawing.figures import count, money, percent, require_finite, signed_money, utc
from streams.lab.drawing.parts import page_parts
from streams.lab.drawing.write import write_atomically

from .charts import course_chart, field_charts, figure, sensitivity_chart
from .document import optimize_document
from .result import FoldResult, Judged, Optimized
from .space import OPTIMIZED
from .verdict import ineffective, verdict

HEAD = (
    *("policy", "period", "objective", "P&L $", "against start $", "90 % from", "90 % to"),
    *("max drawdown $", "idle", "steals (settled)", "blocks"),
)


def write_page(optimized: Optimized, path: Path) -> None:
    """Write the report to `path`; raise `ReportError` when that is not possible."""
    write_atomically(path, _render(optimized).encode("utf-8", "backslashreplace"))


def judged_rows(optimized: Optimized, fold: FoldResult) -> list[tuple[str, ...]]:
    """Return the lines of a fold by `HEAD`: each policy on the fit, then on the unseen period."""
    rows = []
    for period in ("fit", "unseen"):
        for name, one in fold.judged.items():
            rows.append(_row(optimized, name, period, one))
    return rows


def judged_table(optimized: Optimized) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return heads and lines of all folds for a console; several folds are told apart by name."""
    lines = []
    for fold in optimized.folds:
        for name, period, *cells in judged_rows(optimized, fold):
            named = fold.fold.fit if period == "fit" else fold.fold.unseen
            lines.append((name, named.name, *cells))
    return HEAD, lines


def _row(optimized: Optimized, name: str, period: str, one: Judged) -> tuple[str, ...]:
    seen = period == "fit"
    outcome = one.fit if seen else one.unseen
    against = None if seen else one.against
    sure = against is not None and against.low is not None and against.high is not None
    return (
        name,
        period,
        figure(optimized.objective.shown(one.fit_score if seen else one.unseen_score)),
        signed_money(outcome.pnl),
        "" if against is None else signed_money(against.difference),
        signed_money(against.low or 0.0) if against is not None and sure else "",
        signed_money(against.high or 0.0) if against is not None and sure else "",
        money(outcome.max_drawdown),
        percent(outcome.idle),
        f"{outcome.steals:,} ({outcome.settled:,})",
        count(outcome.blocks),
    )


def _render(optimized: Optimized) -> str:
    document = optimize_document(optimized)  # every number is finite, or it raises
    courses = [course_chart(optimized, fold, n) for n, fold in enumerate(optimized.folds, 1)]
    fields = field_charts(optimized)
    sensitivity = sensitivity_chart(optimized)
    drawn: list[dict[str, object]] = [
        {"id": chart.id, "traces": chart.traces, "layout": chart.layout}
        for chart in (*courses, *fields, sensitivity)
    ]
    require_finite(drawn, "chart")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "allow_nan": False}
    here = resources.files("streams.lab.optimize").joinpath("template.html.j2")
    return environment.from_string(here.read_text("utf-8")).render(
        document=document,
        objective=optimized.objective,
        base=optimized.space.base.name,
        verdict=verdict(optimized),
        ineffective=ineffective(optimized),
        folds=[_fold(optimized, fold) for fold in optimized.folds],
        best=_best(optimized),
        best_head=_best_head(optimized),
        head=HEAD,
        courses=courses,
        fields=fields,
        sensitivity=sensitivity,
        drawn=drawn,
        **page_parts(),
    )


def _fold(optimized: Optimized, fold: FoldResult) -> dict[str, object]:
    fit, unseen = fold.fold.fit, fold.fold.unseen
    return {
        "name": unseen.name,
        "fit": f"{utc(fit.from_us)} to {utc(fit.until_us)}",
        "unseen": f"{utc(unseen.from_us)} to {utc(unseen.until_us)}",
        "tried": len(fold.tried),
        "distinct": fold.distinct,
        "rows": judged_rows(optimized, fold),
    }


def _best(optimized: Optimized) -> list[tuple[str, ...]]:
    """Return a line for each field: range, the policy begun with, the best of each fold."""
    return [
        (
            one.field,
            f"{figure(one.low)} to {figure(one.high)}",
            figure(float(getattr(optimized.space.base, one.field) or 0)),
            *(figure(fold.best.values[one.field]) for fold in optimized.folds),
        )
        for one in optimized.space.dimensions
    ]


def _best_head(optimized: Optimized) -> tuple[str, ...]:
    """Return the heads of the columns of the best policies."""
    several = len(optimized.folds) > 1
    bests = [
        f"{OPTIMIZED}, {fold.fold.fit.name}" if several else OPTIMIZED for fold in optimized.folds
    ]
    return ("field", "range", optimized.space.base.name, *bests)
