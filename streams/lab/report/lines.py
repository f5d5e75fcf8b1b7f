"""Two charts over time: equity, and capital in use against capacity."""

from collections.abc import Sequence

from streams.lab.backtest.result import Comparison, Series
from streams.lab.drawing.chart import (
    Chart,
    ChartPlace,
    Trace,
    axis,
    layout,
    literal,
    milliseconds,
    run_color,
    time_axis,
)
from streams.lab.drawing.figures import money

from .thin import points_each, thinned

_EMPTY = "No run has a sample: the data holds no full minute."
_HEAD = ("run", "start $", "lowest $", "highest $", "end $")


def equity_chart(comparison: Comparison, place: ChartPlace) -> Chart:
    """Draw the equity of all runs."""
    traces: list[Trace] = []
    rows: list[tuple[str, ...]] = []
    most = points_each(len(comparison.runs) * place.of)
    for index, (name, run) in enumerate(comparison.runs.items()):
        if run.series.ts_us:
            equity = run.series.equity
            traces.append(_line(name, run.series, equity, run_color(index), most))
            rows.append(_summary(name, equity))
    caption = (
        "Cash and positions at the end of each minute, marked to the last bid or ask, in dollars; "
        "times in UTC. Lines that coincide hide each other: the last run named lies on top."
    )
    return _chart("equity", "Equity", caption, comparison, traces, rows, place)


def capital_chart(comparison: Comparison, place: ChartPlace) -> Chart:
    """Draw capital in use, a line for each run, against capacity."""
    traces: list[Trace] = []
    rows: list[tuple[str, ...]] = []
    most = points_each(len(comparison.runs) * place.of)
    for index, (name, run) in enumerate(comparison.runs.items()):
        if run.series.ts_us:
            traces.append(_line(name, run.series, run.series.in_use, run_color(index), most))
            rows.append(_summary(f"in use, {name}", run.series.in_use))
    for name, series, color in _capacities(comparison):
        traces.append(_line(name, series, series.capacity, color, most, dash="dash"))
        rows.append(_summary(name, series.capacity))
    caption = (
        "Positions and working orders at margin, at the end of each minute, in dollars; times in "
        "UTC. The dashed line is the capacity: no line of capital may cross it."
    )
    title = "Capital in use against capacity"
    return _chart("capital", title, caption, comparison, traces, rows, place)


def _capacities(comparison: Comparison) -> list[tuple[str, Series, str]]:
    """One line when all runs have the same capacity, else one for each run in its colour."""
    series = [run.series for run in comparison.runs.values()]
    sampled = [one for one in series if one.ts_us]
    if all((one.ts_us, one.capacity) == (sampled[0].ts_us, sampled[0].capacity) for one in sampled):
        return [("capacity", one, "--text") for one in sampled[:1]]
    return [
        (f"capacity, {name}", run.series, run_color(index))
        for index, (name, run) in enumerate(comparison.runs.items())
        if run.series.ts_us
    ]


def _line(
    name: str,
    series: Series,
    values: Sequence[float],
    color: str,
    most: int,
    dash: str = "solid",
) -> Trace:
    kept = thinned(values, most)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": literal(name),
        "x": [milliseconds(series.ts_us[index]) for index in kept],
        "y": [round(values[index], 2) for index in kept],
        # Steps: a sample holds until the next; a slope over a closed night would be invented.
        "line": {"shape": "hv", "width": 2, "color": color, "dash": dash},
        "hovertemplate": "%{y:,.2f}",
    }


def _summary(name: str, values: Sequence[float]) -> tuple[str, ...]:
    return (name, *(money(one) for one in (values[0], min(values), max(values), values[-1])))


def _chart(
    id_: str,
    title: str,
    caption: str,
    comparison: Comparison,
    traces: list[Trace],
    rows: list[tuple[str, ...]],
    place: ChartPlace,
) -> Chart:
    longest = max((len(run.series.ts_us) for run in comparison.runs.values()), default=0)
    most = points_each(len(comparison.runs) * place.of)
    thinned_note = (
        f"Of {longest:,} minutes about {most:,} are drawn: the first, lowest, highest and "
        "last of each stretch."
    )
    return Chart(
        id=place.id(id_),
        title=place.title(title),
        caption=caption,
        traces=traces,
        layout=layout(
            380,
            hovermode="x unified",
            xaxis=time_axis(comparison.first_us, comparison.last_us),
            yaxis=axis(separatethousands=True, exponentformat="none", nticks=7),
        ),
        head=_HEAD,
        rows=rows,
        empty=_EMPTY,
        more=[thinned_note] if longest > most else [],
    )
