"""Why entries had to wait: refusals by reason, the runs side by side."""

from streams.lab.backtest.result import Comparison
from streams.lab.drawing.chart import Chart, ChartPlace, Trace, axis, layout, literal, run_color
from streams.lab.drawing.figures import count

from .rows import refusal_reasons


def refusals_chart(comparison: Comparison, place: ChartPlace) -> Chart:
    """Draw one group of bars for each reason, the most frequent on top."""
    reasons = refusal_reasons(comparison)
    runs = comparison.runs
    traces: list[Trace] = [
        {
            "type": "bar",
            # Lying bars: the names of the reasons are long, and a phone is narrow.
            "orientation": "h",
            "name": literal(name),
            "x": [run.refusals.get(reason, 0) for reason in reasons],
            "y": [literal(reason) for reason in reasons],
            "marker": {"color": run_color(index)},
            "hovertemplate": "%{y}<br>%{x:,} blocks<extra>%{fullData.name}</extra>",
        }
        for index, (name, run) in enumerate(runs.items())
    ]
    return Chart(
        id=place.id("refusals"),
        title=place.title("Refusals by reason"),
        caption="How often an entry was blocked for each reason, once for each change of reason.",
        traces=traces if reasons else [],
        layout=layout(
            110 + len(reasons) * (16 + 16 * len(runs)),
            barmode="group",
            bargap=0.3,
            hovermode="closest",
            # Lying bars are drawn from below; reversed, the order is that of the table.
            yaxis=axis(type="category", autorange="reversed"),
            xaxis=axis(tickformat=",d", rangemode="tozero", nticks=6),
        ),
        head=("reason", *runs),
        rows=[
            (reason, *(count(run.refusals.get(reason, 0)) for run in runs.values()))
            for reason in reasons
        ],
        empty="No entry was refused in any run.",
    )
