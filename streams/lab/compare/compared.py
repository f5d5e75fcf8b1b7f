"""What a comparison came to: every policy on every period, held against one of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace

from streams.lab.backtest.result import Comparison, RunResult, Series
from streams.lab.ranges import Swept
from topics.digests import checksum

from .confidence import Confidence, Days
from .counterfactual import StealWorth

NO_STEALING = "none"


@dataclass(frozen=True, slots=True)
class ComparedPeriod:
    """One period under every policy, in the order asked for; all dicts by policy name."""

    name: str
    """`all`, or `fit` and `unseen`."""
    comparison: Comparison
    steals: dict[str, StealWorth]
    against: dict[str, Confidence]
    """Every policy but the baseline."""
    horizon_us: int = 0
    """After how long a fill was marked out to judge a steal."""
    days: dict[str, Days] = field(default_factory=dict)
    """What `against` was computed from; with it `confidences` holds the runs against another."""


@dataclass(frozen=True, slots=True)
class Compared:
    """All parts of a comparison; each has the same policies in the same order."""

    parts: tuple[ComparedPeriod, ...]
    swept: tuple[Swept, ...]
    """The policies, with what a sweep gave them."""
    baseline: str | None
    digest: str = field(default="")
    """Of every policy, every figure and every run's digest; file names and notes apart."""

    @property
    def first(self) -> ComparedPeriod:
        """Return the only part, or the one that policies are fitted on."""
        return self.parts[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields that were swept."""
        return tuple(dict.fromkeys(name for one in self.swept for name in one.values))

    @property
    def ranked(self) -> list[str]:
        """Return the names of the policies by P&L of the first part, the best first.

        Never by an unseen part: what is chosen by it is not unseen any more.
        """
        runs = self.first.comparison.runs
        return sorted(runs, key=lambda name: -runs[name].pnl)  # stable: ties as asked for


def baseline_of(names: Iterable[str]) -> str | None:
    """Return what the others are held against: `none` if it runs, else the first."""
    listed = list(names)
    if NO_STEALING in listed:
        return NO_STEALING
    return listed[0] if listed else None


def with_digest(compared: Compared) -> Compared:
    """Return the comparison with the digest of its content."""
    content = {
        "policies": [one.policy.model_dump(mode="json") for one in compared.swept],
        "baseline": compared.baseline,
        "parts": [_content(part, compared.swept) for part in compared.parts],
    }
    text = json.dumps(content, sort_keys=True)
    return replace(compared, digest=checksum(text.encode()))


def _content(part: ComparedPeriod, swept: Sequence[Swept]) -> dict[str, object]:
    shared = asdict(replace(part.comparison, files=(), notes=(), runs={}))
    names = [one.policy.name for one in swept]
    return {
        "name": part.name,
        "shared": shared,
        "horizon_us": part.horizon_us,
        "runs": [_figures(part.comparison.runs[name]) for name in names],
        "steals": [asdict(part.steals[name]) for name in names],
        "against": {name: asdict(part.against[name]) for name in names if name in part.against},
    }


def _figures(run: RunResult) -> dict[str, object]:
    return asdict(replace(run, series=Series(), timeline=()))
