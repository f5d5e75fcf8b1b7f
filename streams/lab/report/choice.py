"""Which policies are shown in full when there are too many for all of them."""

from dataclasses import replace

from streams.lab.compare import Compared, ComparedPeriod

CHARTED_MAX = 8
"""More lines than this no reader tells apart."""
DEFAULT = "default"


def kept_whole(compared: Compared, most: int) -> frozenset[str]:
    """Name the baseline, `default`, and the best of the first period, `most` in all."""
    always = [compared.baseline, DEFAULT]
    ranked = compared.ranked
    first = [name for name in always if name in ranked]
    # A dict keeps each name once, in order; the result is asked for membership only.
    return frozenset(list(dict.fromkeys([*first, *ranked]))[:most])


def charted(compared: Compared, most: int = CHARTED_MAX) -> tuple[ComparedPeriod, ...]:
    """Give the parts with those policies alone, in the order asked for."""
    kept = kept_whole(compared, most)
    return tuple(_narrowed(part, kept) for part in compared.parts)


def _narrowed(part: ComparedPeriod, kept: frozenset[str]) -> ComparedPeriod:
    runs = {name: run for name, run in part.comparison.runs.items() if name in kept}
    return replace(part, comparison=replace(part.comparison, runs=runs))
