"""The Faust application: one agent on the journal, one table for the desks.

Faust gives group membership, assignment of partitions, the local store's life and the stream of
frames.  What must not be lost or doubled does not rest on it (see `partition`, `claims`, `store`).
"""

import os
import time
import uuid
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from faust.auth import SASLCredentials, SSLCredentials
from faust.types import TP
from faust.types.auth import AuthProtocol

from state.market.hours import Calendars
from streams.ground.settings import Settings, ssl_context
from streams.journal.folder import Folder
from streams.journal.standing.changelog import Changelog
from streams.journal.standing.claims import OWNER, opening
from streams.journal.standing.keeper import Delivered, Keeper
from streams.journal.standing.partition import PartitionDesk, Watch, clean_up, recover
from streams.journal.standing.staging import batches
from streams.observe.metrics.counts import AgentCounts
from topics.catalogue import JOURNAL

from .transport import Transport
from .variants import DeskApp, DeskTable, PromptTables

TABLE = "desk"


def group_of(settings: Settings) -> str:
    """Return the agent's consumer group, which is also Faust's name of the application."""
    return settings.topic_prefix + settings.group


def changelog_of(settings: Settings) -> str:
    """Return the changelog's name, which is Faust's: application, table, `changelog`."""
    return f"{group_of(settings)}-{TABLE}-changelog"


def make_app(settings: Settings, folder: Folder, partitions: int) -> DeskApp:
    """Return the application without its agent; `partitions` is how many the journal has."""
    servers = ";".join(f"kafka://{server.strip()}" for server in settings.bootstrap.split(","))
    session_s = settings.session_timeout_ms / 1000
    return DeskApp(
        group_of(settings),
        broker=servers,
        broker_credentials=_credentials(settings),
        broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / 4,
        broker_commit_interval=1.0,
        broker_request_timeout=max(30.0, 3 * session_s),
        consumer_group_instance_id=folder.instance,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 << 20,
        stream_buffer_maxsize=64,
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_partitions=partitions,
        topic_allow_declare=False,  # the topics are there; see topic_admin
        topic_disable_leader=True,
        store="rocksdb://",
        datadir=folder.store,
        Table=DeskTable,
        TableManager=PromptTables,
        web_enabled=False,  # its views show and take state; ours is in streams.observe.pages
        worker_redirect_stdouts=False,
        env={},
    )


def _credentials(settings: Settings) -> Any:
    """Return the same security as `streams.ground.settings.client_options`, in Faust's words."""
    protocol = settings.security_protocol
    context = ssl_context(settings) if protocol.endswith("SSL") else None
    if protocol.startswith("SASL"):
        assert settings.sasl_password is not None
        return SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return SSLCredentials(context=context) if protocol == AuthProtocol.SSL.value else None


class FaustOutside:
    """The keeper's way to Faust: restore and claim, rewind, acknowledge."""

    def __init__(
        self,
        app: DeskApp,
        table: DeskTable,
        settings: Settings,
        producer: AIOKafkaProducer,
        times: Calendars,
        counts: AgentCounts | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._app = app
        self._table = table
        self._settings = settings
        self._producer = producer
        self._times = times
        self._counts = counts or AgentCounts()
        self._watch = watch
        self._source = settings.topic(JOURNAL.name)

    async def found(self, partition: int, release: Callable[[int], None]) -> PartitionDesk:
        """Bring a partition's desk to life from its restored rows, as their new owner."""
        began_s = time.monotonic()
        store: Any = self._table.data
        restored = store.restored(partition)
        rows = store.rows(partition)
        # Of this one claim: an earlier desk of this very process may still be about, too.
        name = f"{os.getpid()}-{uuid.uuid4().hex}".encode()
        changelog = Changelog(
            self._producer, changelog_of(self._settings), partition, name, restored.next_offset
        )
        commanded = self._counts.takes_off(partition)
        transport = Transport(
            partition, self._settings, self._producer, changelog, store, release, commanded
        )
        for batch in batches(opening(name, restored.next_offset, rows, restored.overwritten)):
            transport.store(batch, await transport.append(batch))
        await clean_up(rows, transport)
        rows.pop(OWNER, None)
        desk = recover(rows, self._times)
        took_s = time.monotonic() - began_s + store.restoring_s.get(partition, 0.0)
        self._counts.recovery(partition, took_s, len(rows))
        return PartitionDesk(partition, desk, transport, journal=self._source, watch=self._watch)

    async def rewind(self, partition: int, offset: int) -> None:
        """Seek the journal's consumer."""
        await self._app.consumer.seek(TP(self._source, partition), offset)

    def release(self, handle: Any) -> None:
        """Acknowledge an event, so that Faust may commit its offset."""
        handle.ack()


def add_agent(
    app: DeskApp, settings: Settings, keeper: Keeper, guard: Callable[[BaseException], None]
) -> None:
    """Put the stealing agent on the journal.  `guard` ends the process when it fails."""
    source = app.topic(
        settings.topic(JOURNAL.name),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    @app.agent(source, isolated_partitions=True, name="stealing")
    async def stealing(stream: Any) -> None:
        try:
            async for event in stream.noack().events():
                message = event.message
                record = Delivered(
                    message.partition,
                    message.offset,
                    round(message.timestamp * 1000) * 1000,
                    event.value,
                    event,
                    message.headers or (),
                )
                await keeper.take(record)
        except Exception as error:  # noqa: BLE001 - Faust would acknowledge the event and go on
            guard(error)
