"""Market files: what a backtest is fed with, read strictly and replayed without looking ahead."""

from .instants import Instant, instants, quote_event
from .model import Bar, Forecast, Kind, Market, MarketError
from .quote import MarketQuote
from .quotes import Quotes
from .read import read_market

__all__ = [
    "Bar",
    "Forecast",
    "Instant",
    "Kind",
    "Market",
    "MarketError",
    "MarketQuote",
    "Quotes",
    "instants",
    "quote_event",
    "read_market",
]
