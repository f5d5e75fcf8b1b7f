"""The `reference` policy decides as the original did, on recorded scenarios.

`WORKSTEAL_VECTORS` names another file or folder of the same form (`*.jsonl`, `*.jsonl.gz`).
"""

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from state.market.hours import Calendars, calendars

from .comparing import differences
from .driver import Json, to_us
from .polls import NOT_APPLICABLE, is_applicable, poll_differences

DEFAULT = Path(__file__).parent / "vectors"
DECISION = ("repo_test", "single_attempt", "fight_sequence", "market_sequence", "market_hours")
POLLS = "entry_watcher_poll"


@cache
def scenarios() -> dict[str, list[Json]]:
    """Return all scenarios by family."""
    place = Path(os.environ.get("WORKSTEAL_VECTORS") or DEFAULT)
    files = [place] if place.is_file() else sorted((*place.glob("*.jsonl"), *place.glob("*.gz")))
    if not files:
        pytest.fail(f"WORKSTEAL_VECTORS: there is no .jsonl or .jsonl.gz file at {place}")
    found: dict[str, list[Json]] = {}
    for file in files:
        for line in _lines(file):
            if line.strip():
                scenario = json.loads(line)
                found.setdefault(scenario["family"], []).append(scenario)
    return found


def _lines(file: Path) -> Iterator[str]:
    if file.suffix == ".gz":
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from lines
    else:
        with file.open(encoding="utf-8") as lines:
            yield from lines


@cache
def times() -> Calendars:
    """Return calendars for every year that the vectors name."""
    moments = [
        step["now"] for family in scenarios().values() for s in family for step in s["steps"]
    ]
    years = [int(moment[:4]) for moment in moments]
    assert all(to_us(moment) > 0 for moment in moments)
    return calendars(min(years) - 1, max(years) + 1)


def of_family(family: str) -> list[Json]:
    """Return a family's scenarios; skips the test when the file has none of it."""
    found = scenarios().get(family, [])
    # Earlier versions of the original decided by other rules; `reference` is its last one.
    found = [scenario for scenario in found if scenario.get("variant", "head") == "head"]
    if not found:
        pytest.skip(f"the vectors have no scenario of {family}")
    return found


@pytest.mark.parametrize("family", [*DECISION, "spawn_entry"])
def test_the_reference_policy_decides_as_the_original_did(family):
    found = of_family(family)
    wrong = [line for scenario in found for line in differences(scenario, times())]
    assert not wrong, f"{len(wrong)} mismatches in {family}:\n" + "\n".join(wrong[:20])


def test_an_entry_triggers_and_steals_as_the_original_watcher_did():
    found = of_family(POLLS)
    wrong = [line for scenario in found for line in poll_differences(scenario, times())]
    assert not wrong, f"{len(wrong)} mismatches:\n" + "\n".join(wrong[:20])


@pytest.mark.skipif("WORKSTEAL_VECTORS" in os.environ, reason="about the repository's own copy")
def test_every_poll_that_says_nothing_about_the_desk_has_a_reason():
    kinds = Counter(
        step["expected"]["final_state"]
        for scenario in of_family(POLLS)
        for step in scenario["steps"]
        if not is_applicable(step)
    )
    assert set(kinds) <= set(NOT_APPLICABLE)
    assert kinds.total() < sum(len(s["steps"]) for s in of_family(POLLS)) / 2


def test_exit_polls_do_not_apply():
    # The exit watcher places take-profits at the broker by itself.  The desk neither sends nor
    # cancels exits: it learns of them from `order.accepted` with intent `exit`.
    for scenario in of_family("exit_watcher_poll"):
        assert {step["op"] for step in scenario["steps"]} == {"exit_poll"}
