"""What stands against believing the figures, as far as the figures know it themselves."""

from examples.study.data import MIXED
from examples.study.figures import FIT, UNSEEN, Study
from examples.study.findings import priced

DAYS_ENOUGH = 20
"""Of fewer days a page must say how few."""


def doubts(study: Study) -> list[str]:
    """Return the doubts, the gravest first."""
    return [_days(study), _two_markets(study), _comparisons(study)]


def _days(study: Study) -> str:
    told = [
        f"{data.title}, {stretch.name}: {stretch.days}"
        for data, stretch in priced(study)
        if stretch.days < DAYS_ENOUGH
    ]
    stocks = study.of("hourly-stocks").stretch(FIT)
    return (
        f"**Few days.** {'; '.join(told)}. Under five days nothing is said of how sure a difference is,"
        f" and with ten an interval is a rough guess. The stocks of the hourly file begin on"
        f" {stocks.first}: for them fit and unseen are both thin."
    )


def _two_markets(study: Study) -> str:
    changes = [study.of(MIXED).stretch(name).change for name in (FIT, UNSEEN)]
    moves = " and ".join(f"{100 * change:+.0f} %".replace("-", "−") for change in changes)
    if changes[0] * changes[1] < 0:
        verdict = "They are different markets: where they disagree, it need not be chance alone."
    else:
        verdict = "They are of one kind; other markets were not seen."
    return (
        f"**One course of prices.** On mixed hours prices moved by {moves} on fit and unseen period (mean"
        f" of the symbols). {verdict}"
    )


def _comparisons(study: Study) -> str:
    tried = sum(line.none is not None for _, one in priced(study) for line in one.lines)
    return (
        f"**Many comparisons.** {tried} with stealing off stand above, and {len(study.moved)} fields were"
        " moved besides. Of sets that change nothing in truth, one interval in twenty would lie above"
        " zero by chance, and on one market sets win and lose together."
    )
