"""The page in a real Chromium, on a running worker with a real broker.

Pictures are kept in `build/pictures`; with `PAGE_PICTURES=1` those of the docs are made anew.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.streams.observe.pages.chromium import Chromium, Tab
from tests.streams.observe.pages.standing import ask
from tests.streams.observe.pages.trading import Trading, wish

pytestmark = pytest.mark.broker

CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
PHONE = (360, 740)
DESK = (1000, 820)

ARRIVALS = """
window.arrivals = {};
new MutationObserver((changes) => {
  for (const change of changes) for (const line of change.addedNodes) {
    if (line.dataset && line.dataset.id) window.arrivals[line.dataset.id] ??= Date.now();
  }
}).observe(document.querySelector("#live"), { childList: true });
"""


@pytest.fixture
def tab(browser: Chromium, trade: Trading) -> Iterator[Tab]:
    found = browser.tab()
    found.size(*DESK)
    found.scheme("light")
    found.open(f"{trade.url}/#alpha")
    found.until("document.querySelector('#capital') && document.querySelector('#live li')")
    yield found
    found.close()


def facts_of(trade: Trading, tab: Tab, kind: str) -> dict[str, dict[str, Any]]:
    """Return the facts that the worker tells any listener, by id."""
    script = """
    new Promise((done) => {
      const found = [];
      const events = new EventSource("/events");
      events.onmessage = (event) => found.push(JSON.parse(event.data));
      setTimeout(() => { events.close(); done(JSON.stringify(found)); }, 500);
    })
    """
    assert tab.value("location.origin") == trade.url
    return {one["id"]: one for one in json.loads(tab.value(script)) if one["type"] == kind}


# ---- what it shows ----


def test_a_steal_appears_within_one_second_of_its_fact(tab: Tab, trade: Trading):
    tab.value(ARRIVALS)
    count = 5
    for number in range(count):
        trade.steal("delta", number)
        name = f"delta-{number}"
        tab.until(
            f"[...document.querySelectorAll('#live li')].some((line) => line.innerText.includes('{name}'))"
        )
    arrivals = tab.value("window.arrivals")
    facts = facts_of(trade, tab, "steal.started")
    mine = [one for one in facts.values() if one["account"].startswith("delta-")]
    assert len(mine) == count
    for fact in mine:
        # The fact's time is the broker's, and the browser's clock is the same machine's.
        assert 0 <= arrivals[fact["id"]] - fact["ts_us"] / 1000 < 1000
    assert tab.complaints == []


def test_a_screen_reader_hears_of_a_steal_and_the_account_in_view_follows_it(
    tab: Tab, trade: Trading
):
    assert tab.value("document.querySelector('#said').getAttribute('aria-live')") == "polite"
    trade.steal("alpha", 1)
    tab.until("document.querySelector('#said').textContent.includes('alpha-1')")
    tab.value("location.hash = '#alpha-1'")
    tab.until("document.querySelector('#account-title').textContent === 'alpha-1'")
    tab.until("document.querySelector('#view').innerText.includes('Steals in flight')")


def test_an_account_is_shown_as_its_desk_has_it(tab: Tab, trade: Trading):
    view = ask(trade.url, "/accounts/alpha").body
    text = tab.text("#view")
    rows = tab.value(
        "[...document.querySelectorAll('#view tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    by_name = {row[0]: row for row in rows}
    for order in view["orders"]:
        shown = by_name[order["order"]]
        assert shown[1] == f"{order['side']} {order['symbol']}"
        assert shown[3] == f"{order['distance'] * 100:.2f} %"
        spared = order["spared"]
        assert shown[6] == (f"spared: {spared.replace('_', ' ')}" if spared else "may be stolen")
    assert {order["spared"] for order in view["orders"]} >= {None, "near_fill"}
    for entry in view["entries"]:
        assert by_name[entry["entry"]][1] == f"{entry['side']} {entry['symbol']}"
    assert by_name["a-later"][5].startswith("not at its trigger")
    held = view["capital"]
    assert (
        f"${held['reserved_micros'] / 1e6:,.2f} in use of ${held['equity_micros'] / 1e6:,.2f}"
        in text
    )
    assert "Cooldowns" in text
    assert "Pairs that took from each other" in text
    meters = tab.value(
        "[...document.querySelectorAll('[role=meter]')].map((one) => one.getAttribute('aria-valuetext'))"
    )
    assert "$10,000.00 of $10,000.00" in meters
    tab.value("document.querySelector('#account').scrollIntoView()")
    tab.picture("account-light-desk", docs=True)


def test_a_waiting_entry_says_why_it_waits(tab: Tab, trade: Trading):
    blocked = ask(trade.url, "/accounts/carol").body["entries"][0]
    tab.value("document.querySelector('[data-account=carol]').click()")
    tab.until("document.querySelector('#account-title').textContent === 'carol'")
    tab.until("document.querySelector('#view').innerText.includes('no steal candidates')")
    assert blocked["blocked_because"] in tab.text("#view")


def test_cooldowns_count_down(tab: Tab):
    def seconds() -> int:
        told = tab.value(
            "[...document.querySelectorAll('#view table')].find((one) => one.caption.innerText === 'Cooldowns').querySelector('.count').innerText"
        )
        minutes, rest = told.split(":")
        return int(minutes) * 60 + int(rest)

    first, began = seconds(), time.monotonic()
    while seconds() == first:
        assert time.monotonic() < began + 20
        time.sleep(0.1)
    assert 0 < seconds() < first <= 900


def test_lag_and_health_are_told(tab: Tab):
    text = tab.text("#health")
    assert text.startswith("ready · lag ")
    assert "4 of 4 partitions here" in text


def test_facts_can_be_paused_and_shown_whole(tab: Tab, trade: Trading):
    tab.value("document.querySelector('#pause').click()")
    trade.steal("delta", 50)
    tab.until("true")
    wait = "new Promise((done) => setTimeout(() => done(document.querySelector('#live').innerText), 1500))"
    assert "delta-50" not in tab.value(wait)
    tab.value("document.querySelector('#all').click(); document.querySelector('#pause').click()")
    tab.until("document.querySelector('#live').innerText.includes('delta-50')")
    tab.until("document.querySelector('#live [data-type=\"cooldown.started\"]')")


def test_words_that_look_like_markup_are_words(tab: Tab, trade: Trading):
    """Ids on the wire cannot hold any, so the list is given some by hand."""
    hostile = "<img src=x onerror=document.title='taken'>"
    tab.value(
        f"""import("/page/facts.js").then(({{ line }}) => document.querySelector("#live").prepend(line(
        {{ id: "0-0-0", ts_us: 0, type: "event.refused", account: {json.dumps(hostile)}, reason: "r", detail: {json.dumps(hostile)} }})))"""
    )
    assert hostile in tab.text("#live")
    assert tab.value("document.querySelector('#live img')") is None
    assert tab.value("document.title") == "worksteal"
    assert trade.worker.process.poll() is None


# ---- whom it asks ----


def test_no_request_leaves_the_host(tab: Tab, trade: Trading):
    tab.value("document.querySelector('[data-account=bravo]').click()")
    tab.until("document.querySelector('#account-title').textContent === 'bravo'")
    time.sleep(2.5)  # it asks again every two seconds
    assert len(tab.requests) > 10
    assert any(one.endswith("/events") for one in tab.requests)
    others = [one for one in tab.requests if not one.startswith((f"{trade.url}/", "data:,"))]
    assert others == []
    assert tab.complaints == []


def test_the_policy_stops_whatever_would(tab: Tab):
    """The sign that the log of requests and complaints would show it."""
    found = tab.value("fetch('http://127.0.0.1:9/').then(() => 'asked', () => 'refused')")
    assert found == "refused"
    tab.value(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.taken = 1' }))"
    )
    assert tab.value("window.taken ?? null") is None
    deadline = time.monotonic() + 20
    while len([one for one in tab.complaints if "Content Security Policy" in one]) < 2:
        assert time.monotonic() < deadline, tab.complaints
        time.sleep(0.05)


def test_the_201st_connection_is_refused_and_the_page_goes_on(tab: Tab, trade: Trading):
    port = int(trade.url.rpartition(":")[2])

    async def crowd() -> bytes:
        request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        async with AsyncExitStack() as stack:
            for _ in range(201):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                stack.callback(writer.close)
                writer.write(request)
                answer = await asyncio.wait_for(reader.readline(), 30)
                if b"503" in answer:
                    return await reader.read()
        return b""

    assert b"too_many_connections" in asyncio.run(crowd())
    trade.steal("delta", 60)
    tab.until("document.querySelector('#live').innerText.includes('delta-60')")


# ---- for everybody ----


def checks(tab: Tab) -> dict[str, Any]:
    found: dict[str, Any] = tab.value(CHECKS)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everything_can_be_read(tab: Tab, scheme: str, size: tuple[int, int]):
    tab.scheme(scheme)
    tab.size(*size, mobile=size == PHONE)
    time.sleep(0.3)
    found = checks(tab)
    assert found["checked"] > 60
    assert found["pale"] == []
    assert (found["wide"], found["squeezed"], found["sideways"]) == ([], [], False)
    background = tab.value("getComputedStyle(document.body).backgroundColor")
    dark = sum(map(int, background.strip("rgb()").split(","))) < 200
    assert dark == (scheme == "dark")
    name = f"page-{scheme}-{'phone' if size == PHONE else 'desk'}"
    tab.picture(name, docs=name in ("page-light-desk", "page-dark-phone"))


def focused(tab: Tab) -> str:
    return str(
        tab.value(
            "(({ id, tagName, dataset }) => id || dataset.account || tagName)(document.activeElement)"
        )
    )


def test_the_keyboard_is_enough(tab: Tab):
    order = []
    for _ in range(9):
        tab.press("Tab")
        order.append(focused(tab))
        outline = tab.value(
            "(({ outlineStyle, outlineWidth }) => [outlineStyle, parseFloat(outlineWidth)])(getComputedStyle(document.activeElement))"
        )
        assert outline[0] == "solid"
        assert outline[1] >= 2, order
    assert order[0] == "A", "first the link that skips"
    assert order[1:4] == ["find", "alpha", "alpha-1"] or order[1:4] == ["find", "alpha", "bravo"]
    tab.press("Tab", shift=True)
    assert focused(tab) == order[-2]


def test_the_skip_link_skips_and_enter_chooses_an_account(tab: Tab):
    tab.press("Tab")
    assert tab.value("document.activeElement.getBoundingClientRect().left") >= 0
    tab.press("Enter")
    tab.until("document.activeElement.id === 'main'")
    tab.value("document.querySelector('[data-account=bravo]').focus()")
    tab.press("Enter")
    tab.until("document.querySelector('#account-title').textContent === 'bravo'")
    # The list is drawn anew every two seconds, and the focus stays where it was.
    time.sleep(2.5)
    assert focused(tab) == "bravo"
    current = "[...document.querySelectorAll('[aria-current=true]')].map((one) => one.dataset.account).join()"
    assert tab.value(current) == "bravo"


def test_it_says_so_when_nobody_answers_and_goes_on_where_it_was(tab: Tab, trade: Trading):
    def line(there: bool) -> None:
        tab.do(
            "Network.emulateNetworkConditions",
            offline=not there, latency=0, downloadThroughput=-1, uploadThroughput=-1,
        )  # fmt: skip

    line(there=False)
    tab.until("!document.querySelector('#trouble').hidden")
    assert "does not answer" in tab.text("#trouble")
    assert tab.text("#health") == "not known"
    trade.steal("delta", 70)
    line(there=True)
    tab.until("document.querySelector('#trouble').hidden")
    tab.until("document.querySelector('#live').innerText.includes('delta-70')")
    shown = "[...document.querySelectorAll('#live li[data-id]')].map((one) => one.dataset.id)"
    assert len(tab.value(shown)) == len(set(tab.value(shown))), "nothing twice"


def test_an_entry_that_is_refused_is_told_where_all_facts_are_wanted(tab: Tab, trade: Trading):
    tab.value("document.querySelector('#all').click()")
    trade.tell(wish("carol", "c-more", "ETHUSD", 403.9, 20.0))
    tab.until("document.querySelector('#live').innerText.includes('no steal candidates')")
