"""The words of a decision: everything that is weighed, and what came of it."""

from typing import NamedTuple

from topics.limits import Intent, Mode, Side

from .refusals import Protection, Refusal


class OrderView(NamedTuple):
    """What the choice of a victim looks at in one working order.

    `price` is the quote it is measured against, None when there is no fresh one.  `frees_micros`
    is the capital that cancelling it releases.  `age_us` counts from the venue's acceptance.
    """

    order: str
    symbol: str
    side: Side
    limit: float
    qty: float
    price: float | None
    pnl: float
    mode: Mode = "normal"
    intent: Intent = "entry"
    accepted_us: int = 0
    age_us: int = 0
    frees_micros: int = 0
    in_flight: bool = False


class Entrant(NamedTuple):
    """What the choice looks at in the entry that wants the capital."""

    symbol: str
    side: Side
    limit: float
    price: float
    pnl: float


class Candidate(NamedTuple):
    """One order as it was weighed.  `protection` None means that it could be stolen."""

    view: OrderView
    distance: float | None
    protection: Protection | None
    fight: bool
    """Whether taking it would be a fight of the two symbols; not asked of a protected one."""
    fight_lost: bool


class Choice(NamedTuple):
    """The outcome of looking for victims: a refusal, or the victims in order."""

    refusal: Refusal | None
    detail: str | None
    victims: tuple[Candidate, ...]
    weighed: tuple[Candidate, ...]
    """All orders, the candidates first in their order, then the protected ones."""
    entrant_distance: float
