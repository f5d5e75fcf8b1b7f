"""What a swept field changes: P&L, idle capital and steals against its values."""

from collections.abc import Callable
from dataclasses import dataclass

from streams.lab.backtest.result import RunResult
from streams.lab.compare import Compared, ComparedPeriod
from streams.lab.drawing.chart import Chart, Trace, axis, layout, literal, run_color
from streams.lab.drawing.figures import count, percent, signed_money


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a run: how it is called, read, written and labelled."""

    id: str
    title: str
    of: Callable[[RunResult], float]
    written: Callable[[RunResult], str]
    format: str
    """d3's, of the axis."""


MEASURES = (
    Measure("pnl", "P&L, dollars", lambda run: run.pnl, lambda run: signed_money(run.pnl), ",.0f"),
    Measure(
        "idle",
        "Idle capital",
        lambda run: run.idle_fraction,
        lambda run: percent(run.idle_fraction),
        ".1%",
    ),
    Measure("steals", "Steals", lambda run: float(run.steals), lambda run: count(run.steals), ",d"),
)
ROWS_MAX = 100
"""Lines of the table beside a chart; the ranking has all figures of the best."""

Points = dict[float, list[RunResult]]
"""The value of the field → the runs that have it, whatever the other swept fields are."""


def swept_charts(compared: Compared) -> list[list[Chart]]:
    """Draw the measures of each swept field, those of one field together."""
    return [[_chart(compared, field, measure) for measure in MEASURES] for field in compared.fields]


def _chart(compared: Compared, field: str, measure: Measure) -> Chart:
    traces: list[Trace] = []
    rows: list[tuple[str, ...]] = []
    several = len(compared.fields) > 1
    for name, part, points in _curves(compared, field):
        color = run_color(len(traces) // 2 if several else len(traces))
        traces.append(_mean(name, points, measure, color))
        if several:
            traces.append(_all(name, points, measure, color))
        rows += _rows(part, points, measure)
    return Chart(
        id=f"swept-{measure.id}-{field}",
        title=f"{measure.title} against {field}",
        caption=_caption(field, several=several),
        traces=traces,
        layout=layout(
            320,
            hovermode="closest",
            xaxis=axis(exponentformat="none", nticks=8),
            yaxis=axis(tickformat=measure.format, exponentformat="none", nticks=6),
        ),
        head=("period", field, "runs", f"{measure.title}: lowest", "highest"),
        rows=rows[:ROWS_MAX],
        empty="No policy has this field swept.",
        level=3,
        more=[f"The table lists the first {ROWS_MAX}."] if len(rows) > ROWS_MAX else [],
    )


def _caption(field: str, *, several: bool) -> str:
    across = f"Across: {field}."
    if several:
        return f"{across} A dot is a run; the line is the mean over the other swept fields."
    return f"{across} A dot is a run. A lone peak between low neighbours is chance, not a setting."


def _curves(compared: Compared, field: str) -> list[tuple[str, ComparedPeriod, Points]]:
    """One curve for each policy that was swept and each period."""
    bases = dict.fromkeys(one.base for one in compared.swept if one.values)
    curves = []
    for part in compared.parts:
        for base in bases:
            points: Points = {}
            for one in compared.swept:
                if one.base == base and field in one.values:
                    run = part.comparison.runs[one.policy.name]
                    points.setdefault(float(one.values[field]), []).append(run)
            name = base if len(compared.parts) == 1 else f"{base}, {part.name}"
            curves.append((name, part, points))
    return curves


def _mean(name: str, points: Points, measure: Measure, color: str) -> Trace:
    alone = all(len(runs) == 1 for runs in points.values())
    return {
        "type": "scatter",
        "mode": "lines+markers" if alone else "lines",
        "name": literal(name),
        "x": list(points),
        "y": [round(sum(map(measure.of, runs)) / len(runs), 6) for runs in points.values()],
        "line": {"width": 2, "color": color},
        "marker": {"color": color, "size": 7},
        "hovertemplate": f"%{{x}}<br>%{{y:{measure.format}}}<extra>%{{fullData.name}}</extra>",
    }


def _all(name: str, points: Points, measure: Measure, color: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": literal(name),
        "showlegend": False,
        "x": [value for value, runs in points.items() for _ in runs],
        "y": [round(measure.of(run), 6) for runs in points.values() for run in runs],
        "marker": {"color": color, "size": 5, "opacity": 0.5},
        "hovertemplate": f"%{{x}}<br>%{{y:{measure.format}}}<extra>%{{fullData.name}}</extra>",
    }


def _rows(part: ComparedPeriod, points: Points, measure: Measure) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for value, runs in points.items():
        lowest, highest = min(runs, key=measure.of), max(runs, key=measure.of)
        cells = (count(len(runs)), measure.written(lowest), measure.written(highest))
        rows.append((part.name, f"{value:g}", *cells))
    return rows
