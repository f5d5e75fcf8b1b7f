"""A pretended exchange with one account: its books are a file, as a real one's are its own business.

Client order ids make every request harmless to repeat.  An order rests for `rest_s` seconds and then
trades whole, at its limit.  A real exchange is asked over its API instead.
"""

import json
import time
from pathlib import Path
from typing import Any


class Exchange:
    """Orders by client order id, trades in their order, cash in dollars, holdings in units."""

    def __init__(self, path: str, cash: float, rest_s: float) -> None:
        self.path, self.rest_s = Path(path), rest_s
        self.books: dict[str, Any] = {"cash": cash, "orders": {}, "trades": [], "held": {}}
        if self.path.exists():
            self.books = json.loads(self.path.read_text())

    def now_us(self) -> int:
        """The exchange's clock, which dates every answer."""
        return time.time_ns() // 1000

    def place(self, order: str, symbol: str, side: str, limit: float, qty: float) -> dict[str, Any]:
        """Place an order, unless there is one of that client order id; return it."""
        if order not in self.books["orders"]:
            spent = sum(o["limit"] * o["qty"] for o in self.open().values() if o["side"] == "buy")
            funds = side == "sell" or spent + limit * qty <= self.books["cash"]
            self.books["orders"][order] = {
                "symbol": symbol, "side": side, "limit": limit, "qty": qty,
                "state": "open" if funds else "insufficient_funds", "at_us": self.now_us(),
            }  # fmt: skip
            self._save()
        return dict(self.books["orders"][order])

    def cancel(self, order: str) -> dict[str, Any] | None:
        """Cancel an order if it is open; return how it stands now, None for an unknown one."""
        found: dict[str, Any] | None = self.books["orders"].get(order)
        if found is not None and found["state"] == "open":
            found["state"] = "cancelled"
            self._save()
        return found

    def market(self, order: str, symbol: str, side: str, qty: float) -> dict[str, Any]:
        """Trade at once at the last price, unless that was done under this id."""
        last = next((t["price"] for t in self.books["trades"][::-1] if t["symbol"] == symbol), None)
        if last is None:
            return {"state": "invalid"}
        if order not in self.books["orders"]:
            self.place(order, symbol, side, last, qty)
            self._trade(order, self.books["orders"][order])
        return dict(self.books["orders"][order])

    def match(self) -> list[dict[str, Any]]:
        """Trade what has rested long enough; return all trades of the day."""
        for order, terms in self.open().items():
            if self.now_us() - terms["at_us"] >= self.rest_s * 1e6:
                self._trade(order, terms)
        return list(self.books["trades"])

    def open(self) -> dict[str, dict[str, Any]]:
        """Return the open orders."""
        return {name: o for name, o in self.books["orders"].items() if o["state"] == "open"}

    def _trade(self, order: str, terms: dict[str, Any]) -> None:
        terms["state"] = "filled"
        sign = 1 if terms["side"] == "buy" else -1
        held = self.books["held"].setdefault(terms["symbol"], [0.0, 0.0])
        held[0], held[1] = held[0] + sign * terms["qty"], terms["limit"]
        self.books["cash"] -= sign * terms["qty"] * terms["limit"]
        told = {key: terms[key] for key in ("symbol", "side", "qty")}
        number = f"t{len(self.books['trades']) + 1}"
        about = {"fill": number, "order": order, "price": terms["limit"], "ts_us": self.now_us()}
        self.books["trades"].append(told | about)
        self._save()

    def _save(self) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(self.books))
        fresh.replace(self.path)
