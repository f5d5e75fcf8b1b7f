"""What moving one field at a time says."""

from examples.study.figures import Moved, Study

HARDLY = 0.01
"""Of the capital: a field whose values lie closer together in P&L hardly moves it."""


def ineffective(study: Study) -> list[str]:
    """Name the fields that change nothing, and those that hardly move the P&L."""
    nothing = [f"`{one.field}`" for one in study.moved if one.changes_nothing]
    hardly = [
        f"`{one.field}` ({_span(one):,.0f} dollars)"
        for one in study.moved
        if not one.changes_nothing and _span(one) < HARDLY * study.capital
    ]
    if nothing:
        told = f"Nothing changes with {', '.join(nothing)}: the venue is told the same throughout."
    else:
        told = "Every field changes at least one order on this data."
    if hardly:
        told += f" P&L hardly moves with {', '.join(hardly)}."
    return [told]


def agreement(study: Study) -> list[str]:
    """Tell how often the best value of a field on the fit is the best on the unseen period too."""
    live = [
        one
        for one in study.moved
        if not one.changes_nothing and _span(one) >= HARDLY * study.capital
    ]
    if not live:
        return []
    same = 0
    for one in live:
        fit, unseen = ([point.pnl[place] for point in one.points] for place in (0, 1))
        same += unseen[fit.index(max(fit))] == max(unseen)
    return [
        (
            f"Of the {len(live)} fields that move it, the value that is best on the fit is also best on the"
            f" unseen period in {same}."
        )
    ]


def _span(one: Moved) -> float:
    """Return how far apart P&L comes to lie, on the period where that is most."""
    return max(
        max(point.pnl[place] for point in one.points)
        - min(point.pnl[place] for point in one.points)
        for place in (0, 1)
    )
