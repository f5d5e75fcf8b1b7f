"""A paper venue that can be killed between any two steps, on a real file and a topic in memory."""

from collections.abc import Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random

from streams.venues.paper.answers import PaperAnswer
from streams.venues.paper.options import PaperOptions
from streams.venues.paper.service import PaperVenue
from streams.venues.paper.store import Store
from topics.codec import decode_event
from topics.commands import AnyCommand
from topics.events import (
    AccountSnapshot,
    AnyEvent,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderRejected,
    Quote,
)
from topics.refusals import Refused

from .paper import SECOND, Hand, Log, cancel, paper_venue, quote, reduce, submit

CASH = {"one": 3000.0, "two": 2000.0}
OPTIONS = PaperOptions(fee_rate=0.001, funds_delay_us=SECOND, partial_fills=True)
HOLDING = OPTIONS._replace(hold_us=300_000)
"""The same, and what a fill opened is closed after two instants."""

ENDINGS = OrderCancelled | OrderCancelRejected


class KilledError(Exception):
    """The process is gone."""


class Steps:
    """Counts the steps of all lives; kills at those in `kills`."""

    def __init__(self, kills: frozenset[int]) -> None:
        self.kills = kills
        self.done = 0

    def step(self) -> None:
        self.done += 1
        if self.done - 1 in self.kills:
            raise KilledError


class CrashingStore(Store):
    """Dies before or after whatever it writes."""

    def __init__(self, folder: Path, steps: Steps) -> None:
        super().__init__(folder)
        self._steps = steps
        # What survives a kill needs no disk; the power stays on in these tests.
        self._database.execute("PRAGMA synchronous = OFF")

    def commit(self, rows: Mapping[str, bytes | None], answers: list[PaperAnswer]) -> None:
        self._steps.step()
        super().commit(rows, answers)
        self._steps.step()

    def forget_unsent(self) -> None:
        self._steps.step()
        super().forget_unsent()
        self._steps.step()


Instant = list[tuple[AnyCommand | Quote, int]]
"""Messages that arrive together, each with its partition."""


def script(seed: int, instants: int) -> list[Instant]:
    """Return commands and quotes at random; some commands come twice, a poll late or at once."""
    chance = Random(seed)
    made: list[Instant] = []
    sent: list[tuple[AnyCommand, int]] = []
    orders: list[tuple[str, str]] = []
    numbers = count(1)
    for _ in range(instants):
        now: Instant = []
        for _ in range(chance.randrange(4)):
            account = chance.choice(("one", "one", "two", "nobody"))
            number, part = next(numbers), 0 if account == "one" else 1
            name = f"o{number}"
            what = chance.randrange(8)
            if what < 4 or not orders:
                limit, qty = 100.0 - chance.randrange(4), chance.choice((1.0, 7.0, 30.0))
                made_now: AnyCommand = submit(
                    number, name, limit, qty, account=account, partition=part
                )
                orders.append((account, name))
            elif what < 7:
                account, name = chance.choice(orders)
                part = 0 if account == "one" else 1
                made_now = cancel(number, name, account=account, partition=part)
            else:
                part = 0
                made_now = reduce(number, 2.0, account=chance.choice(("one", "two")))
            now.append((made_now, part))
            sent.append((made_now, part))
        if sent and chance.random() < 0.3:
            # A desk that was killed says again all that it said since some point.
            now += [item for item in sent[-chance.randrange(1, 5) :] if item not in now]
        for _ in range(chance.randrange(3)):
            ask = 96.0 + chance.randrange(8)
            size = chance.choice((None, 3.0, 9.0))
            now.append((quote(ask - 1, ask, symbol="BTC/USD", size=size), 0))
        made.append(now)
    return made


class Run:
    """All lives of one venue through a script; with `brief` ones, each instant is a life."""

    def __init__(
        self,
        folder: Path,
        options: PaperOptions,
        kills: frozenset[int] = frozenset(),
        *,
        brief: bool = False,
    ) -> None:
        self.folder = folder
        self.options = options
        self.steps = Steps(kills)
        self.brief = brief
        self.hand = Hand()
        self.log = Log()
        self.published: list[PaperAnswer] = []
        self.rows: dict[str, bytes] = {}
        self._store: CrashingStore | None = None
        self._venue: PaperVenue | None = None

    def play(self, instants: list[Instant]) -> "Run":
        """Play the script to its end, with a new life after each kill."""
        for now in [*instants, *([[]] * 8)]:
            self.hand.now_us += 150_000
            for message, partition in now:
                self.log.add(message, self.hand.now_us, partition)
            while not self._lived_through():
                self._bury()
            if self.brief:
                self._stop()
        while self._venue is not None:
            try:
                self._stop()
            except KilledError:
                self._bury()
                self._lived_through()
        with closing(Store(self.folder)) as store:
            self.rows = store.rows()
            assert store.unsent() == []
        return self

    def _lived_through(self) -> bool:
        """Live through this instant, from the start of a process if there is none."""
        try:
            if self._venue is None:
                self._store = CrashingStore(self.folder, self.steps)
                self._venue = paper_venue(self._store, self.hand, self.options, CASH)
                self._publish(self._venue)
            self._venue.handle(self.log.after(self._venue.offsets))
            self._publish(self._venue)
        except KilledError:
            return False
        return True

    def _stop(self) -> None:
        assert self._venue is not None
        self._venue.close()
        self._bury()

    def _bury(self) -> None:
        """Let go of the file, as the system does for a process that is gone."""
        assert self._store is not None
        self._store.close()
        self._venue = None

    def _publish(self, venue: PaperVenue) -> None:
        for answer in venue.unsent():
            self.steps.step()
            self.published.append(answer)
        self.steps.step()
        venue.published()

    def events(self) -> list[AnyEvent]:
        """Return what was published, repeats left out."""
        found = []
        for answer in dict.fromkeys(self.published):
            event = decode_event(answer.value)
            assert not isinstance(event, Refused)
            found.append(event)
        return found


def without_snapshots(events: list[AnyEvent]) -> list[AnyEvent]:
    return [event for event in events if not isinstance(event, AccountSnapshot)]


def check_stories(events: list[AnyEvent]) -> None:
    """No order has two fates, and no account has money that its fills do not explain.

    `events` are free of repeats, each account's in the order of its topics' records.
    """
    fate: dict[tuple[str, str], list[str]] = {}
    left: dict[tuple[str, str], float] = {}
    names: set[str] = set()
    for event in sorted(without_snapshots(events), key=lambda event: event.ts_us):
        assert isinstance(event, OrderAccepted | OrderRejected | ENDINGS | Fill), event
        key = (event.account, event.order)
        if isinstance(event, OrderAccepted):
            assert key not in left, "an order was accepted twice"
            left[key] = event.qty
        elif isinstance(event, Fill):
            assert event.fill not in names, "two fills of one id"
            names.add(event.fill)
            if key in left:  # else it was an order at the market
                left[key] -= event.qty
                assert left[key] > -1e-9, "more was filled than was ordered"
        if not isinstance(event, OrderCancelRejected):
            fate.setdefault(key, []).append(type(event).__name__)
    for key, kinds in fate.items():
        if key in left:
            assert kinds[0] == "OrderAccepted", (key, kinds)
            assert "OrderRejected" not in kinds, (key, kinds)
            assert "OrderCancelled" not in kinds[:-1], (key, kinds)
        else:
            assert len(set(kinds)) == 1, (key, kinds)


def money(events: list[AnyEvent], cash: dict[str, float]) -> dict[str, tuple[int, float]]:
    """Return cash in micro-dollars and coins of each account, from its fills alone."""
    found = {account: (round(dollars * 1e6), 0.0) for account, dollars in cash.items()}
    for event in events:
        if isinstance(event, Fill):
            sign = 1 if event.side == "buy" else -1
            micros, coins = found[event.account]
            micros -= round(sign * event.price * event.qty * 1e6) + round(event.fee * 1e6)
            found[event.account] = (micros, coins + sign * event.qty)
    return found
