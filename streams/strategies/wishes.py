"""What a strategy asks of the desk becomes an event, through the door that a bot's record takes.

So a backtest decides on exactly what a journal would hold, and a feed publishes what a backtest
decides on: numbers as JSON carries them, and nothing that the wire would refuse.
"""

from typing import TypeAlias

import msgspec

from topics.codec import as_record
from topics.events import AnyEvent, EntryRequested, EntryWithdrawn, Forecast
from topics.refusals import Refused

from .base import PublishForecast, RequestEntry, WithdrawEntry
from .load import StrategyError

Wish: TypeAlias = RequestEntry | WithdrawEntry | PublishForecast


def wish(action: Wish, account: str, now_us: int) -> AnyEvent:
    """Return the event by which a bot would say this; raises `StrategyError` if it could not."""
    try:
        event = as_record(_event(action, account, now_us))
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise StrategyError(
            f"the strategy asked for {_told(action)}: {error}; correct it."
        ) from error
    if isinstance(event, Refused):
        raise StrategyError(
            f"the strategy asked for {_told(action)}, which no bot may send: {event}; correct the strategy."
        )
    return event


def _event(action: Wish, account: str, now_us: int) -> AnyEvent:
    """Numbers may come from other libraries, whose kinds of float the wire does not know."""
    if isinstance(action, WithdrawEntry):
        return EntryWithdrawn(ts_us=now_us, account=account, entry=action.entry)
    if isinstance(action, PublishForecast):
        return Forecast(
            ts_us=now_us,
            symbol=action.symbol,
            pnl=float(action.pnl),
            low=_float(action.low),
            high=_float(action.high),
            close=_float(action.close),
        )
    return EntryRequested(
        ts_us=now_us,
        account=account,
        entry=action.entry,
        symbol=action.symbol,
        side=action.side,
        limit=float(action.limit),
        qty=float(action.qty),
        mode=action.mode,
        pnl=float(action.pnl),
        tolerance=_float(action.tolerance),
        expires_us=int(action.expires_us),
    )


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _told(action: Wish) -> str:
    shown = " ".join(repr(action).split())
    return shown if len(shown) <= 200 else f"{shown[:200]}…"
