"""The report as one HTML file that needs nothing else and asks nobody for anything.

Owns one invariant: no request leaves the file.  A content security policy says so to the browser;
it also names, by hash, the only two scripts that may run, so a slip in escaping stays harmless.
"""

import base64
import hashlib
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from streams.backtest.result import Comparison

from .bars import refusals_chart
from .chart import Chart
from .document import comparison_document, require_finite
from .lines import capital_chart, equity_chart
from .rows import REFUSALS_HEADING, comparison_rows, money, signed_money
from .timeline import timeline_charts, utc
from .write import write_atomically


def write_report(comparison: Comparison, path: Path) -> None:
    """Write the whole report to `path`; raise `ReportError` when that is not possible."""
    # Lone surrogates (a file name that is not UTF-8) are shown as escapes, not refused.
    write_atomically(path, _render(comparison).encode("utf-8", "backslashreplace"))


def _render(comparison: Comparison) -> str:
    require_finite(comparison_document(comparison), "comparison")
    equity, capital = equity_chart(comparison), capital_chart(comparison)
    timelines, refusals = timeline_charts(comparison), refusals_chart(comparison)
    charts = [equity, capital, *timelines, refusals]
    plotly_js, charts_js = str(get_plotlyjs()), _text("charts.js")
    template = _environment().from_string(_text("template.html.j2"))
    return template.render(
        comparison=comparison,
        period=(utc(comparison.first_us), utc(comparison.last_us)),
        rows=comparison_rows(comparison),
        refusals_heading=REFUSALS_HEADING,
        breaches={
            name: run.capacity_breaches
            for name, run in comparison.runs.items()
            if run.capacity_breaches
        },
        tiles=_tiles(comparison),
        equity=equity,
        capital=capital,
        timelines=timelines,
        refusals=refusals,
        drawn=_drawn(charts),
        # Ours or plotly's, never data; escaping would break all three.
        style=Markup(_text("style.css")),  # noqa: S704
        plotly_js=Markup(plotly_js),  # noqa: S704
        charts_js=Markup(charts_js),  # noqa: S704
        script_hashes=[_script_hash(plotly_js), _script_hash(charts_js)],
    )


def _drawn(charts: list[Chart]) -> list[dict[str, object]]:
    """Give what the browser draws, all numbers finite."""
    drawn: list[dict[str, object]] = [
        {"id": chart.id, "traces": chart.traces, "layout": chart.layout}
        for chart in charts
        if chart.traces
    ]
    require_finite(drawn, "chart")
    return drawn


def _tiles(comparison: Comparison) -> list[dict[str, str]]:
    """Give the first answer a reader wants: what each run earned, and against the first."""
    tiles: list[dict[str, str]] = []
    runs = list(comparison.runs.items())
    for name, run in runs:
        first_name, first = runs[0]
        difference = signed_money(run.pnl - first.pnl)
        against = "" if run is first else f"{difference} against {first_name}"
        tiles.append({"name": name, "pnl": signed_money(run.pnl), "against": against})
    return tiles


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


def _text(name: str) -> str:
    return resources.files("streams.report").joinpath(name).read_text("utf-8")


def _script_hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
