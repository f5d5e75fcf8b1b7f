"""An agent on the journal as a part of the worker: its clients, the Faust application, its tasks.

Faust tells of assignment and revocation; `Keeper` keeps the machines; what happens every so often
(the lease's beat, checkpoints, the watchdog) happens in two tasks here.  Which machine it is, and what
it may say, is handed in.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, NamedTuple, Self, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from faust.types import TP

from state.machine import M
from streams.ground.kafka import BrokerError, Span, log_spans, reader, topic_admin
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.journal.clients import start_producer
from streams.journal.folder import Folder
from streams.journal.standing.keeper import Keeper
from streams.journal.standing.kind import MachineKind
from streams.journal.standing.observer import Applied, MachineObserver
from streams.journal.writing.positions import LostError
from topics.catalogue import JOURNAL

from .application import FaustOutside, add_agent, make_app
from .store import OPTIONS
from .variants import JournalApp, RowTable

WATCHDOG_S = 0.5

RESTORE_S = 0.02
"""How often to look whether machines can be brought to life."""

CATCH_UP_S = 5.0
"""How long a clean stop may go on applying frames."""

log = logging.getLogger("worksteal")


class AgentClients(NamedTuple):
    """The agent's own Kafka clients, started, and how many partitions the journal has."""

    partitions: int
    producer: AIOKafkaProducer
    changelog: AIOKafkaConsumer
    """Reads what the store is filled with."""

    journal: AIOKafkaConsumer
    """Looks at the journal's ends."""


async def connect(settings: Settings) -> AgentClients:
    """Start an agent's clients; raises `BrokerError` if nobody answers or topics are not right."""
    return AgentClients(
        (await topic_admin.require(settings))[JOURNAL.name],
        await start_producer(settings),
        await reader(client_options(settings)),
        await reader(client_options(settings)),
    )


class AgentService(Generic[M]):
    """A running agent, from `start` to `stop`."""

    def __init__(
        self,
        settings: Settings,
        *,
        folder: Folder,
        app: JournalApp,
        keeper: Keeper[M],
        clients: AgentClients,
        observer: MachineObserver,
    ) -> None:
        """Take whole parts; `start` makes them."""
        self.keeper = keeper
        self._settings = settings
        self._folder = folder
        self._app = app
        self._clients = clients
        self._observer = observer
        self._journal = settings.topic(JOURNAL.name)
        self._assigned: set[int] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(
        cls,
        settings: Settings,
        kind: MachineKind[M],
        folder: Folder,
        clients: AgentClients,
        *,
        die: Callable[[BaseException], None],
        observer: MachineObserver,
        applied: Sequence[Applied] = (),
    ) -> Self:
        """Begin to join the group and to restore; a failure later on goes to `die`.

        `applied` are shown every frame.  Raises `BrokerError` if the changelog is not right.
        """
        await topic_admin.ensure_changelog(settings, kind.changelog)
        app = make_app(settings, kind.group, folder, clients.partitions)
        outside = FaustOutside(
            kind,
            app=app,
            table=_make_table(app, kind.table, clients),
            settings=settings,
            producer=clients.producer,
            observer=observer,
            applied=applied,
        )
        keeper = Keeper(
            outside,
            checkpoint_events=settings.checkpoint_events,
            lease_s=settings.session_timeout_ms / 1000,
            stall_s=settings.stall_ms / 1000,
            checkpointed=observer.checkpointed,
        )
        add_agent(app, kind.agent, settings, keeper, die)
        agent = cls(
            settings, folder=folder, app=app, keeper=keeper, clients=clients, observer=observer
        )
        agent._go(die)
        return agent

    def _go(self, die: Callable[[BaseException], None]) -> None:
        """Start Faust and the tasks; each ends the process if it fails."""
        self._app.on_partitions_revoked.connect(cast(Any, self._on_revoked))
        self._app.on_partitions_assigned.connect(cast(Any, self._on_assigned))
        works = (
            self._restore_machines(),
            self._checkpoint_regularly(),
            self._look_after(),
            self._mourn(),
            self._run_faust(),
        )
        for work in works:
            self._tasks.append(asyncio.create_task(self._guarded(work, die)))

    async def _guarded(self, work: Any, die: Callable[[BaseException], None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, the process ends
            die(error)

    async def _run_faust(self) -> None:
        self._app.finalize()
        await self._app.start()

    async def _mourn(self) -> None:
        """Fail when Faust does: its services crash without ending anything."""
        while not self._app.crashed:  # noqa: ASYNC110 - Faust has no event to wait for
            await asyncio.sleep(0.2)
        raise self._app.crash_reason or RuntimeError("the Faust application crashed")

    async def _restore_machines(self) -> None:
        """Bring machines to life as soon as their rows are there, before a frame asks for them."""
        while True:
            await asyncio.sleep(RESTORE_S)
            if not self._app.tables.actives_ready:
                continue
            for number in sorted(self._assigned - set(self.keeper.held)):
                await self.keeper.restore(number)

    async def _checkpoint_regularly(self) -> None:
        """Beat and checkpoint; also without frames, so that nothing waits for the next one."""
        pause_s = self._settings.checkpoint_ms / 1000
        while True:
            await asyncio.sleep(pause_s)
            self.keeper.beat()
            await self.keeper.checkpoint_all()

    async def _look_after(self) -> None:
        """Compare where each machine stands with the journal, and rewind one that was left behind."""
        while True:
            await asyncio.sleep(WATCHDOG_S)
            if not self.ready_now or not self.keeper.held:
                continue
            stood = {n: held.standing.next_offset for n, held in self.keeper.held.items()}
            try:
                spans = await log_spans(self._clients.journal, self._journal)
            except BrokerError:
                continue  # the broker is away; what needs it will tell
            _require_journal(stood, spans)
            await self.keeper.look_after({number: span.end for number, span in spans.items()})

    async def _on_revoked(self, app: Any, revoked: set[TP], **kwargs: Any) -> None:  # noqa: ARG002
        """Make everything durable before others may take over."""
        self.keeper.beat()
        await self.keeper.checkpoint_all()

    async def _on_assigned(self, app: Any, assigned: set[TP], **kwargs: Any) -> None:  # noqa: ARG002
        mine = {tp.partition for tp in assigned if tp.topic == self._journal}
        self.keeper.drop(set(self.keeper.held) - mine)
        self._assigned = mine
        self._observer.assigned()
        log.info("journal partitions %s", sorted(mine) or "none")

    @property
    def ready_now(self) -> bool:
        """Whether partitions are assigned and their machines restored."""
        return bool(self._app.tables.actives_ready) and self._assigned <= set(self.keeper.held)

    async def ready(self) -> None:
        """Return when that is so for the first time."""
        while not self.ready_now:  # noqa: ASYNC110 - Faust has no event to wait for
            await asyncio.sleep(0.02)

    @property
    def partitions(self) -> list[int]:
        """The journal partitions that are assigned to it; none before it is ready."""
        if not self.ready_now:
            return []
        assigned = self._app.consumer.assignment()
        return sorted(tp.partition for tp in assigned if tp.topic == self._journal)

    @property
    def partitions_in_all(self) -> int:
        """How many the journal has."""
        return self._clients.partitions

    def machines(self) -> dict[int, M]:
        """Return the machines by partition.

        One comes to life a moment after its partition was assigned, so there may be fewer than
        partitions.
        """
        return {number: held.standing.machine for number, held in sorted(self.keeper.held.items())}

    def journal_end(self, partition: int) -> int | None:
        """Return the journal's end as the last fetch told it; None if it is not known."""
        try:
            end: int | None = self._app.consumer.highwater(TP(self._journal, partition))
        except (AssertionError, AttributeError):
            # The consumer lives in a thread of its own, and has lost the partition this moment.
            return None
        return end

    async def catch_up(self) -> None:
        """Apply what the journal holds by now, for a while; nothing depends on it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                spans = await log_spans(self._clients.journal, self._journal)
                while any(  # noqa: ASYNC110 - a machine tells nobody that it moved
                    held.standing.next_offset < spans[number].end
                    for number, held in self.keeper.held.items()
                ):
                    await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Make the last checkpoint, leave the group, and say that the store can be trusted."""
        self.keeper.close()
        await self.keeper.checkpoint_all()
        for task in self._tasks:
            task.cancel()
        await self._app.stop()
        await self._clients.producer.stop()
        await stop_consumer(self._clients.changelog)
        await stop_consumer(self._clients.journal)
        self._folder.stopped_cleanly()


def _make_table(app: JournalApp, name: str, clients: AgentClients) -> RowTable:
    table: Any = app.Table(name, partitions=clients.partitions, key_type=bytes, value_type=bytes)
    table.options = dict(OPTIONS)
    table.data.reader = clients.changelog
    return table  # type: ignore[no-any-return]


def _require_journal(stood: dict[int, int], spans: dict[int, Span]) -> None:
    """Fail if the journal is not the one that the desks stood on when its ends were asked for."""
    for number, wanted in stood.items():
        first, end = spans[number]
        if wanted < first:
            raise LostError(
                f"journal partition {number} begins at {first}, but its desk stands at {wanted}:"
                " retention took away what was not applied. Restore the journal, or begin anew"
                " with another group and topic prefix."
            )
        if wanted > end:
            raise LostError(
                f"journal partition {number} ends at {end}, but its desk stands at {wanted}: the"
                " journal was made anew. Begin anew with another group and topic prefix."
            )
