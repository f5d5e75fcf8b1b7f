"""What is searched: ranges of policy fields, and the rules that a sensible policy keeps.

The ranges are those of the rules, part C.  Four documented invariants hold between fields (part A1),
and a policy that breaks one of them runs, but makes no sense.  A proposal that breaks one is not
thrown away, which would cost half of all proposals: it is repaired.  `normal_tolerance` and
`cooldown_s` stay as proposed, the other field of the pair follows to where the rule holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from state.rules.policy import PRESETS, Policy, PolicyError, policy_from
from streams.lab.errors import OptimizeError
from streams.lab.ranges import Number, number_kind, wrong_ends

Values = dict[str, Number]
"""Field → value, in the order of the space's fields."""

OPTIMIZED = "optimized"
"""Name of the policy that is found."""

PART_C: dict[str, tuple[Number, Number]] = {
    "crypto_force_count": (1, 3),
    "crypto_ooh_tolerance": (0.01, 0.05),
    "normal_tolerance": (0.003, 0.015),
    "entry_tolerance": (0.003, 0.015),
    "protection": (0.0005, 0.01),
    "cooldown_s": (60.0, 300.0),
    "fight_threshold": (3, 10),
    "fight_cooldown_s": (300.0, 1800.0),
}
"""The ranges of the rules, part C: fractions, seconds, counts."""


class Rule(NamedTuple):
    """`lower` is at least `gap` below `upper`; `leader` is the one of the two that stays."""

    lower: str
    upper: str
    gap: float
    leader: str


RULES = (
    Rule("protection", "normal_tolerance", 0.0001, "normal_tolerance"),
    Rule("normal_tolerance", "entry_tolerance", 0.0, "normal_tolerance"),
    Rule("normal_tolerance", "crypto_ooh_tolerance", 0.0001, "normal_tolerance"),
    Rule("cooldown_s", "fight_cooldown_s", 1.0, "cooldown_s"),
)
"""The documented invariants of the rules, part A1; a gap is the least step a person would write."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One field that is searched, from `low` to `high`, both included."""

    field: str
    low: Number
    high: Number
    whole: bool

    def value(self, proposed: float) -> Number:
        """Return what is tried for a proposal: a whole number, or four digits of it."""
        if self.whole:
            return min(max(round(proposed), int(self.low)), int(self.high))
        return min(max(float(f"{proposed:.4g}"), self.low), self.high)

    @property
    def probes(self) -> tuple[Number, ...]:
        """Return the two ends and the middle, each once."""
        middle = self.value((self.low + self.high) / 2)
        return tuple(dict.fromkeys((self.low, middle, self.high)))


@dataclass(frozen=True, slots=True)
class Space:
    """The fields that are searched, and the policy that all others are taken from."""

    base: Policy
    dimensions: tuple[Dimension, ...]

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Return the ends of every range, in the order of the fields."""
        return [(float(one.low), float(one.high)) for one in self.dimensions]

    @property
    def start(self) -> list[float]:
        """Return the base's own place, moved into the ranges where it lies outside."""
        return [min(max(own, low), high) for own, (low, high) in self._owned()]

    def _owned(self) -> list[tuple[float, tuple[float, float]]]:
        owned = [float(getattr(self.base, one.field) or 0) for one in self.dimensions]
        return list(zip(owned, self.bounds, strict=True))

    def values(self, proposal: Sequence[float] | NDArray[np.float64]) -> Values:
        """Return what is tried for a proposal: rounded, and repaired where it breaks a rule."""
        values = {
            one.field: one.value(float(proposed))
            for one, proposed in zip(self.dimensions, proposal, strict=True)
        }
        return _repaired(values, self.base)

    def policy(self, values: Mapping[str, Number], name: str) -> Policy:
        """Return the base with these values, under a name."""
        return policy_from({**values, "name": name}, self.base)


def read_dimension(text: str) -> Dimension:
    """Read `field=low:high`; raises `OptimizeError` naming the option."""
    told = f"--range {text}"
    field, equals, ends = text.partition("=")
    if not equals or ends.count(":") != 1:
        raise OptimizeError(f"{told}: write it as field=low:high, such as protection=0.0005:0.01.")
    whole = _whole(field, told)
    try:
        low, high = (float(end) for end in ends.split(":"))
    except ValueError:
        raise OptimizeError(f"{told}: the two ends must be numbers.") from None
    wrong = wrong_ends(field, low, high)
    if wrong is not None:
        raise OptimizeError(f"{told}: {wrong}")
    return (
        Dimension(field, int(low), int(high), whole)
        if whole
        else Dimension(field, low, high, whole)
    )


def space_of(base: Policy, ranges: Sequence[str] = (), fixed: Sequence[str] = ()) -> Space:
    """Return the space of part C, with the ranges given on top and the `fixed` fields taken out.

    Raises `OptimizeError` if an option is wrong, nothing is left to search, or no policy in the
    ranges keeps a rule.
    """
    dimensions = {
        field: Dimension(field, low, high, whole=isinstance(low, int))
        for field, (low, high) in PART_C.items()
    }
    for text in ranges:
        one = read_dimension(text)
        dimensions[one.field] = one
    for field in fixed:
        if field not in Policy.model_fields:
            raise OptimizeError(
                f"--fix {field}: {field} is no field of a policy;"
                " `worksteal policy show` lists them."
            )
        if any(text.startswith(f"{field}=") for text in ranges):
            raise OptimizeError(f"{field} has both --range and --fix: keep one of them.")
        dimensions.pop(field, None)
    if not dimensions:
        raise OptimizeError("every field is fixed: leave at least one to search.")
    space = Space(_begun_with(base), tuple(_feasible(dimensions, base).values()))
    for one in space.dimensions:
        for end in (one.low, one.high):
            try:
                policy_from({one.field: end}, base)
            except PolicyError as error:
                raise OptimizeError(f"--range {one.field}: {error}.") from None
    return space


def _begun_with(base: Policy) -> Policy:
    """Return the base under a name of its own, for the result shows it beside the presets."""
    if not base.enabled or base.dry_run:
        raise OptimizeError(
            f"policy {base.name} takes nothing from anybody, so nothing can be searched:"
            " begin with one that steals."
        )
    preset = PRESETS.get(base.name)
    taken = base.name == OPTIMIZED or preset not in {None, base}
    return base.model_copy(update={"name": "start"}) if taken else base


def _whole(field: str, told: str) -> bool:
    """Tell whether a field holds whole numbers; raises if it holds no number at all."""
    if field not in Policy.model_fields:
        raise OptimizeError(
            f"{told}: {field} is no field of a policy; `worksteal policy show` lists them."
        )
    kind = number_kind(field)
    if kind is None:
        raise OptimizeError(f"{told}: {field} is no number, so it has no range; leave it out.")
    return kind is int


def _feasible(dimensions: dict[str, Dimension], base: Policy) -> dict[str, Dimension]:
    """Narrow ranges until whoever follows can keep the rules without leaving its own range."""
    for rule in RULES:
        if rule.lower not in dimensions and rule.upper not in dimensions:
            continue  # the base's own affair
        low = _ends(rule.lower, dimensions, base)[0] + rule.gap
        high = _ends(rule.upper, dimensions, base)[1] - rule.gap
        if low - rule.gap >= high:
            raise OptimizeError(
                f"these ranges leave no room for {rule.lower} below {rule.upper}:"
                f" give a --range with a lower {rule.lower} or a higher {rule.upper}."
            )
        if rule.upper == rule.leader or rule.leader not in dimensions:
            _narrow(dimensions, rule.upper, low=_round(low))
        if rule.lower == rule.leader or rule.leader not in dimensions:
            _narrow(dimensions, rule.lower, high=_round(high))
    return dimensions


def _ends(field: str, dimensions: Mapping[str, Dimension], base: Policy) -> tuple[float, float]:
    if field in dimensions:
        return dimensions[field].low, dimensions[field].high
    own = float(getattr(base, field))
    return own, own


def _narrow(
    dimensions: dict[str, Dimension],
    field: str,
    low: float | None = None,
    high: float | None = None,
) -> None:
    one = dimensions.get(field)
    if one is not None:
        least = one.low if low is None else max(one.low, low)
        most = one.high if high is None else min(one.high, high)
        dimensions[field] = replace(one, low=least, high=most)


def _repaired(values: Values, base: Policy) -> Values:
    for lower, upper, gap, leader in RULES:
        follower = upper if leader == lower else lower
        if follower not in values:
            continue
        led = values.get(leader, getattr(base, leader))
        limit = _round(led + gap if leader == lower else led - gap)
        chosen = max(values[follower], limit) if leader == lower else min(values[follower], limit)
        values[follower] = chosen
    return values


def _round(value: float) -> float:
    """Drop the dust that a sum of binary fractions leaves."""
    return float(f"{value:.12g}")
