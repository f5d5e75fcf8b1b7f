"""The stealing agent as a part of the worker: its clients, the Faust application, its tasks.

Faust tells of assignment and revocation; `Keeper` keeps the desks; what happens every so often (the
lease's beat, checkpoints, the watchdog) happens in two tasks here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

from aiokafka import AIOKafkaConsumer
from faust.types import TP

from state.dealing.outbox import Outputs
from state.market.hours import Calendars
from state.rules.policy import Policy
from streams.ground.kafka import BrokerError, Span, log_spans, reader, topic_admin
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.journal.clients import start_producer
from streams.journal.folder import Folder
from streams.journal.standing.keeper import Keeper
from streams.journal.standing.partition import Watch
from streams.journal.writing.positions import LostError
from streams.observe.decisions import Decisions
from streams.observe.metrics.counts import AgentCounts
from topics.catalogue import JOURNAL
from topics.frames import Frame, JournalPosition

from .application import FaustOutside, add_agent, changelog_of, make_app
from .store import OPTIONS
from .variants import DeskTable

WATCH_S = 0.5

FOUND_S = 0.02
"""How often to look whether desks can be brought to life."""

CATCH_UP_S = 5.0
"""How long a clean stop may go on applying frames."""

log = logging.getLogger("worksteal")


class AgentService:
    """Runs the agent from `start` to `stop`."""

    def __init__(
        self, settings: Settings, times: Awaitable[Calendars], expected: Policy | None = None
    ) -> None:
        """`expected` is the policy that the operator believes to be in force."""
        self._settings = settings
        self._expected = expected
        self._times = times
        self.folder = Folder(settings.data_dir / "agent")
        self._tasks: list[asyncio.Task[None]] = []
        self._assigned: set[int] = set()
        self._compared = False
        self._journal = settings.topic(JOURNAL.name)
        self.counts = AgentCounts()
        self.decisions = Decisions()
        self.watchers: list[Watch] = [self.counts.applied, self.decisions.applied]

    async def start(self, die: Callable[[BaseException], None]) -> None:
        """Connect, join the group and restore; a failure later on goes to `die`."""
        settings = self._settings
        self._partitions = (await topic_admin.require(settings))[JOURNAL.name]
        await topic_admin.ensure_changelog(settings, changelog_of(settings))
        self._producer = await start_producer(settings)
        self._reader: AIOKafkaConsumer = await reader(client_options(settings))
        self._watcher: AIOKafkaConsumer = await reader(client_options(settings))
        self.app = make_app(settings, self.folder, self._partitions)
        table = self._make_table()
        outside = FaustOutside(
            self.app,
            table,
            settings,
            self._producer,
            await self._times,
            self.counts,
            self._show,
        )
        self.keeper = Keeper(
            outside,
            checkpoint_events=settings.checkpoint_events,
            lease_s=settings.session_timeout_ms / 1000,
            stall_s=settings.stall_ms / 1000,
            checkpointed=self.counts.checkpointed,
        )
        add_agent(self.app, settings, self.keeper, die)
        self.app.on_partitions_revoked.connect(cast(Any, self._on_revoked))
        self.app.on_partitions_assigned.connect(cast(Any, self._on_assigned))
        await self._go(die)

    def _make_table(self) -> DeskTable:
        table: Any = self.app.Table(
            "desk", partitions=self._partitions, key_type=bytes, value_type=bytes
        )
        table.options = dict(OPTIONS)
        table.data.reader = self._reader
        return table  # type: ignore[no-any-return]

    def _show(self, frame: Frame, position: JournalPosition, outputs: Outputs) -> None:
        for watch in self.watchers:
            watch(frame, position, outputs)

    async def _go(self, die: Callable[[BaseException], None]) -> None:
        """Start Faust and the tasks; each ends the process if it fails."""
        works = (
            self._found_desks(),
            self._checkpoint_regularly(),
            self._watch(),
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
        self.app.finalize()
        await self.app.start()

    async def _mourn(self) -> None:
        """Fail when Faust does: its services crash without ending anything."""
        while not self.app.crashed:  # noqa: ASYNC110 - Faust has no event to wait for
            await asyncio.sleep(0.2)
        raise self.app.crash_reason or RuntimeError("the Faust application crashed")

    async def _found_desks(self) -> None:
        """Bring desks to life as soon as their rows are there, before a frame asks for them."""
        while True:
            await asyncio.sleep(FOUND_S)
            if not self.app.tables.actives_ready:
                continue
            for number in sorted(self._assigned - set(self.keeper.held)):
                await self.keeper.found(number)
            if self._expected is not None and not self._compared and self.ready_now:
                self._compared = True
                self._compare_policies(self._expected)

    def _compare_policies(self, expected: Policy) -> None:
        """Say so if another policy is in force than the operator's file has."""
        for number, held in sorted(self.keeper.held.items()):
            in_force = held.desk.desk.shared.default_policy
            theirs = in_force.model_dump()
            differ = [
                name for name, value in expected.model_dump().items() if theirs[name] != value
            ]
            if differ:
                log.warning(
                    "journal partition %s goes by policy %s, which differs from %s in %s:"
                    " `worksteal policy set %s` puts that in force",
                    number,
                    in_force.name,
                    self._settings.policy,
                    ", ".join(differ),
                    self._settings.policy,
                )
                return

    # -- regularly -------------------------------------------------------------------------------

    async def _checkpoint_regularly(self) -> None:
        """Beat and checkpoint; also without frames, so that nothing waits for the next one."""
        pause_s = self._settings.checkpoint_ms / 1000
        while True:
            await asyncio.sleep(pause_s)
            self.keeper.beat()
            await self.keeper.checkpoint_all()

    async def _watch(self) -> None:
        """Compare each desk's place with the journal's, and rewind one that was left behind."""
        while True:
            await asyncio.sleep(WATCH_S)
            if not self.ready_now or not self.keeper.held:
                continue
            stood = {n: held.desk.desk.next_offset for n, held in self.keeper.held.items()}
            try:
                spans = await log_spans(self._watcher, self._journal)
            except BrokerError:
                continue  # the broker is away; what needs it will tell
            _require_journal(stood, spans)
            await self.keeper.look_after({number: span.end for number, span in spans.items()})

    # -- assignment ------------------------------------------------------------------------------

    async def _on_revoked(self, app: Any, revoked: set[TP], **kwargs: Any) -> None:  # noqa: ARG002
        """Make everything durable before others may take over."""
        self.keeper.beat()
        await self.keeper.checkpoint_all()

    async def _on_assigned(self, app: Any, assigned: set[TP], **kwargs: Any) -> None:  # noqa: ARG002
        mine = {tp.partition for tp in assigned if tp.topic == self._journal}
        self.keeper.drop(set(self.keeper.held) - mine)
        self._assigned = mine
        self.counts.rebalances += 1
        log.info("journal partitions %s", sorted(mine) or "none")

    @property
    def ready_now(self) -> bool:
        """Whether partitions are assigned and their desks restored."""
        return bool(self.app.tables.actives_ready) and self._assigned <= set(self.keeper.held)

    async def ready(self) -> None:
        """Return when that is so for the first time."""
        while not self.ready_now:  # noqa: ASYNC110 - Faust has no event to wait for
            await asyncio.sleep(0.02)

    # -- the end ---------------------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Apply what the journal holds by now, for a while; nothing depends on it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                spans = await log_spans(self._watcher, self._journal)
                while any(  # noqa: ASYNC110 - a desk tells nobody that it moved
                    held.desk.desk.next_offset < spans[number].end
                    for number, held in self.keeper.held.items()
                ):
                    await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Make the last checkpoint, leave the group, and say that the store can be trusted."""
        self.keeper.close()
        await self.keeper.checkpoint_all()
        for task in self._tasks:
            task.cancel()
        await self.app.stop()
        await self._producer.stop()
        await stop_consumer(self._reader)
        await stop_consumer(self._watcher)
        self.folder.stopped_cleanly()


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
