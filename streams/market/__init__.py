"""Market files: what a backtest is fed with, read strictly and replayed without looking ahead."""

from .model import Bar, Forecast, Kind, Market, MarketError, MarketQuote
from .read import read_market

__all__ = ["Bar", "Forecast", "Kind", "Market", "MarketError", "MarketQuote", "read_market"]
