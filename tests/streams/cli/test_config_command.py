"""`worksteal config show`: what is in force, where it came from, and never a secret."""

import re

import pytest

from streams.ground.settings import Settings, load_settings
from tests.streams.cli.command import worksteal

SECRET = "hunter2-and-more"


def cells(out: str) -> dict[str, list[str]]:
    """Read the table: name to value, source and meaning."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    return {row[0]: row[1:] for row in rows if len(row) == 4}


def test_every_setting_is_shown_with_its_source_and_meaning(tmp_path):
    (tmp_path / "worksteal.yaml").write_text("group: '[bold]mine'\n", encoding="utf-8")
    refused = worksteal("config", "show", cwd=tmp_path)
    assert refused.status == 2
    (tmp_path / "my.yaml").write_text("group: mine\ndata_dir: '[b]'\n", encoding="utf-8")
    done = worksteal(
        *("config", "show", "--config", "my.yaml", "--topic-prefix", "a-"),
        cwd=tmp_path,
        COLUMNS="240",
        WORKSTEAL_WEB_PORT="7000",
        WORKSTEAL_CALENDAR_YEARS="2018,2019",
    )
    assert (done.status, done.err) == (0, "")
    shown = cells(done.out)
    for name, info in Settings.model_fields.items():
        assert info.description
        assert shown[name][2] == info.description
    assert shown["group"][:2] == ["mine", "my.yaml"]
    assert shown["data_dir"][:2] == ["[b]", "my.yaml"]
    assert shown["web_port"][:2] == ["7000", "WORKSTEAL_WEB_PORT"]
    assert shown["calendar_years"][:2] == ["2018-2019", "WORKSTEAL_CALENDAR_YEARS"]
    assert shown["topic_prefix"][:2] == ["a-", "command line"]
    assert shown["insecure"][:2] == ["false", "default"]
    assert shown["ssl_cafile"][:2] == ["", "default"]


@pytest.mark.parametrize("words", [[], ["--yaml"], ["--bootstrap", "nonsense"]])
def test_secrets_are_never_shown(words, tmp_path):
    (tmp_path / "worksteal.yaml").write_text(f"ssl_password: {SECRET}\n", encoding="utf-8")
    done = worksteal("config", "show", *words, cwd=tmp_path, WORKSTEAL_SASL_PASSWORD=SECRET)
    assert SECRET not in done.out + done.err
    if words == []:
        shown = cells(done.out)
        assert shown["sasl_password"][:2] == ["********", "WORKSTEAL_SASL_PASSWORD"]
        assert shown["ssl_password"][:2] == ["********", "worksteal.yaml"]


def test_yaml_is_a_file_that_says_the_same(tmp_path):
    variables = {
        "WORKSTEAL_TOPIC_PREFIX": "a-",
        "WORKSTEAL_CALENDAR_YEARS": "2018-2019",
        "WORKSTEAL_DATA_DIR": "📈 Größe: 1",
        "WORKSTEAL_WEB_PORT": "0",
        "WORKSTEAL_SASL_PASSWORD": SECRET,
    }
    done = worksteal("config", "show", "--yaml", cwd=tmp_path, **variables)
    assert (done.status, done.err) == (0, "")
    assert re.findall(r"^# (\w+_password):", done.out, re.MULTILINE) == [
        "sasl_password",
        "ssl_password",
    ]
    path = tmp_path / "start.yaml"
    path.write_text(done.out, encoding="utf-8")
    read = load_settings(path)
    assert (read.topic_prefix, read.calendar_years, read.web_port) == ("a-", (2018, 2019), 0)
    assert str(read.data_dir) == "📈 Größe: 1"
    assert read.sasl_password is None
    again = worksteal("config", "show", "--yaml", "--config", "start.yaml", cwd=tmp_path)
    assert again.out == done.out


def test_settings_that_connect_to_nothing_are_shown_all_the_same(tmp_path):
    done = worksteal("config", "show", "--bootstrap", "kafka.example:9092", cwd=tmp_path)
    assert done.status == 0
    assert cells(done.out)["bootstrap"][:2] == ["kafka.example:9092", "command line"]
    assert "kafka.example:9092 is not this machine" in " ".join(done.err.split())
    meant = worksteal(
        *("config", "show", "--bootstrap", "kafka.example:9092", "--insecure"), cwd=tmp_path
    )
    assert (meant.status, meant.err) == (0, "")


def test_unknown_keys_are_mistakes(tmp_path):
    done = worksteal("config", "show", cwd=tmp_path, WORKSTEAL_BOOTSTRP="x")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "worksteal: the environment has WORKSTEAL_BOOTSTRP, which is no setting;"
        " did you mean bootstrap?\n"
    )
    (tmp_path / "worksteal.yaml").write_text("bootstrp: x\n", encoding="utf-8")
    done = worksteal("config", "show", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert (
        done.err == "worksteal: worksteal.yaml: bootstrp is no setting; did you mean bootstrap?\n"
    )
