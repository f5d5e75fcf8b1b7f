"""Should the values of the `default` preset change?  One rule, the same for every set.

A set replaces `default` only if all three hold:

1. on mixed hours it is ahead of `default` on the fit;
2. on the unseen period it is ahead with a share of resamples that allows for how many sets are
   tried: at least 1 - 0.05 / sets;
3. of all other periods it is ahead on more than it is behind on.
"""

from dataclasses import dataclass

from examples.study.data import MIXED
from examples.study.figures import DEFAULT, FIT, NO_STEALING, UNSEEN, Study
from examples.study.findings import priced
from examples.study.words import listed, money

ERROR = 0.05
NO_CANDIDATES = (NO_STEALING, "reference", DEFAULT)
"""`reference` has the original's known defects: it is no set of values for `default`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One set against `default`; dollars, shares and counts."""

    policy: str
    fit: float
    unseen: float
    above: float | None
    ahead: int
    behind: int
    needed: float
    """The share of resamples that rule 2 asks for."""

    @property
    def passes(self) -> bool:
        """All three rules hold."""
        sure = self.above is not None and self.above >= self.needed
        return self.fit > 0 and sure and self.ahead > self.behind


def judged(study: Study) -> list[Judged]:
    """Judge every set that could replace the values of `default`."""
    names = [one.names[0] for one in study.policies if one.names[0] not in NO_CANDIDATES]
    mixed = study.of(MIXED)
    others = [stretch for data, stretch in priced(study) if data.name != MIXED]
    found = []
    for name in names:
        fit, unseen = (mixed.stretch(place).line(name).default for place in (FIT, UNSEEN))
        assert fit is not None
        assert unseen is not None
        differences = [
            against.difference for one in others if (against := one.line(name).default) is not None
        ]
        found.append(
            Judged(
                name,
                fit.difference,
                unseen.difference,
                unseen.above,
                ahead=sum(difference > 0 for difference in differences),
                behind=sum(difference < 0 for difference in differences),
                needed=1 - ERROR / len(names),
            )
        )
    return found


def verdict(study: Study) -> list[str]:
    """Say whether the values change, and why."""
    found = judged(study)
    passing = [one.policy for one in found if one.passes]
    if passing:
        told = [f"**The values should change**: all three rules are passed by {listed(passing)}."]
    else:
        short = sum(one.above is None or one.above < one.needed for one in found)
        reason = (
            f"**The values of `default` stay.** No set passes all three rules; rule 2 alone, ahead in"
            f" {100 * found[0].needed:.1f} % of the resamples, stops {short} of {len(found)}."
        )
        told = [reason, _nearest(found)]
    return [*told, _switch(study)]


def _nearest(found: list[Judged]) -> str:
    """Name the sets that are ahead without its being sure."""
    both = [one for one in found if one.fit > 0 and one.unseen > 0]
    if not both:
        return (
            "None of them is even ahead of `default` on both fit and unseen period of mixed hours."
        )
    most = max(both, key=lambda one: one.unseen)
    return (
        f"Ahead of `default` on fit and unseen period of mixed hours, but not surely, are"
        f" {listed([one.policy for one in both])}; by most on the unseen one `{most.policy}`"
        f" ({money(most.unseen)} dollars), which elsewhere is ahead on {most.ahead} periods and behind"
        f" on {most.behind}. More data would tell."
    )


def _switch(study: Study) -> str:
    """Say what the figures mean for stealing itself being on."""
    found = [stretch.line(DEFAULT).none for _, stretch in priced(study)]
    behind = sum(one is not None and one.difference < 0 for one in found)
    if 2 * behind > len(found):
        return (
            f"Against stealing off `default` is behind on {behind} of {len(found)} periods. It stays on"
            " in the preset, for off is a preset of its own, `none`; but these figures are no reason"
            " to turn it on. Begin with `none`, and change over when a backtest of your own strategy"
            " on your own data, with an unseen period, says so."
        )
    return (
        f"Against stealing off `default` is behind on {behind} of {len(found)} periods, which is"
        " no reason to turn it off."
    )
