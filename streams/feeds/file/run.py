"""Replays a market file onto the topics, with a strategy that asks for entries, in wall time.

Instant by instant: the quotes of one time, then what the strategy makes of them and of the bars that
have ended; it hears of fills as they come.  What is published carries the time of publication, for an event's own time tells its age and the desk's
clock is the broker's.  A bot sends its exits to the venue itself; no topic carries them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from streams.ground.kafka.publish import Outgoing, Publisher
from streams.ground.settings import Settings
from streams.market import Market
from streams.strategies import Action, CancelOrder, PlaceExit, Strategy, wish
from topics.catalogue import FORECASTS, ORDERS, QUOTES, TOPIC_OF, Topic
from topics.codec import encode
from topics.events import AnyEvent, EntryRequested

from .fills import EntryFills
from .instants import Instant, instants, quote_event
from .pace import Pace, WallClock

TOPICS: tuple[Topic, ...] = (QUOTES, ORDERS, FORECASTS)
"""What a feed writes."""

SLICE_S = 0.5
NO_EXITS = (
    "The strategy asks for exits: a bot sends those to the venue itself and no topic carries them,"
    " so they are left out; `worksteal venue paper --hold-ms` stands in for them."
)


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """Who asks for entries, and how many seconds of the file pass in one (None: no matter)."""

    account: str = "demo"
    speed: float | None = 60.0


def _ignore(_: object) -> None:
    """Do nothing with a remark or with progress."""


class FileFeed:
    """One file on its way to the topics.  `remark` hears what the user should know, once each."""

    def __init__(
        self,
        market: Market,
        strategy: Strategy,
        settings: Settings,
        options: FeedOptions,
        *,
        remark: Callable[[str], None] = _ignore,
        progress: Callable[[int], None] = _ignore,
    ) -> None:
        self._market = market
        self._strategy = strategy
        self._settings = settings
        self._options = options
        self._remark = remark
        self._progress = progress
        self._wall = WallClock()
        self._exits_told = False

    async def run(self, publisher: Publisher, fills: EntryFills) -> None:
        """Publish all of it, each instant when it is due, and wait for the acknowledgements."""
        pace = Pace(self._market.quotes[0].ts_us, self._options.speed)
        for instant in instants(self._market):
            await self._wait(pace, instant.now_us, publisher, fills)
            pace.reach(instant.now_us)
            await publisher.send(self._quotes(instant))
            actions = self._heard(instant)
            await publisher.send(self._wishes(actions, instant.now_us, pace, fills))
            self._progress(len(instant.quotes))
        await publisher.flush()

    async def _wait(
        self, pace: Pace, next_us: int, publisher: Publisher, fills: EntryFills
    ) -> None:
        """Let the strategy hear of fills until the next instant is due, and at least once."""
        while True:
            left_s = pace.left_s(next_us)
            timeout_ms = max(0, int(min(left_s, SLICE_S) * 1000))
            for fill, entry in await fills.take(timeout_ms):
                now_us = pace.file_us(next_us)
                # The strategy knows one clock, the file's.
                actions = self._strategy.on_fill(replace(fill, ts_us=now_us), entry, now_us)
                await publisher.send(self._wishes(actions, now_us, pace, fills))
            if left_s < 0.001:
                return

    def _quotes(self, instant: Instant) -> Iterator[Outgoing]:
        for quote in instant.quotes:
            yield self._outgoing(quote_event(quote, self._wall.now_us()))

    def _heard(self, instant: Instant) -> list[Action]:
        """Ask the strategy what it makes of the quotes and of the bars that have ended."""
        actions: list[Action] = []
        for quote in instant.quotes:
            actions += self._strategy.on_quote(quote)
        for bar in instant.bars:
            actions += self._strategy.on_bar(bar, instant.now_us)
        return actions

    def _wishes(
        self, actions: Iterable[Action], file_us: int, pace: Pace, fills: EntryFills
    ) -> Iterator[Outgoing]:
        """Yield what the strategy asked for as a bot would publish it now."""
        for action in actions:
            if isinstance(action, PlaceExit | CancelOrder):
                if not self._exits_told:
                    self._exits_told = True
                    self._remark(NO_EXITS)
                continue
            event = wish(action, self._options.account, file_us)
            wall_us = self._wall.now_us()
            event = replace(event, ts_us=wall_us)
            if isinstance(event, EntryRequested):
                fills.own.add(event.entry)
                if event.expires_us is not None:
                    ends_us = pace.wall_us(event.expires_us, file_us, wall_us)
                    event = replace(event, expires_us=ends_us)
            yield self._outgoing(event)

    def _outgoing(self, event: AnyEvent) -> Outgoing:
        topic = TOPIC_OF[type(event)]
        key = getattr(event, topic.key)
        return Outgoing(
            self._settings.topic(topic.name), encode(event), key.encode(), None, event.ts_us // 1000
        )
