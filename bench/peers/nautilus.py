"""nautilus_trader on the workload of `bench/quotes.py`: one venue, one account, one strategy.

    python bench/peers/nautilus.py [--quotes N] [--json]

Chosen in its favour where there is a choice, as someone would who wants the run to be fast:

- Quotes are built from columns by `QuoteTick.from_raw_arrays_to_list`, sorted, and added in
  one call: each further call would sort all of them again.
- The strategy asks for no quotes, which spares a Python call for each.  It sleeps until the next
  order is due, one alert of the clock after the other.
- Logging is bypassed, the analysis after the run is off.  The risk engine keeps its defaults.
- A venue has one account, and quotes reach each venue anew: 64 accounts as 64 venues would be 64
  times the work.  So the orders of all accounts rest in one account with cash enough for all; what
  64 accounts cost in bookkeeping, it does not pay.

A buy fills when the ask comes down to its limit, at most as much as the ask's size: it may fill in
parts.  Ours waits until the ask is below the limit.
"""
# ruff: noqa: E402  (how long the imports take is a figure)
# mypy: disable-error-code="import-not-found"

import sys
import time
from pathlib import Path

BEGAN_S = time.perf_counter()

import nautilus_trader
import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, CurrencyType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Venue
from nautilus_trader.model.identifiers import Symbol as SymbolId
from nautilus_trader.model.instruments import CurrencyPair, Equity, Instrument
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

IMPORT_S = time.perf_counter() - BEGAN_S

from decimal import Decimal
from operator import attrgetter

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from bench.peers.common import Figures, delay_note, options, peak_rss_mb, reached_note
from bench.quotes import START_US, Symbol, Workload, make_workload

VENUE = Venue("SIM")
FEE = Decimal("0.001")
CASH = 1_000_000_000
NOTES = [
    "one venue and one account with cash enough for the orders of all accounts",
    "one strategy that wakes when an order is due and asks for no quotes",
    "cash account, 0.1 % fee, default risk engine; logging bypassed, no analysis after the run",
    "a buy fills at an ask at or below its limit, at most the ask's size a quote, so in parts",
]


def instrument(symbol: Symbol) -> Instrument:
    """Return what the engine must know of a symbol."""
    decimals = len(str(symbol.per_dollar - 1)) if symbol.per_dollar > 1 else 0
    shared = {
        "instrument_id": InstrumentId(SymbolId(symbol.name), VENUE),
        "raw_symbol": SymbolId(symbol.name),
        "price_precision": decimals,
        "price_increment": Price(symbol.tick, decimals),
        "maker_fee": FEE,
        "taker_fee": FEE,
        "ts_event": START_US * 1000,
        "ts_init": START_US * 1000,
    }
    if symbol.kind == "stock":
        return Equity(currency=USD, lot_size=Quantity.from_int(1), **shared)
    code = symbol.name.removesuffix("USD")
    return CurrencyPair(
        base_currency=Currency(code, 8, 0, code, CurrencyType.CRYPTO),
        quote_currency=USD,
        size_precision=symbol.size_decimals,
        size_increment=Quantity(10.0**-symbol.size_decimals, symbol.size_decimals),
        **shared,
    )


class Resting(Strategy):  # type: ignore[misc]  # it ships no types
    """Places each order at its time and withdraws it at its time, if it is still open."""

    def __init__(self, workload: Workload, instruments: list[Instrument]) -> None:
        super().__init__()
        self._wanted = workload.orders
        self._actions = workload.actions()
        self._instruments = instruments
        self._next = 0
        self._sent: dict[int, Order] = {}
        self.withdrawn = 0

    def on_start(self) -> None:
        """Wait for the first order."""
        self._wait()

    def _wait(self) -> None:
        if self._next < len(self._actions):
            due_ns = self._actions[self._next][0] * 1000
            self.clock.set_time_alert_ns(f"due-{self._next}", due_ns, self._act)

    def _act(self, _event: object) -> None:
        now_us = self.clock.timestamp_ns() // 1000
        while self._next < len(self._actions) and self._actions[self._next][0] <= now_us:
            _, withdraw, place = self._actions[self._next]
            self._next += 1
            if withdraw:
                self._withdraw(place)
            else:
                self._place(place)
        self._wait()

    def _place(self, place: int) -> None:
        wanted = self._wanted[place]
        market = self._instruments[wanted.code]
        order = self.order_factory.limit(
            market.id, OrderSide.BUY, market.make_qty(wanted.qty), market.make_price(wanted.limit)
        )
        self._sent[place] = order
        self.submit_order(order)

    def _withdraw(self, place: int) -> None:
        order = self._sent.pop(place)
        if order.is_open:
            self.withdrawn += 1
            self.cancel_order(order)


def ticks(workload: Workload, instruments: list[Instrument]) -> list[QuoteTick]:
    """Return all quotes in time order."""
    found: list[QuoteTick] = []
    for code, market in enumerate(instruments):
        at = np.flatnonzero(workload.codes == code)
        times_ns = (workload.ts_us[at] * 1000).astype(np.uint64)
        found += QuoteTick.from_raw_arrays_to_list(
            market.id,
            market.price_precision,
            market.size_precision,
            workload.bids[at],
            workload.asks[at],
            workload.bid_sizes[at],
            workload.ask_sizes[at],
            times_ns,
            times_ns,
        )
    found.sort(key=attrgetter("ts_init"))
    return found


def build(workload: Workload, delay_us: int) -> tuple[BacktestEngine, Resting]:
    """Return an engine that has everything but started."""
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        starting_balances=[Money(CASH, USD)],
        latency_model=LatencyModel(base_latency_nanos=delay_us * 1000),
    )
    instruments = [instrument(symbol) for symbol in workload.symbols]
    for market in instruments:
        engine.add_instrument(market)
    engine.add_data(ticks(workload, instruments), sort=False)
    strategy = Resting(workload, instruments)
    engine.add_strategy(strategy)
    return engine, strategy


def main() -> None:
    """Build, run and print the figures."""
    told = options(__doc__.split("\n", maxsplit=1)[0])
    workload = make_workload(told.quotes)
    began_s = time.perf_counter()
    engine, strategy = build(workload, told.delay_us)
    built_s = time.perf_counter()
    engine.run()
    run_s = time.perf_counter() - built_s
    orders = engine.cache.orders()
    peak_mb = peak_rss_mb()
    Figures(
        name="nautilus_trader",
        version=nautilus_trader.__version__,
        workload=workload.digest(),
        quotes=told.quotes,
        orders=len(orders),
        withdrawn=strategy.withdrawn,
        filled=sum(float(order.filled_qty) > 0 for order in orders),
        fills=sum(len(order.trade_ids) for order in orders),
        import_s=IMPORT_S,
        data_build_s=built_s - began_s,
        compile_s=0.0,
        run_s=run_s,
        quotes_per_s=told.quotes / run_s,
        peak_rss_mb=peak_mb,
        notes=[*NOTES, delay_note(told.delay_us), reached_note(workload, told.delay_us)],
    ).show(as_json=told.json)


if __name__ == "__main__":
    main()
