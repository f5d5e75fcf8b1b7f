"""The pages of a real worker on a real broker."""

import socket
from contextlib import closing, suppress
from http.client import HTTPException

import pytest

from bench.workload import account
from streams.ground.settings import Settings
from tests.faults.deployment import Worker, deployed, wait_until
from tests.streams.cli.command import worksteal_process
from tests.streams.observe.pages.standing import (
    ODD_NAME,
    PATIENCE_S,
    Page,
    address_of,
    ask,
    still,
)

NAMES = ["/", "/healthz", "/readyz", "/accounts", f"/accounts/{account(0)}"]


# ---- what the pages say ----


@pytest.mark.broker
def test_a_worker_at_work_is_ready_and_says_where_its_parts_stand(worker):
    assert ask(worker.url, "/healthz")[:2] == (200, {"alive": True})
    page = ask(worker.url, "/readyz")
    assert (page.status, page.body["ready"], page.body["stopping"]) == (200, True, False)
    sequencer, agent = page.body["parts"]["sequencer"], page.body["parts"]["agent"]
    topics = ("accounts", "fills", "forecasts", "orders", "quotes")
    assert sequencer["partitions"] == {topic: [0, 1, 2, 3] for topic in topics}
    assert sequencer["events"] > 80
    assert agent["of"] == 4
    assert [place["partition"] for place in agent["partitions"]] == [0, 1, 2, 3]
    for place in agent["partitions"]:
        assert 0 < place["cursor"] <= place["next_offset"]
        assert place["lag"] >= 0


@pytest.mark.broker
def test_an_account_is_shown_as_its_desk_has_it(worker):
    page = ask(worker.url, f"/accounts/{account(1)}")
    view = page.body
    assert page.status == 200
    assert (view["account"], view["halted"]) == (account(1), None)
    assert view["policy"] == {"name": "load", "own": False}
    assert view["as_of"]["journal_partition"] == 1
    assert view["as_of"]["next_offset"] > 0
    assert view["capital"]["equity_micros"] == 10_000_000_000
    (order,), (entry,), (steal,) = view["orders"], view["entries"], view["steals"]
    assert (order["order"], order["state"], order["limit"]) == ("w0", "cancelling", 90.0)
    assert order["distance"] == pytest.approx((order["price"] - 90) / 90)
    assert (entry["entry"], entry["state"]) == ("e0", "stealing")
    assert (steal["victims"], steal["pending"]) == (["w0"], ["w0"])
    (fight,) = view["fights"]
    assert (fight["pair"], fight["steals"]) == (["SYM01USD", "SYM11USD"], 1)
    assert view["deployment"]["topic_prefix"] == worker.deployment.settings.topic_prefix


@pytest.mark.broker
def test_the_accounts_are_listed_by_name_with_what_binds_their_capital(worker):
    listed = ask(worker.url, "/accounts").body
    names = [one["account"] for one in listed["accounts"]]
    assert names == sorted(names)
    assert {account(0), account(63), ODD_NAME} <= set(names)
    assert (listed["found"], listed["partitions"], listed["of"]) == (len(names), [0, 1, 2, 3], 4)
    by_name = {one["account"]: one for one in listed["accounts"]}
    whole = ask(worker.url, f"/accounts/{account(1)}").body
    short = by_name[account(1)]
    for key in ("equity_micros", "reserved_micros", "free_micros"):
        assert short[key] == whole["capital"][key]
    assert (short["orders"], short["waiting"], short["steals"]) == (1, 0, 1)
    assert (short["journal_partition"], short["halted"]) == (1, None)
    found = ask(worker.url, "/accounts?find=ACCT-0").body
    assert [one["account"] for one in found["accounts"]] == [account(n) for n in range(10)]
    assert ask(worker.url, "/accounts?find=%25").body["found"] == 0


@pytest.mark.broker
def test_any_name_of_an_account_can_be_asked_for(worker):
    for path in (f"/accounts/{ODD_NAME}", "/accounts/desk%2F7%3Aa%40b%2Bc.d"):
        page = ask(worker.url, path)
        assert (page.status, page.body["account"]) == (200, ODD_NAME)


@pytest.mark.broker
@pytest.mark.parametrize(
    ("path", "reason"),
    [("/accounts/nobody", "unknown_account"), ("/accounts/", "no_page"), ("/stats", "no_page")],
)
def test_what_is_not_there_is_told_in_a_sentence(worker, path, reason):
    page = ask(worker.url, path)
    assert (page.status, page.body["reason"]) == (404, reason)
    assert page.body["error"].endswith(".")


@pytest.mark.broker
def test_the_list_of_pages_is_right(worker):
    pages = ask(worker.url, "/").body["pages"]
    told = "/ /healthz /readyz /metrics /accounts /events /accounts/{id}"
    assert list(pages) == told.split()
    for path in pages:
        assert ask(worker.url, path.replace("{id}", account(2)), "HEAD").status == 200


# ---- who may ask, and how ----


@pytest.mark.broker
@pytest.mark.parametrize("host", ["evil.org", "evil.org:6066", "127.0.0.1.evil.org", ""])
def test_a_foreign_name_in_the_host_header_is_refused_on_every_page(worker, host):
    for path in (*NAMES, "/nowhere"):
        page = ask(worker.url, path, headers={"Host": host})
        assert (page.status, page.body["reason"]) == (421, "wrong_host")


@pytest.mark.broker
def test_a_request_without_a_host_or_with_two_is_refused(worker):
    for lines in ("", "Host: 127.0.0.1\r\nHost: evil.org\r\n"):
        assert status_of(worker.url, f"GET / HTTP/1.0\r\n{lines}\r\n") in (400, 421)
    assert status_of(worker.url, "HTTP please\r\n\r\n") == 400


def status_of(url: str, request: str) -> int:
    host, _, port = url.removeprefix("http://").rpartition(":")
    with closing(socket.create_connection((host, int(port)), timeout=20)) as line:
        line.sendall(request.encode())
        return int(line.recv(100).split()[1])


@pytest.mark.broker
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_no_page_takes_anything_but_being_read(worker, method):
    before = still(ask(worker.url, f"/accounts/{account(0)}").body)
    for path in (*NAMES, "/nowhere"):
        page = ask(worker.url, path, method, body=b'{"halted": "x"}')
        assert (page.status, page.body["reason"]) == (405, "read_only")
        assert page.headers["Allow"] == "GET, HEAD"
    assert still(ask(worker.url, f"/accounts/{account(0)}").body) == before


@pytest.mark.broker
def test_head_is_get_without_the_body(worker):
    for path in ("/", "/healthz"):
        whole, head = ask(worker.url, path), ask(worker.url, path, "HEAD")
        assert (head.status, head.body) == (200, None)
        assert head.headers["Content-Length"] == whole.headers["Content-Length"]


@pytest.mark.broker
def test_every_answer_says_that_it_is_nothing_to_keep_frame_or_run(worker):
    foreign = {"Host": "evil.org"}
    answers = [ask(worker.url, path) for path in (*NAMES, "/nowhere", "/accounts/nobody")]
    answers += [ask(worker.url, "/", "POST"), ask(worker.url, "/", headers=foreign)]
    for page in answers:
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Content-Type"] == "application/json; charset=utf-8"
        assert page.headers["Server"] == "worksteal"
        assert "Access-Control-Allow-Origin" not in page.headers


@pytest.mark.broker
def test_fausts_own_views_are_not_there(worker):
    log = worker.worker.said
    assert log.count("http://") == 1
    for path in ("/tables/desk/", "/graph/", "/assignments/", "/router/", "/tables/desk/x/"):
        assert ask(worker.url, path).status == 404


# ---- not here, not yet, not possible ----


@pytest.mark.broker
def test_an_account_of_another_workers_partition_is_told_to_be_there(broker, tmp_path):
    with deployed(broker.address, tmp_path) as deployment:
        workers = [deployment.start("one"), deployment.start("two", "--only", "agent")]
        urls = [address_of(worker) for worker in workers]
        deployment.open()
        names = [account(number) for number in range(4)]

        def answers() -> list[list[Page]]:
            return [[ask(url, f"/accounts/{name}") for url in urls] for name in names]

        def parted() -> bool:
            found = [sorted(page.status for page in pages) for pages in answers()]
            return found == [[200, 404]] * 4

        wait_until(parted, PATIENCE_S, every=0.2)
        told = [page.body for pages in answers() for page in pages if page.status == 404]
        assert {body["reason"] for body in told} == {"elsewhere"}
        assert all("of 4 are; ask the worker that has the others." in one["error"] for one in told)


def test_a_worker_whose_broker_is_silent_is_alive_and_not_ready(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        bootstrap = f"127.0.0.1:{silent.getsockname()[1]}"
        worker = Worker(Settings(bootstrap=bootstrap), tmp_path)
        try:
            url = address_of(worker)
            assert ask(url, "/healthz").status == 200
            page = ask(url, "/readyz")
            assert (page.status, page.body["ready"]) == (503, False)
            assert [part["ready"] for part in page.body["parts"].values()] == [False, False]
            account = ask(url, "/accounts/a")
            assert (account.status, account.body["reason"]) == (503, "not_ready")
            assert account.headers["Retry-After"] == "1"
        finally:
            worker.kill()


@pytest.mark.broker
def test_a_worker_that_stops_answers_until_the_end_and_leaves_no_port_behind(broker, tmp_path):
    with deployed(broker.address, tmp_path) as deployment:
        worker = deployment.start()
        url = address_of(worker)
        worker.wait_ready()
        worker.process.terminate()
        heard = []
        with suppress(ConnectionError, HTTPException):
            while True:
                page = ask(url, "/readyz")
                heard.append((page.status, page.body["stopping"]))
        assert worker.process.wait(timeout=PATIENCE_S) == 0
        assert set(heard) <= {(200, False), (503, True)}
        assert (503, True) in heard
        assert "Traceback" not in worker.said
        with pytest.raises(ConnectionRefusedError):
            ask(url, "/healthz")


def test_a_port_that_is_taken_ends_the_worker_with_a_sentence(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as there:
        port = there.getsockname()[1]
        words = ("worker", "--data-dir", tmp_path / "data")
        done = worksteal_process(*words, cwd=tmp_path, WORKSTEAL_WEB_PORT=str(port))
    assert (done.status, done.out) == (2, "")
    line, end = done.err.split("\n")
    assert line.startswith(f"worksteal: web_port: 127.0.0.1:{port} is taken")
    assert (line[-1], end) == (".", "")
    assert not (tmp_path / "data").exists()
