"""Ranges of policy fields, and the policies that come of them.

A range is written `low:high:count`: so many values at equal steps, both ends among them.  Several
ranges give every combination.  A search has ranges too, without a count: what a field may be, and
what ends are good, is asked here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import isfinite, prod

from state.rules.policy import Policy, PolicyError, policy_from
from streams.lab.errors import CompareError

RUNS_MAX = 1_000
"""More runs than this nobody reads; a search over a space is the optimiser's work."""
NAME_MAX = 64
"""What `Policy.name` takes."""
_FORM = "low:high:count, such as 0.0005:0.01:20"

Number = int | float


@dataclass(frozen=True, slots=True)
class Range:
    """The values that one field of a policy takes, ascending and distinct."""

    field: str
    values: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """A policy, and the values of the swept fields that it has (none: it is not of a sweep)."""

    policy: Policy
    values: dict[str, Number] = field(default_factory=dict)
    base: str = ""
    """Name of the policy that the values were laid on."""


def number_kind(field_name: str) -> type[Number] | None:
    """Return int or float for a policy's field that holds such a number, else None."""
    annotation = Policy.model_fields[field_name].annotation
    if annotation is float:
        return float
    return int if annotation in {int, int | None} else None


def wrong_ends(field_name: str, low: float, high: float) -> str | None:
    """Say what is wrong with two numbers as the ends of a field's range; None if nothing is."""
    if not (isfinite(low) and isfinite(high) and low < high):
        return "the low end must be below the high end."
    if number_kind(field_name) is int and not (low.is_integer() and high.is_integer()):
        return f"{field_name} is a whole number, so give whole ends."
    return None


def ranges_among(settings: Sequence[str]) -> tuple[list[Range], list[str]]:
    """Separate the ranges from the settings that all policies share.

    Raises `CompareError` for a range that is none, or a field that is given twice.
    """
    ranges: list[Range] = []
    fixed: list[str] = []
    for setting in settings:
        name, _, text = setting.partition("=")
        if name in Policy.model_fields and is_range(name, text):
            ranges.append(read_range(name, text))
        else:
            fixed.append(setting)
    fields = [one.field for one in ranges]
    for name in fields:
        given = fields.count(name) + sum(one.startswith(f"{name}=") for one in fixed)
        if given > 1:
            raise CompareError(f"--set {name} is given more than once: keep one of them.")
    return ranges, fixed


def is_range(field_name: str, text: str) -> bool:
    """Tell whether the value given for a field is meant as a range of numbers."""
    return ":" in text and number_kind(field_name) is not None


def read_range(field_name: str, text: str) -> Range:
    """Read `low:high:count`; an integer field takes the distinct integers nearest to the steps.

    Raises `CompareError` naming the setting.
    """
    told = f"--set {field_name}={text}"
    kind = number_kind(field_name)
    if kind is None:
        raise CompareError(
            f"{told}: {field_name} is no number, so it has no range; give it one value."
        )
    parts = text.split(":")
    try:
        low_text, high_text, count_text = parts
        low, high, count = float(low_text), float(high_text), int(count_text)
    except ValueError:
        raise CompareError(f"{told}: write a range as {_FORM}.") from None
    wrong = wrong_ends(field_name, low, high)
    if wrong is not None:
        raise CompareError(f"{told}: {wrong}")
    if not 2 <= count <= RUNS_MAX:
        raise CompareError(f"{told}: ask for 2 to {RUNS_MAX:,} values.")
    steps = (low + (high - low) * step / (count - 1) for step in range(count))
    values: tuple[Number, ...]
    if kind is int:
        values = tuple(dict.fromkeys(round(value) for value in steps))
    else:
        # Twelve digits: what a person would have written, without the dust of binary fractions.
        values = tuple(dict.fromkeys(float(f"{value:.12g}") for value in steps))
    return Range(field_name, values)


def sweep(
    policies: Sequence[Policy],
    ranges: Sequence[Range],
    each: int = 1,
    beside: Sequence[Policy] = (),
) -> list[Swept]:
    """Lay every combination of values on every policy that steals; others run as they are.

    `each` is how often a policy is run (once for each period); those `beside` run first, unswept.  Raises `CompareError` for more than
    `RUNS_MAX` runs, or for a value that its field does not take.
    """
    combinations = prod(len(one.values) for one in ranges)
    steals = sum(policy.enabled for policy in policies) if ranges else 0
    runs = each * (len(beside) + combinations * steals + len(policies) - steals)
    if runs > RUNS_MAX:
        raise CompareError(
            f"this asks for {runs:,} runs and {RUNS_MAX:,} are the limit:"
            " give fewer values, ranges or policies."
        )
    if not ranges:
        return [Swept(policy) for policy in (*beside, *policies)]
    swept = [Swept(policy) for policy in beside]
    for policy in policies:
        if policy.enabled:
            swept += _combined(policy, ranges)
        else:
            swept.append(Swept(policy))
    return _named(swept)


def _combined(policy: Policy, ranges: Sequence[Range]) -> Iterator[Swept]:
    for combination in product(*(one.values for one in ranges)):
        values = {one.field: value for one, value in zip(ranges, combination, strict=True)}
        try:
            yield Swept(policy_from(values, policy), values, policy.name)
        except PolicyError as error:
            raise CompareError(f"policy {policy.name}: {error}.") from error


def _named(swept: list[Swept]) -> list[Swept]:
    """Give each policy a name that says its values, in the first form that fits all of them."""
    for form in (_in_full, _initials):
        names = [form(one) if one.values else one.policy.name for one in swept]
        if max(map(len, names)) <= NAME_MAX and len(set(names)) == len(names):
            break
    else:
        names = [
            f"{one.base[: NAME_MAX - 6]} #{number}" if one.values else one.policy.name
            for number, one in enumerate(swept, 1)
        ]
    return [
        Swept(policy_from({"name": name}, one.policy), one.values, one.base)
        for name, one in zip(names, swept, strict=True)
    ]


def _in_full(one: Swept) -> str:
    """`default protection=0.0015`."""
    return " ".join([one.base, *(f"{name}={value:g}" for name, value in one.values.items())])


def _initials(one: Swept) -> str:
    """`default p=0.0015 cot=0.02`: the first letters of the words."""
    short = {
        name: "".join(word[0] for word in name.split("_") if word != "s") for name in one.values
    }
    return " ".join([one.base, *(f"{short[name]}={value:g}" for name, value in one.values.items())])
