"""The connection: named as the worker names it, refused where it would be unsafe, never shown."""

import asyncio
from typing import Any

import msgspec
import pytest

from streams.ground.settings import Settings, SettingsError, load_settings, require_safe
from tests.broker import LocalBroker
from topics.client import BrokerUnreachable, ClientSettings, ClientSettingsError, subscribe
from topics.facts import Fact


def test_names_and_defaults_are_the_workers():
    ours, theirs = ClientSettings(), Settings()
    for field in ClientSettings.__struct_fields__:
        told = getattr(theirs, field)
        assert getattr(ours, field) == told, field


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"bootstrap": "localhost:1,[::1]:2"},
        {"bootstrap": "kafka.example.com:9092"},
        {"bootstrap": "127.0.0.1:1,kafka.example.com:9092"},
        {"bootstrap": "kafka.example.com:9092", "insecure": True},
        {"bootstrap": "kafka.example.com:9092", "security_protocol": "SSL"},
        {"security_protocol": "SASL_SSL"},
        {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "u", "sasl_password": "p"},
        {"bootstrap": "kafka"},
        {"bootstrap": "kafka:70000"},
        {"topic_prefix": "a b"},
        {"topic_prefix": "x" * 64},
        {"topic_prefix": "x" * 65},
    ],
)
def test_what_the_worker_refuses_is_refused(values, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def workers() -> bool:
        try:
            require_safe(load_settings(None, values))
        except SettingsError:
            return False
        return True

    def ours() -> bool:
        try:
            ClientSettings(**values)
        except ClientSettingsError:
            return False
        return True

    assert ours() == workers()


def test_the_environment_is_read_as_the_worker_reads_it():
    read = ClientSettings.from_environment(
        {
            "WORKSTEAL_BOOTSTRAP": "kafka.example.com:9",
            "WORKSTEAL_INSECURE": "true",
            "WORKSTEAL_TOPIC_PREFIX": "",
            "WORKSTEAL_WEB_PORT": "1",
            "BOOTSTRAP": "no",
        }
    )
    assert read == ClientSettings(bootstrap="kafka.example.com:9", insecure=True)
    with pytest.raises(ClientSettingsError, match="security_protocol") as error:
        ClientSettings.from_environment({"WORKSTEAL_SECURITY_PROTOCOL": "SASL_GUESS"})
    assert "WORKSTEAL_" in str(error.value)


def test_secrets_are_not_shown():
    settings = ClientSettings(
        security_protocol="SASL_PLAINTEXT", sasl_username="me", sasl_password="hush"
    )
    assert "hush" not in repr(settings)
    assert "hush" not in str(settings)
    assert "me" in repr(settings)
    assert settings.options()["sasl_plain_password"] == "hush"


def test_certificates_that_do_not_load_are_told(tmp_path):
    nothing = str(tmp_path / "nothing.pem")
    tried: list[tuple[dict[str, Any], str]] = [
        ({"ssl_cafile": nothing}, "ssl_cafile"),
        ({"ssl_certfile": nothing}, "ssl_certfile"),
        ({"ssl_keyfile": nothing}, "ssl_keyfile"),
    ]
    for values, told in tried:
        with pytest.raises(ClientSettingsError, match=told):
            ClientSettings(security_protocol="SSL", **values).options()


def test_settings_cannot_be_changed_later():
    with pytest.raises(AttributeError):
        ClientSettings().bootstrap = "elsewhere:1"  # type: ignore[misc]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"bootstrp": "x"}, ClientSettings)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"kinds": "steal.start"}, "did you mean steal.started"),
        ({"kinds": []}, "kinds is empty"),
        ({"kinds": [Fact]}, "no kind 'Fact'"),
        ({"accounts": []}, "accounts is empty"),
        ({"group": "-x"}, "group: use up to 64"),
        ({"group": ""}, "group: use up to 64"),
        ({"start": "now"}, "is no place to begin"),
        ({"start": {}}, "names no partition"),
        ({"topic": "orders"}, "it is steals or execution"),
    ],
)
def test_words_that_cannot_be_meant_are_told_before_anything_is_connected(words, told):
    with pytest.raises(ClientSettingsError, match=told):
        subscribe(ClientSettings(), **words)


def test_nobody_at_the_address():
    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1 does not answer"):
        asyncio.run(subscribe(ClientSettings(bootstrap="127.0.0.1:1")).open())


@pytest.mark.broker
def test_a_topic_that_is_not_there_is_told_and_not_made(broker: LocalBroker):
    settings = ClientSettings(bootstrap=broker.address, topic_prefix="nobody-made-this-")
    for _ in range(2):
        with pytest.raises(BrokerUnreachable, match="has no topic nobody-made-this-steals"):
            asyncio.run(subscribe(settings, group="mine").open())
