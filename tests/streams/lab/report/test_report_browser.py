"""The report in a real Chromium: the charts are drawn, and nothing is asked of any network."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from streams.lab.compare import Compared
from streams.lab.report import write_report
from tests.chromium import find_chromium
from tests.streams.lab.report import synthetic
from tests.streams.lab.report.browser import Page, load

# Written into a copy whose security policy is taken out: it lists what the page itself asked for,
# so the policy cannot hide a request by forbidding it.
PROBE = """<pre id="probe"></pre><script>
document.getElementById("probe").textContent = JSON.stringify(
  performance.getEntriesByType("resource").map((entry) => entry.name));
</script></body>"""
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@pytest.fixture(autouse=True)
def _browser() -> None:
    find_chromium()


def opened(comparison: Compared, folder: Path) -> Page:
    """Write the report and open it as it is."""
    path = folder / "report.html"
    write_report(comparison, path)
    return load(path, folder / "profile")


def requests(html: str, folder: Path) -> list[str]:
    """Give the addresses that a page asks for when nothing forbids it."""
    open_html, policies = POLICY.subn("", html)
    assert policies == 1
    path = folder / "probed.html"
    # The last one: plotly.js has the words in a string of its own.
    head, _, tail = open_html.rpartition("</body>")
    path.write_text(head + PROBE + tail, "utf-8")
    dom = load(path, folder / "profile").dom
    (found,) = re.findall(r'<pre id="probe">(.*?)</pre>', dom)
    names = json.loads(unescape(found))
    assert isinstance(names, list)
    return names


def swept() -> Compared:
    """Two periods and a swept field: three charts of it, four kinds twice, 3 steal twice."""
    return synthetic.swept(1, parts=2, steals=12)


@pytest.mark.parametrize(
    ("make", "charts"), [(synthetic.full, 6), (synthetic.hostile, 6), (swept, 3 + 8 + 6)]
)
def test_every_chart_is_drawn_without_a_complaint(
    make: Callable[[], Compared], charts: int, tmp_path: Path
) -> None:
    page = opened(make(), tmp_path)
    ids = re.findall(r'<div class="chart[^"]*" id="([a-z0-9-]+)"', page.dom)
    assert len(ids) == charts
    for id_ in ids:
        body = page.dom.split(f'id="{id_}"', 1)[1].split("<figcaption>", 1)[0]
        assert 'class="main-svg"' in body, id_
        assert re.search(r'class="(scatterlayer|barlayer)[^>]*><g', body), id_
    assert page.console == []


def test_no_button_sends_the_data_away(tmp_path: Path) -> None:
    dom = opened(synthetic.full(), tmp_path).dom
    # The sign that buttons were drawn at all, so that an absent one means something.
    assert 'data-title="Download plot' in dom
    assert 'data-title="Share chart' not in dom
    assert 'class="modebar-btn plotlyjsicon' not in dom
    assert 'href="http' not in dom.split("<script", 1)[0]


def test_tables_are_closed_beside_drawn_charts(tmp_path: Path) -> None:
    dom = opened(synthetic.full(), tmp_path).dom
    assert len(re.findall(r'<details class="figures">', dom)) == 6


def test_hostile_words_are_drawn_letter_by_letter(tmp_path: Path) -> None:
    dom = opened(synthetic.hostile(), tmp_path).dom
    assert "<b>pwned" not in dom
    assert not re.search(r"<img|<tspan[^>]*font-weight", dom)
    labels = [unescape(one) for one in re.findall(r"<text[^>]*>([^<]*)</text>", dom)]
    assert synthetic.HOSTILE in labels


def test_no_run_draws_nothing_and_does_not_complain(tmp_path: Path) -> None:
    page = opened(synthetic.quiet(), tmp_path)
    assert '<div class="chart' not in page.dom
    assert 'class="main-svg"' not in page.dom.split("<script", 1)[0]
    assert page.console == []


def test_nothing_is_requested(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(synthetic.full(), path)
    html = path.read_text("utf-8")
    assert requests(html, tmp_path) == []
    # The probe itself must be able to see one; nobody answers at this address.
    asking = html.replace("<main>", '<main><img src="http://127.0.0.1:9/x.png">', 1)
    assert requests(asking, tmp_path) == ["http://127.0.0.1:9/x.png"]


def test_the_policy_stops_a_script_that_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(synthetic.quiet(), path)
    head, _, tail = path.read_text("utf-8").rpartition("</main>")
    path.write_text(f'{head}<script>document.title = "taken"</script></main>{tail}', "utf-8")
    page = load(path, tmp_path / "profile")
    assert "<title>taken" not in page.dom
    assert any("Content Security Policy" in line for line in page.console)
