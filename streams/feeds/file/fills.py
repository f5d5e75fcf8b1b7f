"""Hears the fills of a strategy's entries, as a bot would: from `execution` and `fills`.

A fill names an order; only the command that sent the order says whose entry it is.  Both are
different topics, so a fill can arrive first: it is kept until `execution` has been read as far as
it reached by then, and only then is an unknown order somebody else's.
"""

from contextlib import suppress

from msgspec import MsgspecError

from streams.ground.kafka import BrokerError, log_spans, reader
from streams.ground.kafka.client import Consumer, KafkaError, TopicPartition
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from topics.catalogue import EXECUTION, FILLS
from topics.codec import decode_command, decode_event
from topics.commands import AnyCommand, Steal, Submit
from topics.events import Fill


class EntryFills:
    """The fills of one account's entries from here on; `own` are the entries it listens for."""

    def __init__(self, consumer: Consumer, settings: Settings, account: str) -> None:
        self.own: set[str] = set()
        self._consumer = consumer
        self._execution = settings.topic(EXECUTION.name)
        self._fills = settings.topic(FILLS.name)
        self._account = account
        self._key = account.encode()
        self._entry_of: dict[str, str] = {}
        self._seen: set[str] = set()
        self._waiting: list[Fill] = []
        self._until: dict[TopicPartition, int] = {}
        """How far `execution` must be read before the waiting fills can be judged."""

    @classmethod
    async def start(cls, settings: Settings, account: str) -> "EntryFills":
        """Listen from the end of both topics; raises `BrokerError` if that is not possible."""
        consumer = await reader(client_options(settings))
        listener = cls(consumer, settings, account)
        try:
            ends = {
                TopicPartition(topic, number): span.end
                for topic in (listener._execution, listener._fills)
                for number, span in (await log_spans(consumer, topic)).items()
            }
            consumer.assign(list(ends))
            for place, end in ends.items():
                consumer.seek(place, end)
        except BaseException:
            await stop_consumer(consumer)
            raise
        return listener

    async def stop(self) -> None:
        """Stop listening."""
        await stop_consumer(self._consumer)

    async def take(self, timeout_ms: int) -> list[tuple[Fill, str]]:
        """Return new fills, each with its entry, waiting so long at most if there are none."""
        try:
            polled = await self._consumer.getmany(timeout_ms=timeout_ms)
        except KafkaError as error:
            raise BrokerError(
                f"the fills cannot be followed ({error}): look at the broker's log."
            ) from error
        for place, records in polled.items():
            for record in records:
                if record.key == self._key:
                    self._hear(place.topic, record.value)
        if not self._waiting or not await self._can_judge():
            return []
        judged = [(fill, self._entry_of.get(fill.order)) for fill in self._waiting]
        self._waiting.clear()
        return [(fill, entry) for fill, entry in judged if entry is not None]

    def _hear(self, topic: str, value: bytes) -> None:
        """Note a command or a fill; what is neither is for others to complain about."""
        if topic == self._execution:
            with suppress(MsgspecError):
                self._note(decode_command(value))
            return
        fill = decode_event(value)
        if isinstance(fill, Fill) and fill.account == self._account and fill.fill not in self._seen:
            self._seen.add(fill.fill)
            self._waiting.append(fill)

    def _note(self, command: AnyCommand) -> None:
        """Remember whose order a command sends."""
        if isinstance(command, Submit | Steal) and command.entry in self.own:
            self._entry_of[command.order] = command.entry

    async def _can_judge(self) -> bool:
        """Tell whether every command from before the waiting fills has been read."""
        if all(fill.order in self._entry_of for fill in self._waiting):
            self._until.clear()
            return True
        try:
            if not self._until:
                mine = [p for p in self._consumer.assignment() if p.topic == self._execution]
                self._until = await self._consumer.end_offsets(mine)
            for place, end in self._until.items():
                if await self._consumer.position(place) < end:
                    return False
        except KafkaError:
            return False  # the broker is away; it will be asked again
        self._until.clear()
        return True
