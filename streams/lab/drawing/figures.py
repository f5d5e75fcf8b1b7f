"""Figures as people read them, the same in a console and on a page; none that is not finite."""

import math
from datetime import UTC, datetime, timedelta

from streams.lab.errors import ReportError


def count(number: int) -> str:
    """Format a count: 12,345."""
    return f"{number:,}"


def money(dollars: float) -> str:
    """Format dollars: 12,345.60."""
    return f"{_cents(dollars):,.2f}"


def signed_money(dollars: float) -> str:
    """Format a gain or loss: +12,345.60."""
    return f"{_cents(dollars):+,.2f}"


def percent(fraction: float) -> str:
    """Format a fraction: 1.25 %."""
    return f"{_cents(100 * fraction):,.2f} %"


def utc(ts_us: int) -> str:
    """Format a time as 2025-01-31 14:30:00."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ts_us)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def require_finite(value: object, where: str) -> None:
    """Raise `ReportError` naming the first number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ReportError(
            f"{where} is {value}, which is no amount; "
            "check the data for zero or missing prices and run the backtest again"
        )
    if isinstance(value, dict):
        for key, inner in value.items():
            require_finite(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            require_finite(inner, f"{where}[{index}]")


def _cents(value: float) -> float:
    # Adding 0.0 turns -0.0 into 0.0: a loss of nothing must not look like a loss.
    return round(value, 2) + 0.0
