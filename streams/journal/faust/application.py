"""The Faust application: one agent on the journal, one table for its machines.

Faust gives group membership, assignment of partitions, the local store's life and the stream of
frames.  What must not be lost or doubled does not rest on it (see `machine`, `claims`, `store`).
"""

import os
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Generic

from aiokafka import AIOKafkaProducer
from faust.auth import SASLCredentials, SSLCredentials
from faust.types import TP
from faust.types.auth import AuthProtocol

from state.machine import M
from streams.ground.settings import Settings, ssl_context
from streams.journal.folder import Folder
from streams.journal.standing.changelog import Changelog
from streams.journal.standing.claims import OWNER
from streams.journal.standing.keeper import Delivered, Keeper
from streams.journal.standing.kind import MachineKind
from streams.journal.standing.machine import StandingMachine
from streams.journal.standing.observer import Applied, MachineObserver
from streams.journal.standing.restoring import take_over
from topics.catalogue import JOURNAL

from .transport import Transport
from .variants import JournalApp, PromptTables, RowTable


def make_app(settings: Settings, group: str, folder: Folder, partitions: int) -> JournalApp:
    """Return the application without its agent; `partitions` is how many the journal has."""
    servers = ";".join(f"kafka://{server.strip()}" for server in settings.bootstrap.split(","))
    session_s = settings.session_timeout_ms / 1000
    return JournalApp(
        group,
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
        Table=RowTable,
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


class FaustOutside(Generic[M]):
    """The keeper's way to Faust: restore and claim, rewind, acknowledge."""

    def __init__(
        self,
        kind: MachineKind[M],
        *,
        app: JournalApp,
        table: RowTable,
        settings: Settings,
        producer: AIOKafkaProducer,
        observer: MachineObserver,
        applied: Sequence[Applied] = (),
    ) -> None:
        """`applied` are shown every frame, `observer` is told of everything else."""
        self._kind = kind
        self._app = app
        self._table = table
        self._settings = settings
        self._producer = producer
        self._observer = observer
        self._applied = applied
        self._source = settings.topic(JOURNAL.name)

    async def restore(self, partition: int, release: Callable[[int], None]) -> StandingMachine[M]:
        """Bring a partition's machine to life from its restored rows, as their new owner."""
        began_s = time.monotonic()
        kind = self._kind
        store: Any = self._table.data
        restored = store.restored(partition)
        rows = store.rows(partition)
        # Of this one claim: an earlier machine of this very process may still be about, too.
        name = f"{os.getpid()}-{uuid.uuid4().hex}".encode()
        changelog = Changelog(
            self._producer, kind.changelog, partition, name=name, expected=restored.next_offset
        )
        transport = Transport(
            partition,
            topics=kind.topics,
            settings=self._settings,
            producer=self._producer,
            changelog=changelog,
            store=store,
            release=release,
            acknowledged=self._observer.takes_off(partition),
        )
        machine = await take_over(rows, restored, name=name, ports=transport, make=kind.restore)
        took_s = time.monotonic() - began_s + store.restoring_s.get(partition, 0.0)
        self._observer.recovery(partition, took_s, len(rows) - (OWNER in rows))
        return StandingMachine(
            partition,
            machine,
            transport,
            topics=kind.topics,
            journal=self._source,
            applied=self._applied,
        )

    async def rewind(self, partition: int, offset: int) -> None:
        """Seek the journal's consumer."""
        await self._app.consumer.seek(TP(self._source, partition), offset)

    def release(self, handle: Any) -> None:
        """Acknowledge an event, so that Faust may commit its offset."""
        handle.ack()


def add_agent(
    app: JournalApp,
    name: str,
    settings: Settings,
    keeper: Keeper[M],
    guard: Callable[[BaseException], None],
) -> None:
    """Put an agent of this name on the journal.  `guard` ends the process when it fails."""
    source = app.topic(
        settings.topic(JOURNAL.name),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    async def take_all(stream: Any) -> None:
        try:
            async for event in stream.noack().events():
                message = event.message
                record = Delivered(
                    partition=message.partition,
                    offset=message.offset,
                    ts_us=round(message.timestamp * 1000) * 1000,
                    value=event.value,
                    handle=event,
                    headers=message.headers or (),
                )
                await keeper.take(record)
        except Exception as error:  # noqa: BLE001 - Faust would acknowledge the event and go on
            guard(error)

    app.agent(source, isolated_partitions=True, name=name)(take_all)
