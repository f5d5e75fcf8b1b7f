"""Market data: read strictly, and replayed without looking ahead.

rows (our CSV) ───────────────────────────────┐
foreign_csv, arrow, frame → raw → foreign ────┼→ table → replay ─┐
recorded (a journal) ─────────────────────────┴────────→ ticks ──┴→ merge → Market
"""

from .bar import Bar, BarForecast
from .bars import Bars
from .columns import ColumnMap, read_columns
from .errors import MarketError
from .frame import market_from_frame
from .model import Market
from .quote import MarketQuote
from .quotes import Quotes
from .read import read_market

__all__ = [
    "Bar",
    "BarForecast",
    "Bars",
    "ColumnMap",
    "Market",
    "MarketError",
    "MarketQuote",
    "Quotes",
    "market_from_frame",
    "read_columns",
    "read_market",
]
