"""Plays a run by going from one quote that matters to the next, and passing over the rest.

Most quotes change nothing but the last price.  For each symbol there is an interval in which they
cannot do more: between the edges at which entries trigger (`state.market.triggers`), short of the limits
at which orders fill (`exchange`), and while what is refused stays refused (`state.stealing.quiet`).  The
next quote outside is found by searching the columns; bars, venues' answers, timers and sessions are
stops as well.  Everything before the next stop is taken note of wholesale (`Desk.pass_over`), and
what happens there is the engine's ordinary instant.  So the desk says the same, byte for byte.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf, nextafter

from state.books.account import NEVER as NO_TIME
from state.market.prices import LastQuote, Price
from state.stealing.quiet import NOWHERE, Calm, premises

from .engine import Engine, quote_events
from .exchange import NEVER
from .frames import QUOTES

FEW = 32
"""Quotes up to the next bar or answer of a venue, at least, for which it pays to find out which of
them a refused entry may sleep through; of fewer, those of its symbol are simply applied."""


def play_skipping(engine: Engine) -> None:
    """Play a run to its end."""
    skipper = _Skipper(engine)
    market = engine.market
    end_us = int(market.quotes.ts_us[-1])
    if market.bars:
        end_us = max(end_us, market.bars[-1].end_us)
    while (now_us := skipper.next_stop_us()) <= end_us:
        skipper.stop(now_us)
    skipper.finish()


class _Skipper:
    """Where the run stands, and what the next stop is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._desk = engine.desk
        self._quotes = quotes = engine.market.quotes
        self._tracks = quotes.tracks
        self._code_of = {name: code for code, name in enumerate(quotes.names)}
        count = len(quotes.names)
        self._prices: list[Price | None] = [None] * count
        self._done = 0
        """Quotes passed over or applied so far, of all symbols, then of each."""
        self._done_of = [0] * count
        self._calms: list[Calm] = [NOWHERE] * count
        self._next_of = [0] * count
        # A part of longer data has symbols whose first quote is yet to come.
        self._next_places = [
            track.places.item(0) if len(track) else len(quotes) for track in self._tracks
        ]
        self._watchers = _Watchers(count)
        self._restless: dict[str, None] = {}
        """Accounts of whose refused entries it was not found out what they rest on."""
        self._awake: list[dict[tuple[str, str], None]] = [{} for _ in range(count)]

    def next_stop_us(self) -> int:
        """Return the time of the next instant that must happen; `NEVER` if there is none."""
        engine, ts_us = self._engine, self._quotes.ts_us
        place = min(self._next_places)
        quote_us = int(ts_us[place]) if place < len(ts_us) else NEVER
        latest_us = min(
            self._desk.context.timers.next_us,
            self._desk.clock.next_change_us,
            self._watchers.until_us,
        )
        if latest_us <= quote_us:  # the first quote from then on
            place = int(ts_us.searchsorted(latest_us, "left"))
            place = max(place, self._done)
            if place < len(ts_us):
                quote_us = min(quote_us, int(ts_us[place]))
        return min(quote_us, engine.exchange.due_us, engine.agenda.next_us)

    def stop(self, now_us: int) -> None:
        """Catch up with everything before an instant, and let it happen."""
        ts_us = self._quotes.ts_us
        first = max(self._done, int(ts_us.searchsorted(now_us, "left")))
        self._pass_over(first)
        last = first
        codes: list[int] = []
        session_us = self._desk.clock.next_change_us
        if first < len(ts_us) and int(ts_us[first]) == now_us:
            last = int(ts_us.searchsorted(now_us, "right"))
            _, codes, events = quote_events(self._quotes[first:last])
            self._engine.instant(now_us, codes, events)
            for code in codes:
                self._done_of[code] += 1
            self._done = last
        else:
            self._engine.instant(now_us, (), ())
        if self._engine.hooks.progress is not None:
            self._engine.hooks.progress(last - first)
        shaken = self._engine.shaken or session_us != self._desk.clock.next_change_us
        self._engine.shaken = False
        self._look_again(codes, now_us, shaken)

    def finish(self) -> None:
        """Take note of what comes after the last stop."""
        self._pass_over(len(self._quotes))

    def _pass_over(self, first: int) -> None:
        """Take note wholesale of the quotes before a place: nothing follows from them."""
        done = self._done
        if first <= done:
            return
        numbers = self._quotes.instant_numbers
        frames = int(numbers[first - 1]) - (int(numbers[done - 1]) if done else -1)
        last: list[LastQuote] = []
        venues = self._engine.exchange.quotes
        counts = self._quotes.counts_before(first).tolist()
        for code, (before, now) in enumerate(zip(self._done_of, counts, strict=True)):
            if now > before:
                track = self._tracks[code]
                bid, ask = track.bids.item(now - 1), track.asks.item(now - 1)
                price = self._price(code)
                venues[price.symbol] = (bid, ask)
                last.append((price, bid, ask, track.ts_us.item(now - 1)))
        self._done_of = counts
        self._desk.pass_over(frames, int(self._quotes.ts_us[first - 1]), QUOTES, first - done, last)
        self._engine.frames.pass_over(frames, first - done)
        self._done = first
        if self._engine.hooks.progress is not None:
            self._engine.hooks.progress(first - done)

    def _price(self, code: int) -> Price:
        price = self._prices[code]
        if price is None:
            price = self._prices[code] = self._desk.board.prices.get(self._quotes.names[code])
        return price

    def _look_again(self, codes: Sequence[int], now_us: int, shaken: bool) -> None:
        """Find out anew what matters from here on, as far as the stop may have changed it."""
        accounts = dict.fromkeys(self._desk.forget_changes())
        if shaken:
            accounts = dict.fromkeys(self._desk.accounts)
        accounts |= dict.fromkeys(self._watchers.run_out(now_us))
        stale = dict.fromkeys(codes)
        for code in stale:
            price = self._price(code)
            known = self._awake[code]
            awake = {**price.buyers.awake, **price.sellers.awake}
            accounts |= {name: None for name, entry in awake if (name, entry) not in known}
            self._awake[code] = awake
            accounts |= dict.fromkeys(self._watchers.disturbed(code, price.bid, price.ask))
        if self._far_enough():
            accounts |= self._restless
            self._restless.clear()
            for name in accounts:
                stale |= dict.fromkeys(self._watch(name))
        else:
            self._restless |= accounts
            for name in accounts:
                stale |= dict.fromkeys(self._apply_all(name))
        replaced = self._desk.board.prices.replaced
        for price in replaced:
            code_of = self._code_of.get(price.symbol)
            if code_of is not None:
                stale[code_of] = None
        replaced.clear()
        stale |= self._engine.exchange.changed
        self._engine.exchange.changed.clear()
        for code in stale:
            self._search(code)

    def _far_enough(self) -> bool:
        """Tell whether there are many quotes before something else happens."""
        until_us = min(self._engine.exchange.due_us, self._engine.agenda.next_us)
        ts_us, place = self._quotes.ts_us, self._done + FEW
        return place < len(ts_us) and int(ts_us[place]) < until_us

    def _apply_all(self, name: str) -> list[int]:
        """Let every quote of the symbols count in which an account has an entry at its trigger."""
        account = self._desk.accounts[name]
        prices = self._desk.board.prices
        calms = {
            self._code_of[entry.symbol]: NOWHERE
            for entry in account.entries.values()
            if entry.state == "waiting"
            and (name, entry.id) in prices.get(entry.symbol).triggers(entry.side).awake
            and entry.symbol in self._code_of
        }
        return self._watchers.put(name, calms, NEVER)

    def _watch(self, name: str) -> list[int]:
        """Find out what an account's refusals rest on; returns the symbols it concerns."""
        found = premises(self._desk.context, self._desk.accounts[name])
        if found is None:
            return self._watchers.put(name, {}, NEVER)
        until_us = found.until_us
        for symbol in found.fresh:
            code = self._code_of[symbol]
            latest = self._done_of[code] - 1
            until_us = min(until_us, self._tracks[code].stale_at(latest, found.max_age_us))
        calms = {
            self._code_of[symbol]: calm
            for symbol, calm in found.calm.items()
            if symbol in self._code_of
        }
        return self._watchers.put(name, calms, until_us)

    def _search(self, code: int) -> None:
        """Find a symbol's next quote that matters."""
        price, exchange = self._price(code), self._engine.exchange
        buyers, sellers = price.buyers, price.sellers
        ask_low, ask_high, bid_low, bid_high = self._watchers.calm(code)
        calm = (
            max(ask_low, buyers.edge_low, nextafter(exchange.best_buys[code], -inf)),
            min(ask_high, buyers.edge_high),
            max(bid_low, sellers.edge_low),
            min(bid_high, sellers.edge_high, nextafter(exchange.best_sells[code], inf)),
        )
        start = self._done_of[code]
        if calm == self._calms[code] and self._next_of[code] >= start:
            return
        self._calms[code] = calm
        track = self._tracks[code]
        found = self._next_of[code] = track.first_outside(start, calm)
        self._next_places[code] = (
            track.places.item(found) if found < len(track) else len(self._quotes)
        )


class _Watchers:
    """What the refusals of all accounts rest on, by symbol, and how long."""

    def __init__(self, count: int) -> None:
        self._calms: list[dict[str, Calm]] = [{} for _ in range(count)]
        self._codes_of: dict[str, list[int]] = {}
        self._until_of: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    @property
    def until_us(self) -> int:
        """When time alone may next change something."""
        while self._heap and self._until_of.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER

    def put(self, name: str, calms: dict[int, Calm], until_us: int) -> list[int]:
        """Note what an account's refusals rest on; returns the symbols that this concerns."""
        before = self._codes_of.get(name, [])
        changed = []
        for code in before:
            if code not in calms:
                del self._calms[code][name]
                changed.append(code)
        for code, calm in calms.items():
            if self._calms[code].get(name) != calm:
                self._calms[code][name] = calm
                changed.append(code)
        self._codes_of[name] = list(calms)
        self._until_of[name] = until_us
        if until_us < NO_TIME:
            heappush(self._heap, (until_us, name))
        return changed

    def run_out(self, now_us: int) -> list[str]:
        """Take out the accounts whose time is up."""
        found = []
        while self.until_us <= now_us:
            _, name = heappop(self._heap)
            self._until_of[name] = NEVER
            found.append(name)
        return found

    def disturbed(self, code: int, bid: float, ask: float) -> list[str]:
        """Return the accounts for which a symbol's price is not where it was calm."""
        return [
            name
            for name, (ask_low, ask_high, bid_low, bid_high) in self._calms[code].items()
            if not (ask_low < ask < ask_high and bid_low < bid < bid_high)
        ]

    def calm(self, code: int) -> Calm:
        """Return the interval of a symbol that is calm for every account."""
        ask_low, ask_high, bid_low, bid_high = -inf, inf, -inf, inf
        for one, two, three, four in self._calms[code].values():
            ask_low, ask_high = max(ask_low, one), min(ask_high, two)
            bid_low, bid_high = max(bid_low, three), min(bid_high, four)
        return ask_low, ask_high, bid_low, bid_high
