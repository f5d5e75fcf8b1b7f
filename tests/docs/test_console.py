"""Pages with ```console blocks do what they show: typed in order, on a real broker of their own."""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from tests.broker import need_java
from tests.docs.terminals import File, Terminals, Typed, pattern_of, steps
from tests.paths import ROOT

DOCS = ROOT / "docs"
PAGES = [
    path for path in sorted(DOCS.rglob("*.md")) if "```console" in path.read_text(encoding="utf-8")
]
USUAL_ADDRESS = "127.0.0.1:9092"
USUAL_PAGES = "127.0.0.1:6066"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Reader:
    """A folder that looks like the repository, with a broker and pages on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.broker = str(ROOT / "deploy" / "kafka" / "broker")
        self.kafka = folder / ".kafka"
        (folder / "examples").symlink_to(ROOT / "examples")
        script = folder / "deploy" / "kafka" / "broker"
        script.parent.mkdir(parents=True)
        port, pages = free_port(), free_port()
        address = f"127.0.0.1:{port}"
        script.write_text(
            f'#!/bin/sh\nexec "{self.broker}" "$@" --dir "{self.kafka}" --port {port}\n',
            encoding="utf-8",
        )
        script.chmod(0o755)
        path = f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin"
        env = {"PATH": path, "WORKSTEAL_BOOTSTRAP": address, "WORKSTEAL_WEB_PORT": str(pages)}
        self.terminals = Terminals(folder, env)
        self.terminals.replaced = {address: USUAL_ADDRESS, f"127.0.0.1:{pages}": USUAL_PAGES}

    def close(self) -> None:
        self.terminals.close()
        command = [self.broker, "stop", "--dir", str(self.kafka)]
        subprocess.run(command, check=False, capture_output=True, timeout=60)


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=[path.stem for path in PAGES])
def test_page_does_what_it_shows(page: Path, tmp_path: Path):
    text = page.read_text(encoding="utf-8")
    if "deploy/kafka/broker" in text:
        need_java()
    reader = Reader(tmp_path)
    try:
        for step in steps(text):
            reader.terminals.play(step)
        assert not reader.terminals.running, "the page leaves something running"
    finally:
        reader.close()


def test_the_tutorial_is_among_them_and_has_five_steps():
    page = DOCS / "tutorial.md"
    assert page in PAGES
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (\d)\. ", text, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    for section in re.split(r"^## \d\. ", text, flags=re.MULTILINE)[1:]:
        assert "```console" in section


# ---- the reader itself ----


def test_steps_of_a_page():
    page = (
        "# A page\n\n```yaml\n# mine.yaml\nbase: default\n```\n\n```yaml\nno: file\n```\n"
        "```console\n$ one --two\nshown\n…\nworker$ three\nworker$ ^C\nworker$\nlater\n```\n"
    )
    assert list(steps(page)) == [
        File("mine.yaml", "# mine.yaml\nbase: default\n"),
        Typed("", "one --two", ["shown", "…"]),
        Typed("worker", "three", []),
        Typed("worker", "^C", []),
        Typed("worker", "", ["later"]),
    ]


@pytest.mark.parametrize(
    ("shown", "output", "same"),
    [
        (["one", "two"], "one\ntwo\n", True),
        (["one"], "one\ntwo\n", False),
        (["one", "…"], "one\ntwo\nthree\n", True),
        (["…", "three"], "three\n", True),
        (["…", "thr…"], "one\ntwo\n", False),
        (["a … c"], "a b c\n", True),
        (["a … c"], "a b\nc\n", False),
        (["│ fills  │  57 │"], "│ fills │    57 │  \n", True),
        (["│ fills  │  57 │"], "│ fills │    58 │\n", False),
        ([], "", True),
        ([], "said\n", False),
    ],
)
def test_what_is_shown_is_what_is_meant(shown: list[str], output: str, same: bool):
    assert bool(re.fullmatch(pattern_of(shown), output)) is same


def test_a_terminal_shows_a_failure(tmp_path: Path):
    terminals = Terminals(tmp_path, {})
    assert terminals.play(Typed("", "echo yes", ["yes"])) == "yes\n"
    with pytest.raises(AssertionError, match="printed:\nyes"):
        terminals.play(Typed("", "echo yes", ["no"]))
    with pytest.raises(AssertionError, match="false"):
        terminals.play(Typed("", "false", []))
    with pytest.raises(AssertionError, match="and not:\nnever"):
        terminals.play(Typed("other", "echo yes", ["never"]))
    terminals.close()


def test_keys_end_what_runs_in_a_terminal(tmp_path: Path):
    terminals = Terminals(tmp_path, {})
    trap = "trap 'echo bye; exit 0' INT; echo here; while :; do sleep 0.05; done"
    try:
        terminals.play(Typed("one", trap, ["here"]))
        terminals.play(Typed("two", "echo here; exec sleep 100", ["here"]))
        assert terminals.running == ["one", "two"]
        terminals.play(Typed("one", "^C", ["bye"]))
        terminals.play(Typed("two", "^\\", []))
        assert terminals.running == []
        terminals.play(Typed("one", "echo here; exec sleep 100", ["here"]))
        with pytest.raises(AssertionError, match="one ended with -2"):
            terminals.play(Typed("one", "^C", []))
    finally:
        terminals.close()
