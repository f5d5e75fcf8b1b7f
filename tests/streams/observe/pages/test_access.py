"""Who may ask: with a token nobody without it, in whatever form it is shown."""

import asyncio
import http.client
import logging
from contextlib import closing
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import pytest

from streams.ground.settings import Settings
from streams.observe.errors import WebError
from streams.observe.pages.ask import ask as ask_worker
from streams.observe.pages.secret import token_of
from streams.observe.pages.server import WebServer
from tests.streams.cli.command import worksteal
from tests.streams.observe.pages.standing import Page, ask
from tests.streams.observe.pages.test_server import pages, served

TOKEN = "f00df00d-f00df00d-f00df00d"
OTHER = TOKEN[:-1] + "e"
CLOSED = ("/", "/accounts", "/accounts/a", "/events", "/metrics", "/page/app.js", "/nowhere")


def asked(*requests: tuple[str, dict[str, str]], **values: Any) -> list[Page]:
    """Ask a server with a token."""

    async def what(server: WebServer) -> list[Page]:
        url = f"http://127.0.0.1:{server.urls[0].rpartition(':')[2]}"
        return [
            await asyncio.to_thread(ask, url, path, headers=headers) for path, headers in requests
        ]

    found: list[Page] = served(what, web_port=0, **{"web_token": TOKEN} | values)
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Bearer {OTHER}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer \xff\xfe"},
        {"Cookie": f"worksteal={TOKEN}"},
        {"Cookie": "worksteal="},
    ],
)
def test_without_the_token_everything_but_health_is_closed(headers):
    found = asked(*((path, headers) for path in CLOSED))
    assert {(page.status, page.body["reason"]) for page in found} == {(401, "no_token")}
    assert {page.headers["WWW-Authenticate"] for page in found} == {"Bearer"}
    alive, ready = asked(("/healthz", headers), ("/readyz", headers))
    assert (alive.status, ready.status) == (200, 503)


def test_the_token_opens_and_a_wrong_host_or_method_is_refused_all_the_same():
    right = {"Authorization": f"Bearer {TOKEN}"}
    page, small, foreign = asked(
        ("/", right),
        ("/", {"authorization": f"bearer {TOKEN}"}),
        ("/", right | {"Host": "evil.org"}),
    )
    assert (page.status, small.status) == (200, 200)
    assert (foreign.status, foreign.body["reason"]) == (421, "wrong_host")


def raw(url: str, path: str, **headers: str) -> http.client.HTTPResponse:
    where = urlsplit(url)
    with closing(http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)) as line:
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        answer.read()
        return answer


def test_shown_once_in_the_address_it_becomes_a_cookie_that_opens():
    async def what(server: WebServer) -> None:
        (url,) = server.urls
        for path in (f"/?token={OTHER}", "/?token=", f"/accounts?token={TOKEN}"):
            assert (await asyncio.to_thread(raw, url, path)).status == 401
        answer = await asyncio.to_thread(raw, url, f"/?token={TOKEN}")
        assert answer.status == 200
        lines = answer.headers.get_all("Set-Cookie")
        assert lines is not None
        (line,) = lines
        cookie = SimpleCookie(line)
        (name,) = cookie
        assert (cookie[name]["httponly"], cookie[name]["samesite"]) == (True, "Strict")
        assert not cookie[name]["secure"]
        assert TOKEN not in line
        value = cookie[name].value
        right = await asyncio.to_thread(raw, url, "/", Cookie=f"{name}={value}")
        wrong = await asyncio.to_thread(raw, url, "/", Cookie=f"{name}={value[:-1]}x")
        assert (right.status, wrong.status) == (200, 401)
        proxied = await asyncio.to_thread(
            raw, url, f"/?token={TOKEN}", **{"X-Forwarded-Proto": "https"}
        )
        assert SimpleCookie(proxied.headers["Set-Cookie"])[name]["secure"]

    served(what, web_port=0, web_token=TOKEN)


def test_the_cookie_of_one_token_does_not_open_another():
    async def cookie(server: WebServer) -> str:
        answer = await asyncio.to_thread(raw, server.urls[0], f"/?token={TOKEN}")
        return answer.headers["Set-Cookie"].partition(";")[0].partition("=")[2]

    value = served(cookie, web_port=0, web_token=TOKEN)

    async def what(server: WebServer) -> int:
        port = server.urls[0].rpartition(":")[2]
        told = {"Cookie": f"worksteal-{port}={value}"}
        return (await asyncio.to_thread(raw, server.urls[0], "/", **told)).status

    assert served(what, web_port=0, web_token=TOKEN) == 200
    assert served(what, web_port=0, web_token=OTHER) == 401


def test_a_token_lets_it_listen_beyond_this_machine_and_nothing_else_does():
    with pytest.raises(WebError, match="set web_token"):
        pages("/healthz", web_host="0.0.0.0")
    closed, open_ = asked(
        ("/", {}), ("/", {"Authorization": f"Bearer {TOKEN}"}), web_host="0.0.0.0"
    )
    assert (closed.status, open_.status) == (401, 200)


def test_a_token_comes_from_a_file_without_its_last_line_break(tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert token_of(Settings(web_token_file=file)) == TOKEN
    assert token_of(Settings(web_token=TOKEN)) == TOKEN
    assert token_of(Settings()) is None


@pytest.mark.parametrize(
    "text", ["", "short", "with a blank in its middle", "ünïcödé-ünïcödé-ü", "x" * 257]
)
def test_what_is_no_token_is_refused_in_a_sentence_that_does_not_show_it(tmp_path, text):
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WebError, match="a token has 16 to 256") as refused:
        token_of(Settings(web_token_file=file))
    assert not text or text not in str(refused.value)


def test_a_file_that_is_not_there_or_one_too_many_is_told(tmp_path):
    with pytest.raises(WebError, match="cannot be read"):
        token_of(Settings(web_token_file=tmp_path / "none"))
    with pytest.raises(WebError, match="set one of the two"):
        token_of(Settings(web_token=TOKEN, web_token_file=tmp_path / "none"))


def test_the_token_is_shown_and_logged_nowhere(tmp_path, caplog):
    done = worksteal("config", "show", cwd=tmp_path, WORKSTEAL_WEB_TOKEN=TOKEN)
    assert done.status == 0
    assert "web_token" in done.out
    assert TOKEN not in done.out + done.err
    assert TOKEN not in repr(Settings(web_token=TOKEN))
    with caplog.at_level(logging.DEBUG):
        asked((f"/accounts?token={TOKEN}", {}), ("/", {"Authorization": f"Bearer {TOKEN}"}))
    assert TOKEN not in caplog.text


def test_whoever_asks_for_an_account_shows_the_token():
    async def what(server: WebServer) -> list[int]:
        url = server.urls[0]
        return [
            (found.status if (found := await ask_worker(url, "a", token)) else 0)
            for token in (None, OTHER, TOKEN)
        ]

    # There is no agent behind the server, so whoever may ask is told to come again.
    assert served(what, web_port=0, web_token=TOKEN) == [401, 401, 503]
