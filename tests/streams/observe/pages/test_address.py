"""Where the server may listen, and which Host headers it admits."""

import socket

import pytest

from streams.ground.settings import Settings
from streams.observe.errors import WebError
from streams.observe.pages.address import Hosts, port_of, require_local, usual_url


def settings(host: str = "127.0.0.1", port: int = 6066, *, insecure: bool = False) -> Settings:
    return Settings(web_host=host, web_port=port, insecure=insecure)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_may_be_listened_on(host):
    require_local(settings(host))


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "10.0.0.5", "example.org", "127.0.0.1.evil.org", "127.1", "*"]
)
def test_beyond_this_machine_only_when_told(host):
    with pytest.raises(WebError, match=r"^web_host: .*--insecure"):
        require_local(settings(host))
    require_local(settings(host, insecure=True))


@pytest.mark.parametrize(
    ("port", "only", "taken"),
    [(6066, None, 6066), (6066, "agent", 6066), (6066, "sequencer", 6067), (0, "sequencer", 0)],
)
def test_a_sequencer_alone_takes_the_next_port(port, only, taken):
    assert port_of(settings(port=port), only) == taken


def test_there_is_no_port_after_the_last():
    assert port_of(settings(port=65_535), "agent") == 65_535
    with pytest.raises(WebError, match="65535"):
        port_of(settings(port=65_535), "sequencer")


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("127.0.0.1", 7000, "http://127.0.0.1:7000"),
        ("::1", 7000, "http://[::1]:7000"),
        ("0.0.0.0", 7000, "http://127.0.0.1:7000"),
        ("::", 7000, "http://[::1]:7000"),
        ("127.0.0.1", 0, None),
    ],
)
def test_a_worker_of_these_settings_answers_at(host, port, url):
    assert usual_url(settings(host, port)) == url


LOCAL = ["127.0.0.1", "127.0.0.1:6066", "localhost", "LOCALHOST:6066", "localhost.", "[::1]:6066"]
BAD = ["", "a b", "127.0.0.1:", "127.0.0.1:x", "user@127.0.0.1", "[::1", "127.0.0.1/x", "127.0.0.1,evil"]  # fmt: skip


@pytest.mark.parametrize("bound", ["127.0.0.1", "localhost", "0.0.0.0", "10.0.0.5"])
def test_names_of_this_machine_are_admitted(bound):
    hosts = Hosts(bound)
    assert all(hosts.admit(header) for header in LOCAL)
    assert not any(hosts.admit(header) for header in BAD)


@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0", "", "desk.example.org"])
def test_a_name_that_somebody_else_may_own_is_not_admitted(bound):
    hosts = Hosts(bound)
    for header in ("evil.org", "evil.org:6066", "127.0.0.1.evil.org", "localhost.evil.org"):
        assert not hosts.admit(header)


def test_a_bound_host_is_admitted_and_other_addresses_are_not():
    assert Hosts("10.0.0.5").admit("10.0.0.5:6066")
    assert not Hosts("10.0.0.5").admit("10.0.0.6:6066")
    assert Hosts("desk.example.org").admit("Desk.Example.org:6066")
    assert not Hosts("127.0.0.1").admit("192.168.0.7")


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", ""])
def test_bound_to_every_address_it_answers_to_each_and_to_this_machines_name(bound):
    hosts = Hosts(bound)
    assert hosts.admit("192.168.0.7:6066")
    assert hosts.admit("[fe80::1]:6066")
    assert hosts.admit(socket.gethostname())
