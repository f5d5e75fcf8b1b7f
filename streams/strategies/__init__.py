"""Strategies: who wishes for entries, so that capital is fought over.

They are plain examples that make the desk work hard, not advice; a user's own class takes their
place (`load_strategy`).
"""

from .base import (
    Action,
    CancelOrder,
    PlaceExit,
    PublishForecast,
    RequestEntry,
    Strategy,
    WithdrawEntry,
)
from .forecast_range import ForecastRange
from .ladder import Ladder
from .load import StrategyError, load_strategy, strategy_for
from .wishes import wish

__all__ = [
    "Action",
    "CancelOrder",
    "ForecastRange",
    "Ladder",
    "PlaceExit",
    "PublishForecast",
    "RequestEntry",
    "Strategy",
    "StrategyError",
    "WithdrawEntry",
    "load_strategy",
    "strategy_for",
    "wish",
]
