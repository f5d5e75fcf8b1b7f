"""`--policy` and `--set` of a backtest: which policies run, ranges among them."""

from collections.abc import Sequence

from state.rules.policy import DEFAULT, NONE
from streams.lab.ranges import Swept, ranges_among, sweep

from .inputs import read_policies


def read_swept(
    names: Sequence[str] | None, settings: Sequence[str] | None, periods: int
) -> list[Swept]:
    """Return the policies to run, in order.

    Without names: the three presets; with ranges `none`, `default`, and `default` swept.  Raises
    `UsageError` or `CompareError`.
    """
    ranges, fixed = ranges_among(settings or ())
    if names or not ranges:
        return sweep(read_policies(names, fixed), ranges, periods)
    beside = read_policies([NONE.name, DEFAULT.name], fixed)
    return sweep(beside[1:], ranges, periods, beside)
