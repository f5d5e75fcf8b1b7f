"""The scrubber in a real Chromium: a recording of a real broker, candidate by candidate as `explain` has it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.streams.cli.command import worksteal
from tests.streams.cli.test_explain_command import cells
from tests.streams.observe.pages.chromium import Chromium, Tab
from tests.streams.observe.pages.standing import ask
from tests.streams.observe.pages.test_page_browser import CHECKS, DESK, PHONE
from tests.streams.observe.pages.test_recording_pages import Served, serving
from tests.streams.observe.pages.trading import Trading

pytestmark = pytest.mark.broker

TABLES = """
[...document.querySelectorAll("#step .decision")].map((one) => ({
  ids: one.dataset.ids.split(" "), outcome: one.dataset.outcome,
  headline: one.querySelector("h3").textContent, summary: one.querySelector("p").textContent,
  tables: [...one.querySelectorAll("table")].map((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent))),
}))
"""


@pytest.fixture(scope="module")
def recorded(trade: Trading, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("recorded")
    settings = trade.deployment.settings
    words = ("--bootstrap", settings.bootstrap, "--topic-prefix", settings.topic_prefix)
    done = worksteal("record", "day.recording", *words, cwd=folder)
    assert done.status == 0, done.err
    with serving(folder) as found:
        yield found


@pytest.fixture
def tab(browser: Chromium, recorded: Served) -> Iterator[Tab]:
    found = browser.tab()
    found.size(*DESK)
    found.scheme("light")
    found.open(recorded.url)
    found.until("document.querySelector('#step').dataset.step")
    yield found
    found.close()


def decisions(tab: Tab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tab.value(TABLES)
    return found


def place(tab: Tab) -> tuple[str, int]:
    return str(tab.value("document.querySelector('#partition').value")), int(
        tab.value("document.querySelector('#step').dataset.step")
    )


def go(tab: Tab, partition: int, step: int) -> None:
    tab.value(f"document.querySelector('#partition').value = '{partition}'")
    tab.value("document.querySelector('#partition').dispatchEvent(new Event('change'))")
    tab.until("document.querySelector('#step').dataset.step === '0'")
    tab.value(
        f"document.querySelector('#slider').value = {step}; document.querySelector('#slider').dispatchEvent(new Event('input'))"
    )
    tab.until(f"document.querySelector('#step').dataset.step === '{step}'")


def test_steals_and_refusals_show_the_candidates_that_explain_shows(tab: Tab, recorded: Served):
    outcomes = []
    for part in ask(recorded.url, "/recording").body["partitions"]:
        if not part["steals"]:
            continue
        go(tab, part["partition"], part["first_steal"])
        told = decisions(tab)[0]
        words = ("explain", "day.recording", "--id", told["ids"][0])
        done = worksteal(*words, cwd=recorded.folder)
        assert (done.status, done.err) == (0, "")
        assert done.out.splitlines()[:2] == [told["headline"], told["summary"]]
        rows = cells(done.out)
        expected = [[row for row in rows if len(row) == size] for size in (7, 3)]
        assert told["tables"] == [table for table in expected if table]
        outcomes.append(told["outcome"])
    assert outcomes.count("steal") >= 2


def test_the_next_steal_is_the_next_one_of_the_recording(tab: Tab, recorded: Served):
    parts = ask(recorded.url, "/recording").body["partitions"]
    part = max(parts, key=lambda one: int(one["steal_frames"]))
    go(tab, part["partition"], part["first_steal"])
    ids = []
    for number in range(part["steal_frames"]):
        found = [one for one in decisions(tab) if one["outcome"] == "steal"]
        assert found
        ids += [one["ids"][0] for one in found]
        assert f"steal frame {number + 1} of {part['steal_frames']} so far" in tab.text("#place")
        if number + 1 < part["steal_frames"]:
            step = place(tab)[1]
            tab.press("n")
            tab.until(f"document.querySelector('#step').dataset.step !== '{step}'")
    assert len(set(ids)) == part["steals"]
    assert tab.value("document.querySelector('[data-go=next_steal]').disabled")


def test_alphas_steal_had_three_candidates_and_took_the_furthest_that_was_not_near(
    tab: Tab, recorded: Served
):
    part = ask(recorded.url, "/recording").body["partitions"][0]
    go(tab, 0, part["first_steal"])
    (told,) = [one for one in decisions(tab) if one["outcome"] == "steal"]
    verdicts = {row[1].split()[0]: row[-1] for row in told["tables"][0]}
    assert verdicts == {"a.btc": "victim", "a.eth": "not needed", "a.ltc": "protected: near_fill"}
    assert tab.value("document.querySelector('#said').textContent").endswith("steals from a.btc")
    tab.picture("recording-light-desk", docs=True)


def test_keys_buttons_and_slider_step(tab: Tab):
    _, first = place(tab)
    steps = {"ArrowRight": first + 1, "ArrowLeft": first, "Home": 0, "n": first, "End": None}
    for key, expected in steps.items():
        before = place(tab)[1]
        tab.press(key)
        tab.until(f"document.querySelector('#step').dataset.step !== '{before}'")
        if expected is not None:
            assert place(tab)[1] == expected
    assert tab.value("document.querySelector('[data-go=next]').disabled")
    tab.value("document.querySelector('[data-go=previous]').click()")
    last = int(tab.value("document.querySelector('#slider').max"))
    tab.until(f"document.querySelector('#step').dataset.step === '{last - 1}'")
    assert tab.value("document.querySelector('#slider').value") == str(last - 1)
    assert tab.value("location.hash") == f"#{place(tab)[0]}/{last - 1}"


def test_an_id_is_found_and_one_that_is_not_there_is_told(tab: Tab, recorded: Served):
    step = ask(recorded.url, "/recording/0/0").body
    assert step["step"] == 0
    part = ask(recorded.url, "/recording").body["partitions"][0]
    said = ask(recorded.url, f"/recording/0/{part['first_steal']}").body["said"][0]["id"]
    for name in ("0-0-99", said):
        tab.value(f"document.querySelector('#id').value = '{name}'")
        tab.value("document.querySelector('#find button').click()")
        if name == said:
            tab.until(f"document.querySelector('#step [data-id=\"{said}\"]')")
        else:
            tab.until("!document.querySelector('#trouble').hidden")
            assert "0-0-99" in tab.text("#trouble")
    tab.until("document.querySelector('#trouble').hidden")


def test_the_address_can_be_kept(browser: Chromium, recorded: Served):
    tab = browser.tab()
    tab.open(f"{recorded.url}/#1/2")
    tab.until("document.querySelector('#step').dataset.step === '2'")
    assert place(tab) == ("1", 2)
    tab.close()


def test_no_request_leaves_the_host(tab: Tab, recorded: Served):
    tab.press("ArrowRight")
    tab.press("n")
    tab.until("document.querySelector('#trouble').hidden")
    assert len(tab.requests) > 6
    assert [one for one in tab.requests if not one.startswith((f"{recorded.url}/", "data:,"))] == []
    assert tab.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everything_can_be_read(tab: Tab, scheme: str, size: tuple[int, int]):
    tab.scheme(scheme)
    tab.size(*size, mobile=size == PHONE)
    tab.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = tab.value(CHECKS)
    assert found["checked"] > 60
    assert found["pale"] == []
    assert (found["wide"], found["squeezed"], found["sideways"]) == ([], [], False)


def test_a_token_is_asked_for_and_shown_once(browser: Chromium, recorded: Served):
    token = "0123456789abcdef-0123456789"
    with serving(recorded.folder, WORKSTEAL_WEB_TOKEN=token) as found:
        tab = browser.tab()
        tab.open(found.url)
        assert json.loads(tab.text())["reason"] == "no_token"
        tab.do("Page.navigate", url=f"{found.url}/?token={token}")
        tab.until("document.querySelector('#step')?.dataset.step")
        assert re.fullmatch(rf"{found.url}/(#\d+/\d+)?", tab.value("location.href"))
        assert tab.value("document.cookie") == "", "no script can read it"
        tab.do("Page.reload")
        tab.until("document.querySelector('#step')?.dataset.step")
        tab.close()
