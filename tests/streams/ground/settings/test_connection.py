"""Settings become a connection: which servers are this machine, logins, certificates."""

import ssl
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.ground.settings import (
    Settings,
    SettingsError,
    client_options,
    load_settings,
    open_network,
)
from tests.streams.cli.command import worksteal
from tests.streams.ground.settings.environment import silence

__all__ = ["silence"]

HERE = [
    "localhost:9092",
    "LocalHost:9092",
    "127.0.0.1:9092",
    "127.8.9.10:9092",
    "[::1]:9092",
    " localhost:9092 , [::1]:9093",
]
ELSEWHERE = [
    "kafka.example:9092",
    "10.0.0.1:9092",
    "0.0.0.0:9092",
    "localhost.example.com:9092",
    "127.evil.com:9092",
    "127.0.0.1.evil.com:9092",
    "[2001:db8::1]:9092",
    "[::]:9092",
]
NOWHERE = [
    "",
    "localhost",
    "localhost:",
    ":9092",
    "localhost:nine",
    "localhost:0",
    "localhost:70000",
    "localhost:²",
    "localhost:9092,",
    "::1:9092",  # a client reads all of it as an address elsewhere
    "[::1].evil.com:9092",
    "[::1]9092",
    "[localhost]:9092",
    "user@localhost:9092",
    "PLAINTEXT://localhost:9092",
    "local host:9092",
]


@pytest.mark.parametrize("servers", HERE)
def test_loopback_is_this_machine(servers):
    assert open_network(servers) is None
    assert client_options(Settings(bootstrap=servers)) == {
        "bootstrap_servers": servers,
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("server", ELSEWHERE)
def test_what_only_looks_like_loopback_is_elsewhere(server):
    assert open_network(server) == server
    assert open_network(f"localhost:9092, {server}") == server
    with pytest.raises(SettingsError, match=r"is not this machine .* add --insecure"):
        client_options(Settings(bootstrap=server))
    assert client_options(Settings(bootstrap=server, insecure=True))["bootstrap_servers"] == server


@pytest.mark.parametrize("servers", NOWHERE)
def test_what_is_no_address_is_refused(servers):
    with pytest.raises(ValueError, match=r"write it as HOST:PORT, an IPv6 address as \[ADDRESS\]"):
        Settings(bootstrap=servers)
    if servers:
        assert open_network(servers) is not None


@pytest.mark.usefixtures("silence")
def test_the_environment_can_say_that_plaintext_is_meant(monkeypatch):
    monkeypatch.setenv("WORKSTEAL_BOOTSTRAP", "kafka.example:9092")
    with pytest.raises(SettingsError, match="--insecure"):
        client_options(load_settings())
    monkeypatch.setenv("WORKSTEAL_INSECURE", "true")
    assert client_options(load_settings())["bootstrap_servers"] == "kafka.example:9092"
    monkeypatch.setenv("WORKSTEAL_INSECURE", "false")
    with pytest.raises(SettingsError, match="--insecure"):
        client_options(load_settings())


def test_a_command_refuses_plaintext_before_it_connects(tmp_path):
    done = worksteal("topics", "check", "--bootstrap", "127.evil.com:9092", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert "127.evil.com:9092 is not this machine" in done.err


def login(protocol: str, **more: object) -> Settings:
    return Settings.model_validate(
        {
            "bootstrap": "kafka.example:9092",
            "security_protocol": protocol,
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "me",
            "sasl_password": SecretStr("pass"),
            **more,
        }
    )


SASL = {
    "sasl_mechanism": "SCRAM-SHA-512",
    "sasl_plain_username": "me",
    "sasl_plain_password": "pass",
}


def test_sasl_over_plaintext_is_passed_through_where_it_is_meant():
    with pytest.raises(SettingsError, match=r"SASL_PLAINTEXT is readable on the way"):
        client_options(login("SASL_PLAINTEXT"))
    assert client_options(login("SASL_PLAINTEXT", insecure=True)) == {
        "bootstrap_servers": "kafka.example:9092",
        "security_protocol": "SASL_PLAINTEXT",
        **SASL,
    }


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_tls_goes_anywhere_and_checks_who_answers(protocol):
    options = client_options(login(protocol))
    context = options.pop("ssl_context")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert options == {
        "bootstrap_servers": "kafka.example:9092",
        "security_protocol": protocol,
        **(SASL if protocol == "SASL_SSL" else {}),
    }


@pytest.mark.parametrize("protocol", ["SASL_SSL", "SASL_PLAINTEXT"])
@pytest.mark.parametrize("field", ["sasl_username", "sasl_password"])
def test_a_login_needs_both_halves(protocol, field):
    settings = login(protocol, insecure=True, **{field: None})
    with pytest.raises(SettingsError, match=f"^{field}: {protocol} needs one"):
        client_options(settings)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate that signs itself, with its key, and the key again under a password."""
    folder = tmp_path_factory.mktemp("tls")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    lock = "openssl pkey -in own.key -aes128 -passout pass:word -out locked.key"
    try:
        for command in (f"{make} -subj /CN=own -keyout own.key -out own.crt", lock):
            subprocess.run(command.split(), cwd=folder, check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no openssl here")
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n", encoding="ascii")
    return folder


def tls(folder: Path, **files: str) -> Settings:
    named = {f"ssl_{name}": folder / file for name, file in files.items()}
    return Settings.model_validate(
        {"bootstrap": "kafka.example:9092", "security_protocol": "SSL", **named}
    )


def test_certificates_to_trust_and_to_show_are_loaded(certificate):
    settings = tls(certificate, cafile="own.crt", certfile="own.crt", keyfile="own.key")
    context = client_options(settings)["ssl_context"]
    (trusted,) = context.get_ca_certs()
    assert trusted["subject"] == ((("commonName", "own"),),)
    locked = tls(certificate, certfile="own.crt", keyfile="locked.key")
    opened = locked.model_copy(update={"ssl_password": SecretStr("word")})
    assert client_options(opened)["ssl_context"]
    for password in (None, SecretStr("wrong")):
        with pytest.raises(SettingsError, match=r"^ssl_certfile: \S+own.crt does not load"):
            client_options(locked.model_copy(update={"ssl_password": password}))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"cafile": "none.crt"}, r"^ssl_cafile: \S+none.crt does not load"),
        ({"cafile": "broken.pem"}, r"^ssl_cafile: \S+broken.pem does not load"),
        ({"certfile": "none.crt"}, r"^ssl_certfile: \S+none.crt does not load"),
        ({"certfile": "own.crt"}, r"^ssl_certfile: \S+own.crt does not load"),
        ({"keyfile": "own.key"}, r"^ssl_keyfile: a key needs its certificate"),
    ],
)
def test_certificates_that_do_not_load_are_told(files, told, certificate):
    with pytest.raises(SettingsError, match=told):
        client_options(tls(certificate, **files))
