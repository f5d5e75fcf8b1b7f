"""Python and the packages: inside the ranges that were tested."""

import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import zip_longest

from .said import Line, fail, ok, warn

OURS = "worksteal"

PYTHON_TESTED = ">=3.11,<3.14"
"""Ours asks for 3.11 or newer; these were tried."""
RESTS_ON = ("faust-streaming", "aiokafka", "rocksdict")
"""What durability rests on.  The ranges that we ask for are those that it was proved with."""

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*([^;\s]*)\s*(;.*)?")
_CLAUSE = re.compile(r"(>=|<)([0-9.]+)")


def check_versions(found: Mapping[str, str] | None = None) -> Iterator[Line]:
    """Compare installed versions with what is asked for; `found` stands for what is installed."""
    try:
        asked = dict(_required())
    except PackageNotFoundError:
        yield fail(
            "versions",
            f"{OURS} runs from its source and is not installed, so nobody chose its packages",
            "install it with `pip install -e .`, or run `make setup`",
        )
        return
    have = _installed(asked) | dict(found or {})
    faults = [line for name, wanted in asked.items() if (line := _asked(name, wanted, have))]
    yield from faults
    if not faults:
        yield ok("versions", f"{len(asked)} packages are in the ranges that {OURS} asks for")
        yield from (ok("versions", f"{name} {have[name]}") for name in RESTS_ON)
    if within(have["Python"], PYTHON_TESTED):
        yield ok("versions", f"Python {have['Python']}")
    else:
        yield warn(
            "versions",
            f"Python {have['Python']} was not tested, {PYTHON_TESTED} was",
            "take a tested one, or run `make faults` before you trust it",
        )


def within(number: str, wanted: str) -> bool:
    """Tell whether a version is in a range such as `>=0.14,<1`; an empty range takes all."""
    for sign, bound in _CLAUSE.findall(wanted):
        order = _compare(number, bound)
        if order < 0 if sign == ">=" else order >= 0:
            return False
    return True


def _compare(one: str, other: str) -> int:
    """Compare the numbers of two versions; what follows them (rc1, .post2) does not count."""
    for a, b in zip_longest(_numbers(one), _numbers(other), fillvalue=0):
        if a != b:
            return -1 if a < b else 1
    return 0


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"(?:^|(?<=\.))\d+", text)]


def _required() -> Iterator[tuple[str, str]]:
    """Yield what our distribution asks for always; extras are only for those who ask."""
    for text in requires(OURS) or ():
        match = _REQUIREMENT.fullmatch(text)
        if match is not None and not match[3]:
            yield match[1], match[2]


def _installed(names: Iterable[str]) -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _asked(name: str, wanted: str, have: Mapping[str, str]) -> Line | None:
    if name not in have:
        return fail("versions", f"{name} is not installed", f"`pip install '{name}{wanted}'`")
    if not within(have[name], wanted):
        do = f"`pip install '{name}{wanted}'`"
        return fail("versions", f"{name} is {have[name]}, not {wanted}", do)
    return None
