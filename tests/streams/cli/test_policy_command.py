"""`worksteal policy`, and the examples of every `--help` that need no broker."""

import re
import shlex

import pytest
import yaml

from state.rules.policy import PRESETS, Policy, policy_from
from tests.paths import ROOT
from tests.streams.cli.command import DAY, document, head, worksteal
from tests.streams.feeds.logs import PARTITIONS, connection, events_of, fresh_topics, records_of
from topics.events import PolicySet

COMMANDS = ["", "backtest", "config", "config show", "explain", "policy", "policy show"]


@pytest.mark.parametrize("name", PRESETS)
def test_show_has_every_field(name, tmp_path):
    done = worksteal("policy", "show", name, cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert f"policy {name}" in done.out
    for field, info in Policy.model_fields.items():
        assert re.search(rf"│ {field} ", done.out)
        assert info.description
        assert info.description in done.out


def test_show_takes_settings_and_files(tmp_path):
    (tmp_path / "mine.yaml").write_text("cooldown_s: 166\n", encoding="utf-8")
    words = ("policy", "show", "mine.yaml", "--set", "protection=0.0015", "--yaml")
    shown = yaml.safe_load(worksteal(*words, cwd=tmp_path).out)
    assert (shown["name"], shown["cooldown_s"], shown["protection"]) == ("mine", 166, 0.0015)


def test_policy_name_is_never_markup(tmp_path):
    done = worksteal("policy", "show", "--set", "name='[bold]me'", cwd=tmp_path)
    assert "policy [bold]me" in done.out


def test_shown_yaml_runs_as_the_preset_does(tmp_path):
    few = head(DAY, 900, tmp_path)
    presets = document(worksteal("backtest", few, "--json", cwd=tmp_path))["runs"]
    words = []
    for name in PRESETS:
        shown = worksteal("policy", "show", name, "--yaml", cwd=tmp_path)
        (tmp_path / f"{name}.yaml").write_text(shown.out, encoding="utf-8")
        words += ["--policy", f"{name}.yaml"]
    assert document(worksteal("backtest", few, "--json", *words, cwd=tmp_path))["runs"] == presets
    assert len({run["digest"] for run in presets.values()}) == 3


@pytest.mark.parametrize("name", COMMANDS)
def test_example_of_help_runs(name: str, tmp_path):
    done = worksteal(*name.split(), "--help", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    (example,) = re.findall(r"^ Example: (worksteal .*?) *$", done.out, re.MULTILINE)
    words, _, target = example.partition(" > ")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    ran = worksteal(*shlex.split(words)[1:], cwd=tmp_path)
    assert ran.status == 0, ran.err
    assert ran.out
    if target:
        (tmp_path / target).write_text(ran.out, encoding="utf-8")
        assert worksteal("policy", "show", target, cwd=tmp_path).status == 0


@pytest.mark.broker
def test_set_publishes_to_every_partition_or_to_one_account(broker, tmp_path):
    topics = fresh_topics(broker.address)
    (tmp_path / "mine.yaml").write_text("base: reference\ncooldown_s: 166\n", encoding="utf-8")
    for_all = worksteal(
        *("policy", "set", "mine.yaml", "--set", "dry_run=true", *connection(topics)), cwd=tmp_path
    )
    assert (for_all.status, for_all.err) == (0, "")
    assert for_all.out == (
        f"policy mine for all accounts without their own: published to {PARTITIONS} partitions\n"
    )
    wanted = policy_from({"name": "mine", "cooldown_s": 166, "dry_run": True}, PRESETS["reference"])
    told = events_of(topics, "accounts")
    assert [record.partition for record in records_of(topics, "accounts")] == [0, 1, 2]
    assert told.count(told[0]) == PARTITIONS
    assert isinstance(told[0], PolicySet)
    assert told[0].account is None
    assert policy_from(told[0].policy) == wanted

    for account in ("one", "two", "three", "four"):
        done = worksteal(
            *("policy", "set", "none", "--account", account, *connection(topics)), cwd=tmp_path
        )
        assert done.out == f"policy none for account {account}: published to 1 partition\n"
    keyed = {record.key: record for record in records_of(topics, "accounts") if record.key}
    assert keyed.keys() == {b"one", b"two", b"three", b"four"}
    assert len({record.partition for record in keyed.values()}) > 1
    events = [event for event in events_of(topics, "accounts") if event.account is not None]
    assert {event.account for event in events} == {"one", "two", "three", "four"}
    assert all(policy_from(event.policy) == PRESETS["none"] for event in events)


WRONG = [
    ("missing.yaml", "'missing.yaml' is no policy file and no preset"),
    ("bad.yaml", "policy bad.yaml: protection: input should be less than or equal to 1"),
    ("huge.yaml", "policy huge.yaml: no record can carry it (oversize"),
    ("none --set protection=7", "policy none: protection: "),
    ("none --account a,b", "--account 'a,b': an account has"),
    ("none --bootstrap 127.0.0.1:1", "no Kafka broker answers at 127.0.0.1:1"),
    ("none --bootstrap kafka.example:9092", "add --insecure"),
]


@pytest.mark.parametrize(("words", "told"), WRONG, ids=[words for words, _ in WRONG])
def test_what_cannot_be_set_is_one_sentence(words, told, tmp_path):
    (tmp_path / "bad.yaml").write_text("protection: 7\n", encoding="utf-8")
    many = [f"SYMBOL{number}" for number in range(8000)]
    (tmp_path / "huge.yaml").write_text(f"crypto_symbols: {many}\n", encoding="utf-8")
    done = worksteal("policy", "set", *words.split(), cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert told in done.err
