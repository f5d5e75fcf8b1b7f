"""What the original coordinator did around the decision, kept as plain functions.

Only the conformance tests drive these: the desk itself always works from quotes, confirmed cancels
and the margin formula (see `capacity`).  Rule names are those of the specification.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from state.rules.policy import Policy

FORECAST_FIELDS = (
    "maxdiff_forecasted_pnl",
    "maxdiffalwayson_forecasted_pnl",
    "highlow_forecasted_pnl",
    "all_signals_forecasted_pnl",
    "avg_return",
)
LEVERAGE_MULTIPLE = 2.0


class BrokerOrder(NamedTuple):
    """An order as the original read it from its broker."""

    order: str
    symbol: str
    side: str
    limit: float
    qty: float
    price: float


def read_order(row: Mapping[str, Any]) -> BrokerOrder | str:
    """Read one order of the broker's list, or say why it is ignored (rule F2)."""
    symbol = row.get("symbol")
    if not symbol:
        return "no_symbol"
    if row.get("limit_price") is None:
        return "not_a_limit_order"
    try:
        limit = float(row["limit_price"])
        qty = float(row.get("qty", 0))
    except (TypeError, ValueError):
        return "bad_number"
    try:
        price = float(row["current_price"])
    except (KeyError, TypeError, ValueError):
        price = limit
    return BrokerOrder(str(row.get("id")), symbol, str(row.get("side")), limit, qty, price)


def forecast_pnl(fields: Mapping[str, Any]) -> float:
    """Return the first forecast that is a number, in the original's order of fields (rule F4)."""
    for name in FORECAST_FIELDS:
        value = fields.get(name)
        if value is None:
            continue
        try:
            return float(value)
        except (TypeError, ValueError):
            continue
    return 0.0


def capacity(buying_power: float | None, orders: Iterable[Mapping[str, Any]]) -> float:
    """Return dollars available (rule C1): twice the buying power less the open limit orders.

    None for the buying power means that the account could not be read: nothing is available.
    One unreadable order empties the exposure: the defect is the original's, and kept.
    """
    if buying_power is None:
        return 0.0
    exposure = 0.0
    try:
        for row in orders:
            if row.get("limit_price") is not None:
                exposure += abs(float(row.get("qty", 0)) * float(row["limit_price"]))
    except (TypeError, ValueError):
        exposure = 0.0
    return max(0.0, LEVERAGE_MULTIPLE * buying_power - exposure)


def fits(policy: Policy, available: float, qty: float, limit: float) -> bool:
    """Tell whether an order fits into the capacity; always, when stealing is disabled."""
    return not policy.enabled or available >= abs(qty * limit)
