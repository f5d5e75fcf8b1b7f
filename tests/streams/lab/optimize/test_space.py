"""What is searched: the ranges of the rules, whole numbers, and invariants that are never broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.rules.policy import DEFAULT, NONE, REFERENCE, Policy, policy_from
from streams.lab.errors import OptimizeError
from streams.lab.optimize import space_of
from streams.lab.optimize.space import PART_C

FIELDS = tuple(PART_C)


def keeps_the_invariants(policy: Policy) -> bool:
    """The four that the rules document (A1), written anew."""
    return (
        policy.entry_tolerance >= policy.normal_tolerance
        and policy.protection < policy.normal_tolerance
        and policy.fight_cooldown_s > policy.cooldown_s
        and policy.crypto_ooh_tolerance > policy.normal_tolerance
    )


def test_ranges_are_those_of_the_rules():
    space = space_of(DEFAULT)
    assert {one.field: (one.low, one.high) for one in space.dimensions} == {
        "crypto_force_count": (1, 3),
        "crypto_ooh_tolerance": (0.01, 0.05),
        "normal_tolerance": (0.003, 0.015),
        "entry_tolerance": (0.003, 0.015),
        "protection": (0.0005, 0.01),
        "cooldown_s": (60, 300),
        "fight_threshold": (3, 10),
        "fight_cooldown_s": (300, 1800),
    }
    whole = {one.field for one in space.dimensions if one.whole}
    assert whole == {"crypto_force_count", "fight_threshold"}


@given(
    places=st.lists(st.floats(0, 1), min_size=8, max_size=8),
    fixed=st.lists(st.sampled_from(FIELDS), unique=True, max_size=7),
    wide=st.booleans(),
)
def test_every_proposal_keeps_ranges_and_invariants(places, fixed, wide):
    ranges = ["cooldown_s=10:1500", "protection=0.0001:0.014"] if wide else []
    fixed = [field for field in fixed if not any(text.startswith(field) for text in ranges)]
    space = space_of(DEFAULT, ranges, fixed)
    proposal = [
        low + place * (high - low) for place, (low, high) in zip(places, space.bounds, strict=False)
    ]
    values = space.values(proposal)
    for one in space.dimensions:
        assert one.low <= values[one.field] <= one.high
        assert not one.whole or isinstance(values[one.field], int)
    assert keeps_the_invariants(space.policy(values, "x"))
    changed = space.policy(values, "default").model_dump()
    kept = DEFAULT.model_dump()
    assert {name for name in changed if changed[name] != kept[name]} <= set(values)


def test_the_defaults_are_a_place_in_the_space():
    space = space_of(DEFAULT)
    assert space.policy(space.values(space.start), "default") == DEFAULT


def test_range_adds_and_replaces_and_fix_takes_out():
    space = space_of(DEFAULT, ["max_victims=1:5", "protection=0.001:0.002"], ["cooldown_s"])
    found = {one.field: (one.low, one.high, one.whole) for one in space.dimensions}
    assert found["max_victims"] == (1, 5, True)
    assert found["protection"] == (0.001, 0.002, False)
    assert "cooldown_s" not in found


def test_probes_are_the_ends_and_the_middle():
    probes = {one.field: one.probes for one in space_of(DEFAULT, ["max_victims=1:2"]).dimensions}
    assert probes["cooldown_s"] == (60, 180, 300)
    assert probes["crypto_force_count"] == (1, 2, 3)
    assert probes["max_victims"] == (1, 2)


@pytest.mark.parametrize(
    ("ranges", "fixed", "told"),
    [
        (["protection"], [], "field=low:high"),
        (["protection=1"], [], "field=low:high"),
        (["protection=a:b"], [], "must be numbers"),
        (["protection=0.2:0.1"], [], "below the high end"),
        (["protection=nan:1"], [], "below the high end"),
        (["protecton=0:1"], [], "no field of a policy"),
        (["distance=0:1"], [], "no number"),
        (["enabled=0:1"], [], "no number"),
        (["max_victims=1:2.5"], [], "whole ends"),
        (["max_victims=0:5"], [], "max_victims"),
        (["protection=0.02:0.03"], [], "no room for protection below normal_tolerance"),
        (["entry_tolerance=0.001:0.002"], [], "no room for normal_tolerance below entry"),
        ([], ["nothing"], "no field of a policy"),
        (["protection=0:1"], ["protection"], "keep one of them"),
        ([], FIELDS, "at least one"),
    ],
)
def test_mistakes_are_told(ranges, fixed, told):
    with pytest.raises(OptimizeError, match=told):
        space_of(DEFAULT, ranges, fixed)


def test_a_policy_that_does_not_steal_cannot_be_begun_with():
    with pytest.raises(OptimizeError, match="takes nothing"):
        space_of(NONE)


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (DEFAULT, "default"),
        (REFERENCE, "reference"),
        (policy_from({"protection": 0.002}), "start"),  # no longer what `default` is
        (policy_from({"name": "optimized"}), "start"),
        (policy_from({"name": "mine"}), "mine"),
    ],
)
def test_the_policy_begun_with_has_a_name_of_its_own(base, name):
    assert space_of(base).base.name == name
