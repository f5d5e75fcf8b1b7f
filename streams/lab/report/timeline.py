"""When stealing happened: one chart for each run, a marker for each steal."""

from streams.lab.backtest.result import Comparison, RunResult, StealLine
from streams.lab.drawing.chart import (
    Chart,
    ChartPlace,
    Trace,
    axis,
    layout,
    literal,
    milliseconds,
    time_axis,
)
from streams.lab.drawing.figures import money, utc

DRAWN_LIMIT = 3_000
"""Of all runs together; more make a phone stand still and the file large."""
LISTED_LIMIT = 600

_MARKERS = {
    "settled": ("circle", "--good"),
    "lost": ("x", "--bad"),
    "expired": ("diamond", "--warn"),
    "open": ("circle-open", "--muted"),
}
_UNKNOWN = ("square-open", "--muted")
_HEAD = ("time, UTC", "thief", "victims", "freed $", "outcome", "steal", "command", "entry")
_HOVER = (
    "<b>%{y}</b> %{fullData.name}<br>%{x}<br>steal %{customdata[0]}<br>command %{customdata[1]}"
    "<br>victims %{customdata[2]}<br>freed $%{customdata[3]}<extra></extra>"
)


def timeline_charts(comparison: Comparison, place: ChartPlace) -> list[Chart]:
    """Draw the steals of each run; a run without any still gets its heading."""
    runs = comparison.runs
    stealing = place.of * max(1, sum(bool(run.timeline) for run in runs.values()))
    return [
        _chart(index, name, run, comparison, place, stealing)
        for index, (name, run) in enumerate(runs.items())
    ]


def _chart(
    index: int, name: str, run: RunResult, comparison: Comparison, place: ChartPlace, stealing: int
) -> Chart:
    most, listed = DRAWN_LIMIT // stealing, LISTED_LIMIT // stealing
    drawn = run.timeline[:most]
    thieves = sorted({line.thief for line in drawn}, reverse=True)
    y_axis = axis(
        type="category",
        categoryorder="array",
        categoryarray=[literal(thief) for thief in thieves],
        # Half a row of room; plotly's own choice wastes a third of the plot on one symbol.
        range=[-0.6, len(thieves) - 0.4],
    )
    return Chart(
        id=place.id(f"steals-{index}"),
        title=place.title(name),
        caption=f"{len(run.timeline):,} steals; across: time in UTC; up: the thief's symbol.",
        traces=_traces(drawn),
        layout=layout(
            130 + 26 * max(2, min(len(thieves), 30)),
            hovermode="closest",
            xaxis=time_axis(comparison.first_us, comparison.last_us),
            yaxis=y_axis,
        ),
        head=_HEAD,
        rows=[_row(line) for line in run.timeline[:listed]],
        empty="No steals in this run.",
        level=3,
        more=_left_out(len(run.timeline), most, listed),
    )


def _traces(lines: tuple[StealLine, ...]) -> list[Trace]:
    """One trace for each outcome that occurs: the known ones in their order, then by name."""
    occurring = {line.outcome for line in lines}
    unknown = sorted(occurring - _MARKERS.keys())
    return [
        _trace(outcome, [line for line in lines if line.outcome == outcome])
        for outcome in (*_MARKERS, *unknown)
        if outcome in occurring
    ]


def _trace(outcome: str, lines: list[StealLine]) -> Trace:
    symbol, color = _MARKERS.get(outcome, _UNKNOWN)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": literal(outcome),
        "x": [milliseconds(line.ts_us) for line in lines],
        "y": [literal(line.thief) for line in lines],
        "customdata": [
            [
                literal(line.steal),
                literal(line.id),
                literal(", ".join(line.victims)),
                money(line.freed_micros / 1_000_000),
            ]
            for line in lines
        ],
        "marker": {"symbol": symbol, "color": color, "size": 10, "opacity": 0.85},
        "hovertemplate": _HOVER,
    }


def _row(line: StealLine) -> tuple[str, ...]:
    freed = money(line.freed_micros / 1_000_000)
    victims = ", ".join(line.victims)
    return (
        utc(line.ts_us),
        line.thief,
        victims,
        freed,
        line.outcome,
        line.steal,
        line.id,
        line.entry,
    )


def _left_out(steals: int, most: int, listed: int) -> list[str]:
    more = []
    if steals > most:
        more.append(f"Only the first {most:,} are drawn.")
    if steals > listed:
        more.append(f"The table lists the first {listed:,}.")
    return more
