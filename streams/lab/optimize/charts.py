"""The charts of a search: its course, what it met along each field, what each field changes."""

from itertools import accumulate

from streams.lab.drawing.chart import Chart, Trace, axis, layout, literal, run_color

from .result import FoldResult, Optimized, Sensitivity
from .search import Tried, best_of
from .space import Dimension

ROWS_MAX = 25
"""Lines of a table beside a chart; `--json` has every evaluation."""


def figure(value: float) -> str:
    """Write a value of an objective or a field as a person would."""
    return f"{value + 0.0:,.6g}"


def course_chart(optimized: Optimized, fold: FoldResult, number: int) -> Chart:
    """Draw the objective of each evaluation, and the best so far."""
    shown = [optimized.objective.shown(one.score) for one in fold.tried]
    best = [
        optimized.objective.shown(score)
        for score in accumulate((one.score for one in fold.tried), max)
    ]
    places = list(range(1, len(shown) + 1))
    gained = [
        place
        for place in places
        if place == 1 or fold.tried[place - 1].score > _before(fold, place)
    ]
    return Chart(
        id=f"course-{number}",
        title=f"The search, {fold.fold.fit.name}",
        caption="A dot is an evaluation, in the order in which they were proposed; the line is the "
        "best so far. The first is the policy that the search began with.",
        traces=[
            _dots("evaluations", places, shown, "--run-0"),
            {
                "type": "scatter",
                "mode": "lines",
                "name": "best so far",
                "x": places,
                "y": best,
                "line": {"width": 2, "shape": "hv", "color": "--run-2"},
                "hovertemplate": "%{x}: %{y:,.6g}<extra>best so far</extra>",
            },
        ],
        layout=_layout(optimized),
        head=("evaluation", f"best {optimized.objective.title}"),
        rows=[(str(place), figure(best[place - 1])) for place in gained[-ROWS_MAX:]],
        empty="Nothing was tried.",
        level=3,
    )


def _before(fold: FoldResult, place: int) -> float:
    return max(one.score for one in fold.tried[: place - 1])


def field_charts(optimized: Optimized) -> list[Chart]:
    """Draw one scatter for each field: the objective of the last fold's trials against its value."""
    fold = optimized.folds[-1]
    return [_field(optimized, fold, one) for one in optimized.space.dimensions]


def _field(optimized: Optimized, fold: FoldResult, one: Dimension) -> Chart:
    shown = optimized.objective.shown
    ranked = sorted(fold.tried, key=lambda tried: -tried.score)  # stable: ties as tried
    best = best_of(fold.tried)
    return Chart(
        id=f"field-{one.field}",
        title=one.field,
        caption=f"Across: {one.field}. A dot is an evaluation; the other fields differ too.",
        traces=[
            _dots(
                "evaluations",
                [tried.values[one.field] for tried in fold.tried],
                [shown(tried.score) for tried in fold.tried],
                "--run-0",
            ),
            _dots("best", [best.values[one.field]], [shown(best.score)], "--run-2", size=11),
        ],
        layout=_layout(optimized),
        head=(one.field, optimized.objective.title),
        rows=[_row(optimized, tried, one.field) for tried in ranked[:ROWS_MAX]],
        empty="Nothing was tried.",
        level=3,
        more=[f"The table has the best {ROWS_MAX}."] if len(ranked) > ROWS_MAX else [],
    )


def _row(optimized: Optimized, tried: Tried, field: str) -> tuple[str, str]:
    return figure(tried.values[field]), figure(optimized.objective.shown(tried.score))


def sensitivity_chart(optimized: Optimized) -> Chart:
    """Draw how far each field moves the objective by itself."""
    lines = sorted(optimized.sensitivity, key=lambda one: -_spread(one))
    traces: list[Trace] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": "spread",
            "x": [_spread(one) for one in lines],
            "y": [literal(one.field) for one in lines],
            "marker": {"color": run_color(2)},
            "hovertemplate": "%{y}<br>%{x:,.6g}<extra></extra>",
        }
    ]
    return Chart(
        id="sensitivity",
        title="What each field changes by itself",
        caption="From the best policy, one field at a time was moved to both ends and the middle of "
        "its range, on the last fit. A bar is the difference between the highest and the lowest "
        f"{optimized.objective.title} of those. A field changed nothing if the venue was told the "
        "same under every value.",
        traces=traces,
        layout=layout(
            110 + 32 * len(lines),
            showlegend=False,
            hovermode="closest",
            yaxis=axis(type="category", autorange="reversed"),
            xaxis=axis(rangemode="tozero", nticks=6),
        ),
        head=("field", "best", "values", optimized.objective.title, "spread", ""),
        rows=[_sensitivity_row(optimized, one) for one in lines],
        empty="No field was moved.",
    )


def _sensitivity_row(optimized: Optimized, one: Sensitivity) -> tuple[str, ...]:
    return (
        one.field,
        figure(one.best),
        " · ".join(map(figure, one.values)),
        " · ".join(figure(optimized.objective.shown(score)) for score in one.scores),
        figure(_spread(one)),
        "changed nothing" if one.changed_nothing else "",
    )


def _spread(one: Sensitivity) -> float:
    return max(one.scores) - min(one.scores)


def _dots(
    name: str, x: list[int | float] | list[int], y: list[float], color: str, size: int = 6
) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": x,
        "y": y,
        "marker": {"size": size, "color": color},
        "hovertemplate": "%{x}: %{y:,.6g}<extra>%{fullData.name}</extra>",
    }


def _layout(optimized: Optimized) -> dict[str, object]:
    title = {"text": literal(optimized.objective.title)}
    return layout(
        300,
        hovermode="closest",
        xaxis=axis(exponentformat="none", nticks=6),
        yaxis=axis(title=title, exponentformat="none", nticks=6),
    )
