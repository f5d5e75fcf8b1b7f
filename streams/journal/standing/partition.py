"""One journal partition's desk: apply frames, publish, checkpoint.

A checkpoint, each step complete before the next:

1. every publication so far is acknowledged by the broker;
2. the changed rows and the cursor go to the changelog, as one atomic batch (see `staging` for more);
3. the same rows go to the local store, with the changelog offset;
4. the frames up to here are acknowledged to the transport.

A crash anywhere means that the frames since the last cursor are applied again to the same state: the
same commands with the same ids.  Any exception ends the process; nothing here is retried.
"""

from collections.abc import Callable, Mapping, Sequence

from state.dealing.outbox import Outputs
from state.desk import Desk
from state.market.hours import Calendars
from state.rows import RowsError
from state.rules.policy import DEFAULT, Policy
from streams.journal.tracing import NONE, Traces, traces_of
from topics.catalogue import EXECUTION, JOURNAL, STEALS
from topics.codec import decode_frame, encode
from topics.commands import Command
from topics.facts import Fact
from topics.frames import Frame, JournalPosition
from topics.headers import Header, Stamp

from .claims import ClaimsError
from .cursor import Place, place_of
from .ports import Output, Ports, Rows
from .staging import BATCH_BYTES_MAX, batches, leftovers, plan, settle

Watch = Callable[[Frame, JournalPosition, Outputs], None]
"""Is shown every frame that was applied and what followed, before that is published."""


class PartitionDesk:
    """A desk that stands at a place in its journal, and the outputs not yet known to be safe."""

    def __init__(
        self,
        partition: int,
        desk: Desk,
        ports: Ports,
        batch_bytes_max: int = BATCH_BYTES_MAX,
        *,
        journal: str = JOURNAL.name,
        watch: Watch | None = None,
    ) -> None:
        """`journal` is its name on the broker, which outputs give as their source."""
        self.partition = partition
        self.desk = desk
        self.ports = ports
        self.cursor = desk.next_offset
        self.events = 0
        """Events applied since the last checkpoint."""
        self._batch_bytes_max = batch_bytes_max
        self._stamp = Stamp(journal)
        self._watch = watch

    async def take(
        self, offset: int, ts_us: int, raw: bytes, headers: Sequence[Header] = ()
    ) -> Place:
        """Take a delivered record of the journal; it is applied only if it is the next one.

        `headers` are the record's own: they hold the traces of its events.
        On `HOLE` the caller rewinds the transport to `desk.next_offset`.  Raises `FrameFault` for a
        record that is no frame.
        """
        place = place_of(offset, self.cursor, self.desk.next_offset)
        if place is not Place.NEXT:
            return place
        frame = decode_frame(raw)
        position = JournalPosition(self.partition, offset, ts_us)
        outputs = self.desk.apply(frame, position)
        self.events += len(frame.events)
        if self._watch is not None:
            self._watch(frame, position, outputs)
        traces = traces_of(headers) if headers else NONE
        if outputs.commands:
            commands = [self._output(command, traces) for command in outputs.commands]
            await self.ports.publish(EXECUTION.name, commands)
        if outputs.facts:
            facts = [self._output(fact, traces) for fact in outputs.facts]
            await self.ports.publish(STEALS.name, facts)
        return place

    def _output(self, message: Command | Fact, traces: Traces) -> Output:
        stamped = self._stamp.headers(message, traces.get(message.cause))
        return message.account or "", encode(message), stamped

    async def checkpoint(self) -> None:
        """Make everything so far durable, in the four steps above."""
        if self.desk.next_offset == self.cursor:
            return
        await self.ports.published()
        rows = self.desk.take_changed_rows()
        for batch in plan(rows, self.desk.next_offset, self._batch_bytes_max):
            offset = await self.ports.append(batch)
            self.ports.store(batch, offset)
        self.cursor, self.events = self.desk.next_offset, 0
        await self.ports.acknowledge(self.cursor)


def recover(rows: Mapping[str, bytes], times: Calendars, policy: Policy = DEFAULT) -> Desk:
    """Return the desk that the changelog's rows describe; an empty one if there are none.

    `policy` is in force until the journal brings another, and only on an empty changelog.
    Raises `ClaimsError` if the rows are damaged or of another version.
    """
    settled = settle(rows)
    if "cursor" not in settled:
        return Desk(times, policy)
    try:
        return Desk.restore(settled, times)
    except RowsError as error:
        raise ClaimsError(str(error)) from error


async def clean_up(
    rows: Mapping[str, bytes], ports: Ports, batch_bytes_max: int = BATCH_BYTES_MAX
) -> None:
    """Finish the checkpoint that a crash cut short, before the desk goes on.

    Rows to be believed come first; only when they all stand is their staged copy taken away.
    """
    rest = leftovers(rows)
    kept: Rows = {key: row for key, row in rest.items() if row is not None}
    removed: Rows = {key: row for key, row in rest.items() if row is None}
    for batch in (*batches(kept, batch_bytes_max), *batches(removed, batch_bytes_max)):
        offset = await ports.append(batch)
        ports.store(batch, offset)
