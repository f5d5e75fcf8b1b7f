"""What every chart has: plotly's traces and layout, and the same figures as a table.

Plain JSON values and not plotly's own objects: those bring a theme along and have no types.
A colour is the name of a style-sheet variable (`--run-0`), resolved in the browser, so that one
file serves light and dark.
"""

from dataclasses import dataclass, field

Trace = dict[str, object]
RUN_COLORS = 8
"""So many `--run-N` colours the style sheet has; later runs begin again at the first."""


@dataclass(frozen=True, slots=True)
class ChartPlace:
    """Where a chart stands: of which period (none if there is one alone), among how many."""

    period: str = ""
    of: int = 1

    def id(self, base: str) -> str:
        """Give the id of a chart, one for each period."""
        return f"{base}-{self.period}" if self.period else base

    def title(self, base: str) -> str:
        """Give a heading that names the period."""
        return f"{base}, {self.period}" if self.period else base


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One figure of the report; without traces, `empty` is said in its place."""

    id: str
    title: str
    caption: str
    traces: list[Trace]
    layout: dict[str, object]
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    empty: str
    level: int = 2
    """Of its heading."""
    more: list[str] = field(default_factory=list)
    """Sentences about what chart or table leave out."""


def run_color(index: int) -> str:
    """Give the style-sheet name of a run's colour; the same in every chart."""
    return f"--run-{index % RUN_COLORS}"


def literal(text: str) -> str:
    """Make plotly draw `text` as it is; it reads tags and entities even in an SVG label."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def milliseconds(ts_us: int) -> int | float:
    """Give a time as plotly's date axes take it: milliseconds since 1970 UTC."""
    whole, rest = divmod(ts_us, 1_000)
    return whole if rest == 0 else ts_us / 1_000


def layout(height: int, **more: object) -> dict[str, object]:
    """Give the layout that all charts share, theme and width apart."""
    shared: dict[str, object] = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "--panel",
        "plot_bgcolor": "--panel",
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "--text"},
        "hoverlabel": {"bgcolor": "--page", "bordercolor": "--line", "font": {"color": "--text"}},
        # Above the plot: below it, the legend and the time labels meet on a phone.
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "showlegend": True,
    }
    return shared | more


def axis(**more: object) -> dict[str, object]:
    """Give an axis that leaves room for its own labels."""
    shared: dict[str, object] = {
        "automargin": True,
        "gridcolor": "--line",
        "linecolor": "--line",
        "zerolinecolor": "--line",
    }
    return shared | more


def time_axis(first_us: int, last_us: int) -> dict[str, object]:
    """Give the time axis; every chart of a report shows the same period."""
    # A little room at both ends, so that the first and the last marker are drawn whole.
    room = max(last_us - first_us, 60_000_000) / 50_000
    return axis(
        type="date",
        range=[first_us / 1_000 - room, last_us / 1_000 + room],
        hoverformat="%Y-%m-%d %H:%M:%S UTC",
        nticks=6,
    )
