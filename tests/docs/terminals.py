"""Plays a page's ```console blocks, as a reader would type them, and compares what is shown.

    $ worksteal topics create        a command, and all that it prints
    9 created, 0 were there

    worker$ worksteal worker         a command in a terminal of its own that goes on; what follows
    … ready after …                  must have been printed before the next command is typed

    worker$                          what that terminal must show by now, below what was shown before
    worker$ ^C                       Ctrl-C there; the command must end with 0
    worker$ ^\\                       Ctrl-\\ there, which kills it on the spot

`…` stands for anything within a line; on a line of its own for any number of lines.  A ```yaml or
```python block that begins with `# NAME` is a file of that name.
"""

import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

WAIT_S = 90
PROMPT = re.compile(r"(?P<terminal>[a-z]*)\$(?: (?P<words>.*))?")
BLOCK = re.compile(r"^```(console|python|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Typed(NamedTuple):
    """A command of a page.  `terminal` is "" for one that is waited for; `words` may be empty."""

    terminal: str
    words: str
    shown: list[str]


class File(NamedTuple):
    """A file that the page has the reader write."""

    name: str
    text: str


def steps(page: str) -> Iterator[Typed | File]:
    """Yield what a page has its reader do, in order."""
    for language, block in BLOCK.findall(page):
        named = re.match(r"# (\S+\.(?:py|yaml))\n", block)
        if language != "console" and named:
            yield File(named[1], block)
        elif language == "console":
            yield from _typed(block)


def _typed(block: str) -> Iterator[Typed]:
    typed: Typed | None = None
    for line in block.splitlines():
        prompt = PROMPT.fullmatch(line)
        if prompt:
            if typed is not None:
                yield typed
            typed = Typed(prompt["terminal"], prompt["words"] or "", [])
        elif typed is None:
            raise AssertionError(f"shown before any command: {line}")
        else:
            typed.shown.append(line)
    if typed is not None:
        yield typed


def pattern_of(shown: list[str]) -> str:
    """Return the expression that an output matches, a line break behind each line."""
    told = []
    for line in shown:
        if line == "…":
            told.append(r"(?:[^\n]*\n)*?")
        else:
            inside = (re.escape(part.rstrip()) for part in line.split("…"))
            line_of = r"[^\n]*?".join(inside)
            told.append(re.sub(r"(\\ )+", " +", line_of) + r" *\n")
    return "".join(told)


def tidied(output: str, replaced: dict[str, str]) -> str:
    """Return an output as a page shows it, with the ports that a reader would have."""
    for theirs, ours in replaced.items():
        output = output.replace(theirs, ours)
    return output if not output or output.endswith("\n") else output + "\n"


class Terminals:
    """The terminals of one reader, in one folder."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = {**os.environ, "COLUMNS": "100", "TERM": "dumb", **env}
        self.replaced: dict[str, str] = {}
        self._open: dict[str, subprocess.Popen[bytes]] = {}
        self._read: dict[str, int] = {}

    @property
    def running(self) -> list[str]:
        """Return the terminals whose command goes on, or did not end well."""
        return [name for name, process in self._open.items() if process.poll() != 0]

    def play(self, step: Typed | File) -> str:
        """Do a step and check what it shows; return all that was printed."""
        if isinstance(step, File):
            (self.folder / step.name).write_text(step.text, encoding="utf-8")
            return ""
        if not step.terminal:
            return self._wait_for(step)
        if step.words == "^C":
            return self._interrupt(step)
        if step.words == "^\\":
            return self._kill(step)
        if step.words:
            self._start(step)
        return self._await(step)

    def close(self) -> None:
        """End what still runs, the last started first."""
        for process in reversed(list(self._open.values())):
            process.terminate()
        for process in self._open.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._open.clear()

    def _popen(self, words: str, output: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["bash", "-c", words],
            cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def _wait_for(self, step: Typed) -> str:
        process = self._popen(step.words, subprocess.PIPE)
        try:
            raw, _ = process.communicate(timeout=WAIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"{step.words} goes on for ever") from None
        output = tidied(raw.decode(), self.replaced)
        assert process.returncode == 0, f"{step.words}: {output}"
        assert re.fullmatch(pattern_of(step.shown), output), f"{step.words} printed:\n{output}"
        return output

    def _start(self, step: Typed) -> None:
        assert step.terminal not in self._open, f"{step.terminal} is busy"
        with self._log(step.terminal).open("wb") as log:
            self._open[step.terminal] = self._popen(step.words, log.fileno())
        self._read[step.terminal] = 0

    def _await(self, step: Typed) -> str:
        """Wait until a terminal shows something below what it showed before."""
        wanted = re.compile(r"(?:[^\n]*\n)*?" + pattern_of(step.shown))
        deadline = time.monotonic() + WAIT_S
        while True:
            ended = self._open[step.terminal].poll() is not None
            output = self._output(step.terminal)
            found = wanted.match(output)
            if found:
                self._read[step.terminal] += found.end()
                return output
            told = f"{step.terminal} shows:\n{output}\nand not:\n" + "\n".join(step.shown)
            assert not ended, told
            assert time.monotonic() < deadline, told
            time.sleep(0.1)

    def _interrupt(self, step: Typed) -> str:
        process = self._open.pop(step.terminal)
        process.send_signal(signal.SIGINT)
        try:
            status = process.wait(timeout=WAIT_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        output = self._output(step.terminal)
        assert status == 0, f"{step.terminal} ended with {status}:\n{output}"
        found = re.search(pattern_of(step.shown) + r"\Z", output)
        assert found, f"{step.terminal} ended with:\n{output}"
        return output

    def _kill(self, step: Typed) -> str:
        process = self._open.pop(step.terminal)
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        process.send_signal(signal.SIGQUIT)
        status = process.wait(timeout=WAIT_S)
        assert status == -signal.SIGQUIT, f"{step.terminal} ended with {status}"
        return ""

    def _log(self, terminal: str) -> Path:
        return self.folder / f".{terminal}.log"

    def _output(self, terminal: str) -> str:
        text = self._log(terminal).read_text(encoding="utf-8", errors="replace")
        whole = text if text.endswith("\n") else text[: text.rfind("\n") + 1]
        return tidied(whole, self.replaced)[self._read[terminal] :]
