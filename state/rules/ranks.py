"""Crypto ranks, and what they and the hours do to an entry's tolerance (rules M2, M3, M4).

While New York is closed, active cryptos trade at a wider tolerance and the best ranked of them at
once, however far from their limit.
"""

from collections.abc import Iterable, Mapping

from topics.limits import Side

from .policy import Policy


def rank_by_forecast(forecasts: Iterable[tuple[str, float]]) -> dict[str, int]:
    """Rank symbols from 1 by forecast, best first; equal forecasts keep their order (rule M2)."""
    ordered = sorted(forecasts, key=lambda item: -item[1])
    return {symbol: rank for rank, (symbol, _) in enumerate(ordered, 1)}


def desk_ranks(symbols: Iterable[str], forecasts: Mapping[str, float]) -> dict[str, int]:
    """Rank those of a policy's symbols that have a forecast: forecast descending, then symbol.

    One without a forecast has no rank: an unknown symbol must not be forced into the market.
    """
    known = [(symbol, forecasts[symbol]) for symbol in sorted(symbols) if symbol in forecasts]
    return rank_by_forecast(known)


def tolerance(policy: Policy, symbol: str, session_open: bool, asked: float | None = None) -> float:
    """Return how near its limit an entry triggers; what the entry itself asks goes first."""
    wide = symbol in policy.active_cryptos and not session_open
    auto = policy.crypto_ooh_tolerance if wide else policy.normal_tolerance
    found = auto if asked is None else asked
    return found if policy.tolerance_decimals is None else round(found, policy.tolerance_decimals)


def forced(
    policy: Policy, symbol: str, session_open: bool, rank: int | None, asked: bool = False
) -> bool:
    """Tell whether an entry goes at once, whatever its distance."""
    if asked:
        return True
    return (
        rank is not None
        and rank <= policy.crypto_force_count
        and not session_open
        and symbol in policy.active_cryptos
    )


def distance(policy: Policy, side: Side, limit: float, price: float) -> float:
    """Return how far a price is from a limit, as a fraction of the limit.

    `side_blind` is the original's |price - limit| / limit, in this order of operations.
    `directional` counts only the way the price still has to go: a marketable order is at 0.
    """
    if policy.distance == "side_blind":
        return abs(price - limit) / limit
    away = price - limit if side == "buy" else limit - price
    return max(0.0, away / limit)
