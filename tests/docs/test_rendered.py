"""The documentation is true: rendered pages are as the code has them, links lead somewhere, code runs."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from docs import render as docs
from state.rules.policy import DEFAULT, PRESETS, REFERENCE, Policy
from state.rules.refusals import EventFault, Protection, Refusal
from streams.cli import app
from streams.ground.settings import Settings
from streams.ground.settings.model import PREFIX
from tests.paths import ROOT
from tests.streams.cli.command import DAY, document, head, worksteal
from tests.streams.cli.parsing import parsed
from topics.catalogue import CATALOGUE
from topics.commands import COMMAND_TYPES
from topics.events import EVENT_TYPES
from topics.facts import FACT_TYPES
from topics.meanings import RECORD_MEANING
from topics.refusals import RecordRefusal

DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(DOCS.rglob("*.md"))
IDS = [path.relative_to(ROOT).as_posix() for path in PAGES]

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
CODE_PATH = re.compile(r"`((?:topics|state|streams|tests|docs|examples|bench)/[\w./-]*\w/?)`")


def blocks(path: Path, language: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def without_blocks(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", without_blocks(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def table_rows(text: str) -> list[list[str]]:
    rows = (line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in row] for row in rows]


# ---- rendered pages ----


def test_reference_is_as_the_code_has_it():
    assert docs.stale(DOCS / "reference") == []


def test_check_names_the_stale_file(tmp_path):
    def check(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "docs.render", *words, str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert check().returncode == 0
    assert (check("--check").returncode, check("--check").stderr) == (0, "")
    page = tmp_path / "topics.md"
    page.write_text(page.read_text(encoding="utf-8") + "more\n", encoding="utf-8")
    (tmp_path / "policy.md").unlink()
    done = check("--check")
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert [line.split(" is stale")[0] for line in told] == [str(page), str(tmp_path / "policy.md")]


def test_messages_page_has_every_message_and_field():
    page = docs.pages()["messages.md"]
    for kind in (*EVENT_TYPES, *COMMAND_TYPES, *FACT_TYPES):
        tag = kind.__struct_config__.tag
        section = page.split(f"### {tag}\n")[1].split("\n### ")[0]
        base = getattr(kind.__mro__[1], "__struct_fields__", ())
        for field in kind.__struct_fields__:
            assert f"| `{field}` |" in (page if field in base else section), (tag, field)


def test_other_pages_have_every_member():
    pages = docs.pages()
    for topic in CATALOGUE:
        assert f"| `{topic.name}` |" in pages["topics.md"]
    for field in Policy.model_fields:
        assert f"| `{field}` |" in pages["policy.md"]
    settings = re.findall(r"^\| `(\w+)` \|", pages["settings.md"], re.MULTILINE)
    assert settings == list(Settings.model_fields)
    # In order of precedence, each list whole.
    reasons = re.findall(r"^\| `(\w+)` \|", pages["refusals.md"], re.MULTILINE)
    assert reasons == [*RecordRefusal, *EventFault, *Refusal, *Protection]


@pytest.mark.parametrize(
    ("members", "meanings"),
    [
        (RecordRefusal, RECORD_MEANING),
        (EventFault, {it: it.meaning for it in EventFault}),
        (Refusal, {it: it.meaning for it in Refusal}),
        (Protection, {it: it.meaning for it in Protection}),
    ],
    ids=["record", "event", "entry", "victim"],
)
def test_every_reason_has_one_meaning(members, meanings):
    assert list(meanings) == list(members)
    assert all(meanings.values())
    assert len(set(meanings.values())) == len(members)


# ---- pages written by hand ----


@pytest.mark.parametrize("path", [*PAGES, README], ids=[*IDS, "README.md"])
def test_links_lead_somewhere(path):
    text = without_blocks(path)
    for link in [*LINK.findall(text), *(target for _, target in IMAGE.findall(text))]:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("path", [*PAGES, README], ids=[*IDS, "README.md"])
def test_pictures_say_what_they_show_and_are_small(path):
    for told, target in IMAGE.findall(without_blocks(path)):
        assert len(told) > 15, target
        assert (path.parent / target).stat().st_size <= PICTURE_BYTES_MAX, target


PICTURE_BYTES_MAX = 150 * 1024


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_page_ends_with_what_to_read_next(path):
    last = path.read_text(encoding="utf-8").splitlines()[-1]
    assert re.fullmatch(r"Next: \[[^\]]+\]\([^)]+\)", last)


def test_the_index_lists_every_page():
    index = DOCS / "README.md"
    links = LINK.findall(index.read_text(encoding="utf-8"))
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links}
    assert listed - {README} == {page for page in PAGES if page != index}
    assert "docs/README.md" in LINK.findall(README.read_text(encoding="utf-8"))


def test_every_page_is_reached_by_following_next():
    page, seen = DOCS / "README.md", []
    while page not in seen:
        seen.append(page)
        (link,) = LINK.findall(page.read_text(encoding="utf-8").splitlines()[-1])
        page = (page.parent / link).resolve()
    assert sorted(seen) == PAGES


@pytest.mark.parametrize("path", [*PAGES, README], ids=[*IDS, "README.md"])
def test_named_files_exist(path):
    for name in CODE_PATH.findall(without_blocks(path)):
        assert (ROOT / name).exists(), name


def test_concepts_compare_the_presets_field_by_field():
    """The table is complete, and its values are those of the presets."""
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")
    section = text.split("| field | `reference` | `default` |")[1].split("\n\n")[0]
    told = {row[0].strip("`"): row[1:3] for row in table_rows(section) if row[0].startswith("`")}
    values = {
        name: [f"`{json.dumps(getattr(policy, name))}`" for policy in (REFERENCE, DEFAULT)]
        for name in Policy.model_fields
        if name != "name" and getattr(REFERENCE, name) != getattr(DEFAULT, name)
    }
    assert told == values


def test_concepts_name_only_fields_that_exist():
    text = without_blocks(DOCS / "concepts.md")
    fields = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))
    known = {*Policy.model_fields, *Refusal, "side_blind"}
    assert fields <= known
    assert len(fields) > 20


# ---- code in pages ----


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_python_blocks_print_what_the_page_says(path):
    said = []
    for code in blocks(path, "python"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said += [done.stdout] if done.stdout else []
    assert said == blocks(path, "text")


def test_there_are_python_blocks():
    assert blocks(DOCS / "internals.md", "python")
    assert blocks(DOCS / "concepts.md", "python")


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_commands_in_pages_run(path, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in "".join(blocks(path, "sh")).splitlines():
        program, *words = line.split()
        assert program == "worksteal"
        assert worksteal(*words, cwd=tmp_path).status == 0, line


@pytest.mark.parametrize("path", [*PAGES, README], ids=[*IDS, "README.md"])
def test_commands_that_need_a_broker_are_understood(path):
    """Blocks without a language are not run; what they ask for exists all the same."""
    for line in plain_lines(path):
        words = line.split("#")[0].split()
        while words and words[0].startswith(PREFIX):
            name, _, _ = words.pop(0).removeprefix(PREFIX).partition("=")
            assert name.lower() in Settings.model_fields
        if words[:1] == ["worksteal"] and not SYNOPSIS.search(line):
            parsed(words[1:])


SYNOPSIS = re.compile(r"[\[…]|\bFILE\b")
"""Placeholders of a line that shows what a command takes."""


def plain_lines(path: Path) -> list[str]:
    """Return the lines of all blocks without a language."""
    found, fence = [], None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fence = line if fence is None else None
        elif fence == "```":
            found.append(line)
    return found


def test_the_live_page_has_commands_to_understand():
    lines = plain_lines(DOCS / "live.md")
    assert sum(line.startswith("worksteal ") for line in lines) > 15


def test_readme_lists_every_command():
    def names(group: Any, before: str) -> list[str]:
        found: list[str] = []
        for name, command in group.commands.items():
            inner = getattr(command, "commands", None)
            found += names(command, f"{before}{name} ") if inner else [before + name]
        return found

    section = README.read_text(encoding="utf-8").split("| command | |")[1].split("\n\n")[0]
    told = re.findall(r"`worksteal ([a-z ]+)`", section)
    assert sorted(told) == sorted(names(get_command(app), ""))


def test_strategy_of_the_page_trades_and_the_readme_names_it(tmp_path):
    (code,) = blocks(DOCS / "how-to" / "write-a-strategy.md", "python")
    (name,) = re.findall(r"^class (\w+)\(Strategy\)", code, re.MULTILINE)
    assert f"my_strategy.py:{name}" in README.read_text(encoding="utf-8")
    (tmp_path / "my_strategy.py").write_text(code, encoding="utf-8")
    words = ("--json", "--policy", "default", "--strategy", f"my_strategy.py:{name}")
    read = document(worksteal("backtest", DAY, *words, cwd=tmp_path))
    run = read["runs"]["default"]
    assert read["strategy"] == "dip"
    assert run["entries"] > 0
    assert run["fills"] > 1, "an entry and an exit"


def test_policy_of_the_readme_is_taken(tmp_path):
    (text,) = blocks(README, "yaml")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    few = head(DAY, 60, tmp_path)
    done = worksteal("backtest", few, "--json", "--policy", "mine.yaml", cwd=tmp_path)
    assert list(document(done)["runs"]) == ["mine"]


def test_options_of_the_readme_exist(tmp_path):
    """The synopsis and the help name the same options."""
    synopsis = next(text for text in blocks(README, "") if "worksteal backtest FILE" in text)
    told: dict[str, set[str]] = {}
    command = ""
    for line in synopsis.splitlines():
        if line.startswith("worksteal "):
            command = " ".join(re.findall(r"^worksteal ((?:[a-z]+ ?)+)", line)).strip()
        told.setdefault(command, set()).update(re.findall(r"--[a-z-]+", line.split("#")[0]))
    assert set(told) == {"backtest", "explain", "policy show"}
    for command, options in told.items():
        shown = worksteal(*command.split(), "--help", cwd=tmp_path).out
        exist = set(re.findall(r"^│ [ *] +(--[a-z-]+)", shown, re.MULTILINE))
        exist |= set(re.findall(r"^│ (--[a-z-]+)", shown, re.MULTILINE))
        assert options <= exist, command
        if command == "backtest":
            assert exist - options == {"--help"}


def test_presets_are_the_ones_that_the_docs_name():
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")
    for name in PRESETS:
        assert f"`{name}`" in text
