"""What steals were worth: the thieves' orders beside what their victims would have earned."""

from streams.lab.compare import ComparedPeriod, StealWorth
from streams.lab.drawing.chart import Chart, ChartPlace, Trace, axis, layout, literal
from streams.lab.drawing.figures import count, signed_money

from .rows import gain_per_steal, share

MICROS = 1_000_000
_HEAD = (
    "policy",
    "settled",
    "thieves filled",
    "victims would have filled",
    "thieves' worth $",
    "victims' worth $",
    "gain per steal $",
    "thief did better",
)


def worth_chart(part: ComparedPeriod, place: ChartPlace) -> Chart:
    """Draw two bars for each policy that steals."""
    steals = {name: part.steals[name] for name in part.comparison.runs if part.steals[name].settled}
    hours = part.horizon_us / 3_600_000_000
    caption = (
        "Settled steals alone. Thief and victims are treated alike: from the steal on, an order "
        "fills at its limit when a later quote trades through it while its entry is still wanted; "
        f"its worth is what closing it {hours:g} hours after would leave, after fees. A victim's "
        "entry goes on waiting and may get in all the same; that is not counted against it."
    )
    return Chart(
        id=place.id("worth"),
        title=place.title("Thieves against their victims"),
        caption=caption,
        traces=_traces(steals),
        layout=layout(
            120 + 56 * len(steals),
            barmode="group",
            bargap=0.3,
            hovermode="closest",
            yaxis=axis(type="category", autorange="reversed"),
            xaxis=axis(tickformat=",.0f", nticks=6),
        ),
        head=_HEAD,
        rows=[_row(name, one) for name, one in steals.items()],
        empty="No steal settled in any of these runs.",
    )


def _traces(steals: dict[str, StealWorth]) -> list[Trace]:
    if not steals:
        return []
    names = [literal(name) for name in steals]
    thieves = [one.thieves_micros / MICROS for one in steals.values()]
    victims = [one.victims_micros / MICROS for one in steals.values()]
    return [
        {
            "type": "bar",
            "orientation": "h",
            "name": told,
            "x": worth,
            "y": names,
            "marker": {"color": color},
            "hovertemplate": "%{y}<br>%{x:+,.2f} dollars<extra>%{fullData.name}</extra>",
        }
        for told, worth, color in (
            ("thieves", thieves, "--run-2"),
            ("victims, had they stayed", victims, "--run-0"),
        )
    ]


def _row(name: str, steals: StealWorth) -> tuple[str, ...]:
    return (
        name,
        count(steals.settled),
        count(steals.thieves_filled),
        count(steals.victims_filled),
        signed_money(steals.thieves_micros / MICROS),
        signed_money(steals.victims_micros / MICROS),
        gain_per_steal(steals),
        share(steals.better, steals.settled),
    )
