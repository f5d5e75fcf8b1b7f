"""`worksteal policy show`, and the examples of every `--help`."""

import re
import shlex

import pytest
import yaml

from state.policy import PRESETS, Policy
from tests.streams.cli.command import DAY, ROOT, document, head, worksteal

COMMANDS = ["", "backtest", "explain", "policy", "policy show"]


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
