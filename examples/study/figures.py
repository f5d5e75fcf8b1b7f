"""The figures of the study, as they stand in figures.json; money in dollars, times in UTC.

The page is rendered from these alone.  Numbers are rounded here, once: to cents, and shares to
four digits.
"""

import msgspec

NO_STEALING, DEFAULT = "none", "default"
FIT, UNSEEN = "fit", "unseen"


class Against(msgspec.Struct, frozen=True):
    """P&L against another policy; `low` to `high` hold 90 % of resampled days.

    `above` is the share of resamples that lie above zero.  All three are None where the days are too
    few to say.
    """

    difference: float
    low: float | None = None
    high: float | None = None
    above: float | None = None


class Line(msgspec.Struct, frozen=True):
    """One policy on one period."""

    policy: str
    pnl: float
    fees: float
    interest: float
    max_drawdown: float
    idle: float
    entries: int
    fills: int
    blocks: int
    settled: int
    ended: int
    gain: float | None
    """Thief minus victims for each settled steal; None without one."""
    breaches: int
    none: Against | None
    """Against stealing off; None for that policy itself."""
    default: Against | None


class Stretch(msgspec.Struct, frozen=True):
    """One period of one set of data under every policy."""

    name: str
    first: str
    last: str
    days: int
    quotes: int
    change: float
    """Last bid over first, minus one: the mean of all symbols."""
    lines: list[Line]

    def line(self, policy: str) -> Line:
        """Return the figures of one policy; raises `KeyError`."""
        for one in self.lines:
            if one.policy == policy:
                return one
        raise KeyError(policy)


class Data(msgspec.Struct, frozen=True):
    """One set of data."""

    name: str
    title: str
    files: list[str]
    symbols: list[str]
    strategy: str
    fee_rate: float
    notes: list[str]
    stretches: list[Stretch]

    def stretch(self, name: str) -> Stretch:
        """Return a period by name; raises `KeyError`."""
        for one in self.stretches:
            if one.name == name:
                return one
        raise KeyError(name)


class Point(msgspec.Struct, frozen=True):
    """One value of a field, all else as in `default`; fit first, then unseen."""

    value: float
    pnl: list[float]
    settled: list[int]
    told: list[str]
    """Digests of what the venue was told."""


class Moved(msgspec.Struct, frozen=True):
    """One field moved by itself."""

    field: str
    own: float
    """The value that `default` has."""
    points: list[Point]
    own_told: list[str]

    @property
    def changes_nothing(self) -> bool:
        """The venue is told the same under every value, on both periods."""
        return all(point.told == self.own_told for point in self.points)


class Named(msgspec.Struct, frozen=True):
    """A policy of the study: all its names, and how it differs from `default`."""

    names: list[str]
    protection: float
    differs: list[str]


class Study(msgspec.Struct, frozen=True):
    """All of it."""

    capital: float
    position: float
    fee_rate: float
    split: str
    policies: list[Named]
    data: list[Data]
    moved: list[Moved]

    def of(self, name: str) -> Data:
        """Return a set of data by name; raises `KeyError`."""
        for one in self.data:
            if one.name == name:
                return one
        raise KeyError(name)


def written(study: Study) -> str:
    """Return figures.json."""
    return msgspec.json.format(msgspec.json.encode(study), indent=1).decode() + "\n"


def read(text: str) -> Study:
    """Read figures.json; raises `msgspec.ValidationError`."""
    return msgspec.json.decode(text, type=Study)
