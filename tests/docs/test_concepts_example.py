"""The story told beside the example has the numbers that its program computes, and no others."""

import re

from state.rules.policy import DEFAULT
from tests.paths import ROOT

SECTION = (
    (ROOT / "docs" / "concepts.md")
    .read_text(encoding="utf-8")
    .split("\n## One example\n")[1]
    .split("\n## ")[0]
)
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d[\d,_]*(?:\.\d+)?")


def numbers(text: str) -> set[float]:
    return {float(re.sub("[,_]", "", found)) for found in NUMBER.findall(text)}


def test_every_number_of_the_story_is_computed_or_given():
    told = re.sub(r"\]\([^)]*\)", "", BLOCK.sub("", SECTION))
    computed = "\n".join(BLOCK.findall(SECTION))
    given = {
        DEFAULT.cooldown_s,
        7_000.0 * 0.5,
        40.0,
    }  # limit times quantity; seconds of the picture
    known = numbers(computed) | given
    assert len(numbers(told)) > 15
    assert numbers(told) <= known


def test_every_reason_of_the_story_was_given():
    told, computed = BLOCK.sub("", SECTION), "\n".join(BLOCK.findall(SECTION))
    reasons = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", told)) - {"cooldown_s", "fight_window_s"}
    assert len(reasons) == 2
    for reason in reasons:
        assert reason in computed


def test_the_fight_would_come_when_the_page_says():
    steals = len(re.findall(r"\d s +\S+ +StealStarted +(?:LTC|BTC)USD .*: (?:BTC|LTC)USD", SECTION))
    assert steals == 2
    assert "The fifth time" in SECTION
    assert DEFAULT.fight_threshold == 5
