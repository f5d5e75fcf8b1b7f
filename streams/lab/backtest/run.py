"""Replays market data under one policy: sets the table, lets the engine play, draws the sum."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from state.desk import Desk
from state.market.hours import Calendars, calendars
from state.rules.policy import Policy, policy_from
from streams.market import Market
from streams.strategies import Strategy
from streams.venues.simulated.interest import Interest
from streams.venues.simulated.venue import SimulatedVenue

from .agenda import Agenda, closing_stops
from .checker import CapacityChecker
from .curve import MarkPrices, curve
from .engine import AccountHaltedError, Engine, Hooks
from .exchange import Exchange
from .leverage import VenueLeverage
from .result import RunResult
from .seat import Seat
from .skipping import play_skipping
from .tally import RunTally

__all__ = [
    "ACCOUNT",
    "AccountHaltedError",
    "Hooks",
    "RunOptions",
    "calendars_for",
    "fit_policy",
    "run_accounts",
    "run_backtest",
]

ACCOUNT = "backtest"
MICROS = 1_000_000
FEW_QUOTES = 48
"""Quotes from one end of a bar to the next from which on searching is faster than applying them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a run needs besides data and policy.  Dollars, fractions, microseconds.

    `capital` is that of each account.  `snapshot_us` is how often a venue shows the whole account
    (None: once a bar).  `plain` applies every quote and passes over none; False passes over what it
    can, None does so where it pays.  What comes out is the same.
    """

    capital: float = 10_000.0
    fee_rate: float = 0.001
    ack_delay_us: int = 200_000
    snapshot_us: int | None = None
    plain: bool | None = None


def fit_policy(
    policy: Policy, market: Market, fee_rate: float, snapshot_us: int | None = None
) -> Policy:
    """Fit a policy to the data and the venue.

    Quotes and snapshots may be as old as bars make them: 1.5 bars (rule B1), never less; snapshots
    1.5 times as old as they come apart.  What is reserved for fees is at least what the venue
    charges, or it would refuse what the desk sends.
    """
    bars_s = 1.5 * market.bar_us / MICROS
    snapshots_s = 1.5 * (snapshot_us or market.bar_us) / MICROS
    return policy_from(
        {
            "quote_max_age_s": max(policy.quote_max_age_s, bars_s),
            "snapshot_max_age_s": max(policy.snapshot_max_age_s, snapshots_s),
            "fee_reserve": max(policy.fee_reserve, fee_rate),
        },
        policy,
    )


def few_quotes(market: Market) -> bool:
    """Tell whether so many bars end among the quotes that passing over some would not pay."""
    return len(market.quotes) < FEW_QUOTES * len(np.unique(market.bars.end_us))


def calendars_for(market: Market) -> Calendars:
    """Return the calendars of the years at hand, and of the next, where an entry may expire."""
    year_us = 31_556_952 * MICROS
    ends = (market.quotes.ts_us[0], market.quotes.ts_us[-1])
    first, last = (1970 + int(ts_us) // year_us for ts_us in ends)
    return calendars(first - 1, last + 2)


def run_backtest(
    market: Market,
    strategy: Strategy,
    policy: Policy,
    options: RunOptions,
    times: Calendars,
    hooks: Hooks | None = None,
) -> RunResult:
    """Replay the data under one policy and return the figures.

    Raises `AccountHaltedError` when the desk finds a bug of its own.
    """
    return run_accounts(market, {ACCOUNT: strategy}, policy, options, times, hooks)[ACCOUNT]


def run_accounts(
    market: Market,
    strategies: Mapping[str, Strategy],
    policy: Policy,
    options: RunOptions,
    times: Calendars,
    hooks: Hooks | None = None,
) -> dict[str, RunResult]:
    """Replay the data for several accounts of one desk; each has its own strategy and capital.

    Raises `AccountHaltedError` when the desk finds a bug of its own.
    """
    hooks = hooks or Hooks()
    fitted = fit_policy(policy, market, options.fee_rate, options.snapshot_us)
    leverage = VenueLeverage(fitted, times.XNYS)
    interest = Interest(
        fitted.borrow_rate, fitted.trading_days, times.XNYS.closes, fitted.asset_class
    )
    quotes: dict[str, tuple[float, float]] = {}
    venues = {
        account: SimulatedVenue(
            account,
            options.capital,
            fee_rate=options.fee_rate,
            ack_delay_us=options.ack_delay_us,
            snapshot_every_us=options.snapshot_us or market.bar_us,
            leverage=leverage,
            quotes=quotes,
            interest=interest,
        )
        for account in strategies
    }
    exchange = Exchange(venues, market.quotes.names, quotes)
    seats = {}
    for account, strategy in strategies.items():
        checker = CapacityChecker(options.capital, leverage, quotes, interest)
        tally = RunTally(policy.name, options.capital, checker, digest=hooks.digest)
        seats[account] = Seat(
            account=account, strategy=strategy, exchange=exchange, checker=checker, tally=tally
        )
    desk = Desk(times, fitted)
    desk.watch = hooks.watch
    agenda = Agenda(market.bars, closing_stops(market, fitted, times.XNYS))
    engine = Engine(
        market=market,
        desk=desk,
        exchange=exchange,
        seats=seats,
        interest=interest,
        agenda=agenda,
        hooks=hooks,
    )
    plain = few_quotes(market) if options.plain is None else options.plain
    if plain or hooks.watch is not None or any(seat.wants_quotes for seat in seats.values()):
        engine.play_plainly()
    else:
        play_skipping(engine)
    return _results(market, seats, desk, options.capital, leverage, hooks)


def _results(
    market: Market,
    seats: Mapping[str, Seat],
    desk: Desk,
    capital: float,
    leverage: VenueLeverage,
    hooks: Hooks,
) -> dict[str, RunResult]:
    """Draw the sum of every account."""
    marks = MarkPrices(market.quotes)
    digest = desk.digest() if hooks.digest else ""
    last_us = int(market.quotes.ts_us[-1])
    return {
        account: seat.tally.result(
            digest, curve(seat.checker.steps, marks, capital, leverage), last_us
        )
        for account, seat in seats.items()
    }
