"""What is compared: the presets, four protections, the sets on record, and one field at a time."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from state.rules.policy import DEFAULT, NONE, REFERENCE, Policy, policy_from
from streams.lab.ranges import Range, Swept, read_range, sweep

RECORDED = Path(__file__).resolve().parent.parent / "policies"

PROTECTIONS = (0.004, 0.0015, 0.0013, 0.001)

GRID = {
    "crypto_force_count": "1:3:3",
    "crypto_ooh_tolerance": "0.01:0.05:5",
    "normal_tolerance": "0.003:0.015:5",
    "entry_tolerance": "0.003:0.015:5",
    "protection": "0.0005:0.01:5",
    "cooldown_s": "60:300:5",
    "fight_threshold": "3:10:5",
    "fight_cooldown_s": "300:1800:5",
}
"""The eight fields that the original tuned, over the ranges that it tuned them in."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One policy that is run, and all names it goes by: equal values are run once."""

    policy: Policy
    names: tuple[str, ...]


def named() -> list[Policy]:
    """Return every policy of the study in the order of its tables, under its own name.

    The protection that `default` has itself is not named a second time.
    """
    varied = [
        policy_from({"name": f"default-{100 * value:g}", "protection": value})
        for value in PROTECTIONS
        if value != DEFAULT.protection
    ]
    files = sorted(RECORDED.glob("record-*.yaml"))
    recorded = [
        policy_from({"name": path.stem, **yaml.safe_load(path.read_text(encoding="utf-8"))})
        for path in files
    ]
    return [NONE, REFERENCE, DEFAULT, *varied, *recorded]


def candidates() -> list[Candidate]:
    """Return the distinct policies; the first name of several stands for all."""
    found: list[Candidate] = []
    for policy in named():
        for place, one in enumerate(found):
            if policy.model_copy(update={"name": one.policy.name}) == one.policy:
                found[place] = Candidate(one.policy, (*one.names, policy.name))
                break
        else:
            found.append(Candidate(policy, (policy.name,)))
    return found


def ranges() -> list[Range]:
    """Return the values of each field that is moved by itself."""
    return [read_range(field, text) for field, text in GRID.items()]


def moved() -> list[Swept]:
    """Return `default` with one field moved at a time, field by field."""
    return [one for each in ranges() for one in sweep([DEFAULT], [each])]
