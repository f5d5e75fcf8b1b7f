"""Fewer points for long lines, without losing a peak.

A year of minutes is half a million points a line; a browser draws two thousand well.
"""

from collections.abc import Sequence

POINTS_LIMIT = 2_000
POINTS_OF_ALL = 8_000
"""Of all lines of a chart together: a report is a file that people send to each other."""
_KEPT_OF_EACH = 4


def points_each(lines: int) -> int:
    """Give how many points each line of a chart may have, of all periods together."""
    return min(POINTS_LIMIT, POINTS_OF_ALL // max(1, lines))


def thinned(values: Sequence[float], limit: int = POINTS_LIMIT) -> list[int]:
    """Give the indexes to draw: all, or the first, lowest, highest and last of each stretch."""
    if len(values) <= limit:
        return list(range(len(values)))
    stretches = max(1, limit // _KEPT_OF_EACH)
    step = -(-len(values) // stretches)
    kept: list[int] = []
    for start in range(0, len(values), step):
        stretch = range(start, min(start + step, len(values)))
        # A set only removes doubles here; the sort gives the order.
        kept += sorted(
            {
                stretch[0],
                min(stretch, key=values.__getitem__),
                max(stretch, key=values.__getitem__),
                stretch[-1],
            }
        )
    return kept
