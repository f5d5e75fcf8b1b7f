"""A machine on one journal partition: apply frames, publish, checkpoint.

A checkpoint, each step complete before the next:

1. every publication so far is acknowledged by the broker;
2. the changed rows and the cursor go to the changelog, as one atomic batch (see `staging` for more);
3. the same rows go to the local store, with the changelog offset;
4. the frames up to here are acknowledged to the transport.

A crash anywhere means that the frames since the last cursor are applied again to the same state: the
same outputs with the same ids.  Any exception ends the process; nothing here is retried.
"""

from collections.abc import Sequence
from typing import Generic

from state.machine import M
from streams.journal.tracing import NONE, Traces, traces_of
from topics.catalogue import JOURNAL
from topics.codec import decode_frame, encode
from topics.commands import Command
from topics.facts import Fact
from topics.frames import JournalPosition
from topics.headers import Header, Stamp

from .cursor import Place, place_of
from .observer import Applied
from .ports import Output, Ports
from .staging import BATCH_BYTES_MAX, plan


class StandingMachine(Generic[M]):
    """A machine that stands at an offset of its journal, and the outputs not yet known to be safe."""

    def __init__(
        self,
        partition: int,
        machine: M,
        ports: Ports,
        *,
        topics: Sequence[str],
        journal: str = JOURNAL.name,
        batch_bytes_max: int = BATCH_BYTES_MAX,
        applied: Sequence[Applied] = (),
    ) -> None:
        """`topics` are where the machine's lists of outputs go, `applied` who is shown each frame.

        `journal` is its name on the broker, which outputs give as their source.
        """
        self.partition = partition
        self.machine = machine
        self.ports = ports
        self.cursor = machine.next_offset
        self.events = 0
        """Events applied since the last checkpoint."""
        self._topics = tuple(topics)
        self._batch_bytes_max = batch_bytes_max
        self._stamp = Stamp(journal)
        self._applied = tuple(applied)

    @property
    def next_offset(self) -> int:
        """The journal offset of the frame that it waits for."""
        return self.machine.next_offset

    async def take(
        self, offset: int, ts_us: int, raw: bytes, headers: Sequence[Header] = ()
    ) -> Place:
        """Take a delivered record of the journal; it is applied only if it is the next one.

        `headers` are the record's own: they hold the traces of its events.
        On `HOLE` the caller rewinds the transport to `next_offset`.  Raises `FrameFault` for a
        record that is no frame.
        """
        place = place_of(offset, self.cursor, self.machine.next_offset)
        if place is not Place.NEXT:
            return place
        frame = decode_frame(raw)
        position = JournalPosition(self.partition, offset, ts_us)
        outputs = self.machine.apply(frame, position)
        self.events += len(frame.events)
        for applied in self._applied:
            applied(frame, position, outputs)
        traces = traces_of(headers) if headers else NONE
        # Strict: a machine that speaks where it was given no topic is a bug, and may not be heard.
        for topic, messages in zip(self._topics, outputs, strict=True):
            if messages:
                await self.ports.publish(topic, [self._output(one, traces) for one in messages])
        return place

    def _output(self, message: Command | Fact, traces: Traces) -> Output:
        stamped = self._stamp.headers(message, traces.get(message.cause))
        return message.account or "", encode(message), stamped

    async def checkpoint(self) -> None:
        """Make everything so far durable, in the four steps above."""
        if self.machine.next_offset == self.cursor:
            return
        await self.ports.published()
        rows = self.machine.take_changed_rows()
        for batch in plan(rows, self.machine.next_offset, self._batch_bytes_max):
            offset = await self.ports.append(batch)
            self.ports.store(batch, offset)
        self.cursor, self.events = self.machine.next_offset, 0
        await self.ports.acknowledge(self.cursor)
