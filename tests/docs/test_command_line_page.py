"""The page of commands has every command with every option, and the page of refusals every advice."""

import re
from functools import cache
from typing import Any

import pytest

from docs.render import pages
from state.rules.policy import Policy
from state.rules.refusals import EventFault, Refusal
from streams.cli import app
from streams.observe.dead_letters.advice import ADVICE
from tests.docs.commands import leaves
from topics.refusals import RecordRefusal


@cache
def page() -> str:
    return pages()["command-line.md"]


def section(name: str) -> str:
    return page().split(f"\n## {name}\n")[1].split("\n## ")[0]


def test_the_page_has_every_command_once_and_nothing_else():
    assert re.findall(r"^## (.+)$", page(), re.MULTILINE) == sorted(name for name, _ in leaves(app))


@pytest.mark.parametrize(("name", "command"), list(leaves(app)), ids=[n for n, _ in leaves(app)])
def test_a_command_has_its_options_its_text_and_its_example(name: str, command: Any):
    told = section(name)
    options = {option for param in command.params for option in param.opts if option[:2] == "--"}
    options |= {off for param in command.params for off in param.secondary_opts}
    assert set(re.findall(r"`(--[a-z-]+)`", told.split("Example:")[0])) >= options - {"--help"}
    assert re.search(rf"Example: `worksteal {name}\b.*`$", told.strip().splitlines()[-1]) or (
        f"Example: `worksteal {name}" in told
    )
    first = " ".join(command.help.split()).split(".")[0]
    assert first in " ".join(told.split())


def test_every_reason_has_its_advice():
    assert all(reason.advice for reason in (*EventFault, *Refusal))
    assert set(RecordRefusal) <= set(ADVICE)
    refusals = pages()["refusals.md"]
    for reason in (*EventFault, *Refusal):
        assert reason.advice in refusals


def test_advice_names_fields_and_commands_that_exist():
    told = " ".join(reason.advice for reason in (*EventFault, *Refusal))
    names = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", told))
    assert names <= {*Policy.model_fields, "expires_us"}
    commands = {name for name, _ in leaves(app)}
    assert set(re.findall(r"`worksteal ([a-z ]+)`", told)) <= commands
