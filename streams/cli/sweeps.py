"""`--policy` and `--set` of a backtest: which policies run, ranges among them."""

from collections.abc import Sequence

from state.rules.policy import DEFAULT, NONE, Policy
from streams.lab.compare import CompareError, Range, Swept, is_range, read_range, sweep

from .inputs import read_policies


def read_swept(
    names: Sequence[str] | None, settings: Sequence[str] | None, periods: int
) -> list[Swept]:
    """Return the policies to run, in order.

    Without names: the three presets; with ranges `none`, `default`, and `default` swept.  Raises
    `UsageError` or `CompareError`.
    """
    ranges, fixed = _ranges(settings or ())
    if names or not ranges:
        return sweep(read_policies(names, fixed), ranges, periods)
    beside = read_policies([NONE.name, DEFAULT.name], fixed)
    return sweep(beside[1:], ranges, periods, beside)


def _ranges(settings: Sequence[str]) -> tuple[list[Range], list[str]]:
    """Separate the ranges from the settings that all policies share."""
    ranges: list[Range] = []
    fixed: list[str] = []
    for setting in settings:
        field, _, text = setting.partition("=")
        if field in Policy.model_fields and is_range(field, text):
            ranges.append(read_range(field, text))
        else:
            fixed.append(setting)
    fields = [one.field for one in ranges]
    for field in fields:
        given = fields.count(field) + sum(one.startswith(f"{field}=") for one in fixed)
        if given > 1:
            raise CompareError(f"--set {field} is given more than once: keep one of them.")
    return ranges, fixed
