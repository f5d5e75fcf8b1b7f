"""Ranges become policies: the values, the names, the limit, and one sentence for what is no range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.rules.policy import DEFAULT, NONE, REFERENCE, policy_from
from streams.lab.errors import CompareError
from streams.lab.ranges import RUNS_MAX, Range, is_range, read_range, sweep


def test_both_ends_and_equal_steps():
    assert read_range("protection", "0.0005:0.002:4").values == (0.0005, 0.001, 0.0015, 0.002)


def test_values_are_what_a_person_would_write():
    values = read_range("entry_tolerance", "0:1:11").values
    assert [repr(value) for value in values] == [
        "0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0",
    ]  # fmt: skip


def test_integers_are_distinct():
    values = read_range("crypto_force_count", "1:3:20").values
    assert values == (1, 2, 3)
    assert all(type(value) is int for value in values)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(2, 200))
def test_integers_ascend_from_end_to_end(low, more, count):
    values = read_range("fight_threshold", f"{low}:{low + more}:{count}").values
    assert values[0] == low
    assert values[-1] == low + more
    assert list(values) == sorted(set(values))
    assert len(values) == min(count, more + 1)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(2, 300))
def test_fractions_ascend_from_end_to_end(one, other, count):
    low, high = (float(f"{end:.6f}") for end in sorted((one, other)))
    if high - low < 1e-3:
        return
    values = read_range("protection", f"{low!r}:{high!r}:{count}").values
    assert (values[0], values[-1], len(values)) == (low, high, count)
    assert list(values) == sorted(set(values))


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("protection", "0.1:0.2", "write a range as low:high:count"),
        ("protection", "0.1:0.2:3:4", "write a range as low:high:count"),
        ("protection", "a:b:3", "write a range as low:high:count"),
        ("protection", "0.1:0.2:3.5", "write a range as low:high:count"),
        ("protection", "0.2:0.1:3", "the low end must be below the high end"),
        ("protection", "nan:0.1:3", "the low end must be below the high end"),
        ("protection", "0.1:inf:3", "the low end must be below the high end"),
        ("protection", "0.1:0.2:1", "ask for 2 to 1,000 values"),
        ("protection", "0.1:0.2:1000000000", "ask for 2 to 1,000 values"),
        ("crypto_force_count", "1:2.5:3", "give whole ends"),
        ("distance", "1:2:3", "is no number"),
    ],
)
def test_what_is_no_range_is_one_sentence(field, text, told):
    with pytest.raises(CompareError, match=told) as caught:
        read_range(field, text)
    assert f"--set {field}={text}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_colon_means_a_range_only_where_a_number_stands():
    assert is_range("protection", "1:2:3")
    assert is_range("tolerance_decimals", "1:2:3")
    assert not is_range("protection", "0.1")
    assert not is_range("name", "a:b:c")


def test_several_ranges_are_every_combination():
    ranges = [Range("protection", (0.001, 0.002)), Range("cooldown_s", (60.0, 120.0, 180.0))]
    swept = sweep([NONE, DEFAULT], ranges)
    assert [one.policy.name for one in swept] == [
        "none",
        "default protection=0.001 cooldown_s=60",
        "default protection=0.001 cooldown_s=120",
        "default protection=0.001 cooldown_s=180",
        "default protection=0.002 cooldown_s=60",
        "default protection=0.002 cooldown_s=120",
        "default protection=0.002 cooldown_s=180",
    ]
    for one in swept[1:]:
        changes = {**one.values, "name": one.policy.name}
        assert one.policy == policy_from(changes, DEFAULT)
        assert one.base == "default"
    assert swept[0].values == {}


def test_two_policies_are_swept_each_from_its_own_values():
    swept = sweep([REFERENCE, DEFAULT], [Range("cooldown_s", (60.0, 90.0))])
    assert [(one.base, one.policy.protection) for one in swept] == [
        ("reference", 0.004),
        ("reference", 0.004),
        ("default", 0.001),
        ("default", 0.001),
    ]


@given(st.integers(1, 5), st.integers(2, 4), st.sampled_from(["d", "default", "x" * 64]))
def test_names_are_distinct_and_fit(fields, count, base):
    names = (
        "crypto_ooh_tolerance normal_tolerance entry_tolerance fight_cooldown_s cooldown_s".split()
    )
    ranges = [
        Range(name, tuple(0.123456 + step / 1000 for step in range(count)))
        for name in names[:fields]
    ]
    if count**fields > RUNS_MAX:
        return
    swept = sweep([policy_from({"name": base})], ranges)
    told = [one.policy.name for one in swept]
    assert len(set(told)) == len(told) == count**fields
    assert max(map(len, told)) <= 64


def test_long_names_are_cut_to_initials_and_then_to_numbers():
    ranges = [
        Range("crypto_ooh_tolerance", (0.02, 0.03)),
        Range("normal_tolerance", (0.006, 0.007)),
        Range("fight_cooldown_s", (600.0, 700.0)),
    ]
    assert sweep([DEFAULT], ranges)[0].policy.name == "default cot=0.02 nt=0.006 fc=600"
    long = policy_from({"name": "y" * 60})
    assert sweep([long], ranges)[7].policy.name == f"{'y' * 58} #8"


def test_too_many_runs_are_told_before_they_are_made():
    hundred = tuple(n / 1_000 for n in range(100))
    ranges = [
        Range(name, hundred) for name in ("protection", "entry_tolerance", "normal_tolerance")
    ]
    with pytest.raises(CompareError, match="asks for 1,000,000 runs and 1,000 are the limit"):
        sweep([DEFAULT], ranges)
    assert len(sweep([DEFAULT], [Range("cooldown_s", hundred * 5)])) == 500
    with pytest.raises(CompareError, match="asks for 1,002 runs"):
        sweep([NONE, DEFAULT], [Range("cooldown_s", hundred * 5)], each=2)


def test_a_value_that_the_field_does_not_take_is_told():
    with pytest.raises(CompareError, match="policy default: protection: "):
        sweep([DEFAULT], [Range("protection", (0.5, 1.5))])
