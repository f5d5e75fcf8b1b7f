"""What one replay of a day under one policy came to; the table, the report and `--json` show this."""

from dataclasses import dataclass, field

from topics.limits import Side


@dataclass(frozen=True, slots=True)
class Leg:
    """One order that a steal is about, for the question what it would have earned.

    `limit` in dollars for one unit, `qty` in units; `until_us` is when its entry ended in fact
    (filled, withdrawn, lapsed), or the end of the data, in microseconds since 1970 UTC.
    """

    order: str
    symbol: str
    side: Side
    limit: float
    qty: float
    until_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StealLine:
    """One steal for the timeline: when it started, who took from whom, how it ended."""

    ts_us: int
    id: str
    steal: str
    entry: str
    thief: str
    victims: tuple[str, ...]
    freed_micros: int
    outcome: str
    """`settled`, `lost`, `expired` or `open` (the data ended first)."""
    thief_leg: Leg | None = None
    """The thief's order; None if it was never sent."""
    victim_legs: tuple[Leg, ...] = ()
    """The orders that were cancelled for it, as they stood then."""


@dataclass(slots=True)
class Series:
    """Sampled at the end of each minute that has data; all lists are equally long.

    Times in microseconds since 1970 UTC, everything else in dollars.
    """

    ts_us: list[int] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    in_use: list[float] = field(default_factory=list)
    capacity: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The figures of one run.  Dollars, unless a name says otherwise."""

    policy: str
    entries: int
    """Entries requested."""
    fills: int
    """Fills of entry orders and exits, partial ones counted each."""
    steals: int
    """Steals started."""
    steals_settled: int
    steals_lost: int
    blocks: int
    """Times an entry was blocked (once for each change of its reason)."""
    commands: int
    pnl: float
    """Final equity, positions marked to the last bid or ask, minus the capital at the start."""
    fees: float
    """What the venue charged for fills."""
    interest: float
    """What was charged for borrowed stock capital."""
    max_drawdown: float
    max_drawdown_fraction: float
    capital_mean: float
    """Capital in use (positions and working orders at margin), mean over time."""
    capital_peak: float
    idle_fraction: float
    """Share of the capacity that was not in use, mean over time."""
    capacity_breaches: int
    """Counted by `checker`, from the venue's own reports and not from the desk."""
    refusals: dict[str, int]
    """Blocks by reason, most frequent first."""
    digest: str
    """Of all commands and facts, in order."""
    state_digest: str
    """Of the desk's state at the end."""
    series: Series
    timeline: tuple[StealLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The same data under several policies, in the order in which they are shown."""

    files: tuple[str, ...]
    symbols: tuple[str, ...]
    first_us: int
    last_us: int
    quotes: int
    capital: float
    position: float
    strategy: str
    notes: tuple[str, ...]
    """What a reader must know about the data (sampled bars, gaps, quote age in force)."""
    runs: dict[str, RunResult]
