"""What a check says: one line, and what to do about it."""

from typing import Literal, NamedTuple

Level = Literal["ok", "warn", "FAIL"]

OK: Level = "ok"
WARN: Level = "warn"
FAIL: Level = "FAIL"
"""With it a worker will not start, will stop, or will decide wrongly."""


class Line(NamedTuple):
    """One result; `do` is empty where nothing needs to be done."""

    level: Level
    check: str
    told: str
    do: str = ""

    def __str__(self) -> str:
        what = f"{self.told}: {self.do}" if self.do else self.told
        return f"{self.level:<4}  {self.check}: {what}"


def ok(check: str, told: str) -> Line:
    """Say that something is well."""
    return Line(OK, check, told)


def warn(check: str, told: str, do: str) -> Line:
    """Say what may become a trouble, or cannot be known."""
    return Line(WARN, check, told, do)


def fail(check: str, told: str, do: str) -> Line:
    """Say what is wrong."""
    return Line(FAIL, check, told, do)


def sentence(check: str, error: Exception) -> Line:
    """Return the line for an error whose message already says what is wrong and what to do."""
    return Line(FAIL, check, str(error).rstrip("."))
