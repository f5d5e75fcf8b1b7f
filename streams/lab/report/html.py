"""The report as one HTML file that needs nothing else and asks nobody for anything.

Owns one invariant: no request leaves the file.  A content security policy says so to the browser;
it also names, by hash, the only two scripts that may run, so a slip in escaping stays harmless.
"""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from streams.lab.compare import Compared, ComparedPeriod
from streams.lab.drawing.chart import Chart, ChartPlace
from streams.lab.drawing.figures import money, require_finite, signed_money, utc
from streams.lab.drawing.parts import page_parts
from streams.lab.drawing.write import write_atomically

from .bars import refusals_chart
from .choice import charted
from .document import comparison_document
from .lines import capital_chart, equity_chart
from .ranking import ranking
from .rows import REFUSALS_HEADING, ReportRow, comparison_rows, difference
from .swept import swept_charts
from .timeline import timeline_charts
from .worth import worth_chart

RANKED_MAX = 200
"""Lines of the ranking; `--json` has every policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What is shown of one period."""

    name: str
    heading: str
    """Ends the headings of this period's tables; empty when there is one period alone."""
    period: tuple[str, str]
    quotes: int
    policies: list[str]
    rows: list[ReportRow]
    equity: Chart
    capital: Chart
    worth: Chart
    refusals: Chart
    timelines: list[Chart]
    dropped: bool
    """Steals happened whose course was not kept."""


def write_report(compared: Compared, path: Path) -> None:
    """Write the whole report to `path`; raise `ReportError` when that is not possible."""
    # Lone surrogates (a file name that is not UTF-8) are shown as escapes, not refused.
    write_atomically(path, _render(compared).encode("utf-8", "backslashreplace"))


def _render(compared: Compared) -> str:
    require_finite(comparison_document(compared), "comparison")
    sections = [_section(part, len(compared.parts)) for part in charted(compared)]
    swept = swept_charts(compared)
    here = resources.files("streams.lab.report").joinpath("template.html.j2")
    template = _environment().from_string(here.read_text("utf-8"))
    return template.render(
        comparison=compared.first.comparison,
        compared=compared,
        sections=sections,
        shown=len(sections[0].policies),
        ranking=ranking(compared, RANKED_MAX),
        refusals_heading=REFUSALS_HEADING,
        breaches=_breaches(compared),
        tiles=_tiles(compared),
        swept=swept,
        drawn=_drawn([*(chart for charts in swept for chart in charts), *_charts(sections)]),
        **page_parts(),
    )


def _section(part: ComparedPeriod, parts: int) -> Section:
    comparison = part.comparison
    place = ChartPlace(part.name if parts > 1 else "", parts)
    timelines = timeline_charts(comparison, place)
    return Section(
        name=part.name,
        heading=f", {place.period}" if place.period else "",
        period=(utc(comparison.first_us), utc(comparison.last_us)),
        quotes=comparison.quotes,
        policies=list(comparison.runs),
        rows=comparison_rows(part),
        equity=equity_chart(comparison, place),
        capital=capital_chart(comparison, place),
        worth=worth_chart(part, place),
        refusals=refusals_chart(comparison, place),
        timelines=timelines,
        dropped=any(run.steals > 0 and not run.timeline for run in comparison.runs.values()),
    )


def _charts(sections: list[Section]) -> list[Chart]:
    found = []
    for section in sections:
        found += [section.equity, section.capital, section.worth]
        found += [] if section.dropped else section.timelines
        found.append(section.refusals)
    return found


def _drawn(charts: list[Chart]) -> list[dict[str, object]]:
    """Give what the browser draws, all numbers finite."""
    drawn: list[dict[str, object]] = [
        {"id": chart.id, "traces": chart.traces, "layout": chart.layout}
        for chart in charts
        if chart.traces
    ]
    require_finite(drawn, "chart")
    return drawn


def _breaches(compared: Compared) -> list[tuple[str, int]]:
    """Name every run, shown or not, that had more in use than it had."""
    return [
        (name if len(compared.parts) == 1 else f"{name} ({part.name})", run.capacity_breaches)
        for part in compared.parts
        for name, run in part.comparison.runs.items()
        if run.capacity_breaches
    ]


def _tiles(compared: Compared) -> list[dict[str, object]]:
    """Give the first answer a reader wants: what each run earned, and against the baseline."""
    parts = charted(compared)
    return [
        {
            "name": name,
            "figures": [
                {
                    "period": part.name if len(parts) > 1 else "",
                    "pnl": signed_money(part.comparison.runs[name].pnl),
                    "against": f"{difference(part.against[name])} against {compared.baseline}"
                    if name in part.against
                    else "",
                }
                for part in parts
            ],
        }
        for name in parts[0].comparison.runs
    ]


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["money"] = money
    # `tojson` also escapes <, > and &, so no string can end the script element it stands in.
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": True,
        "allow_nan": False,
        "separators": (",", ":"),
    }
    return environment
