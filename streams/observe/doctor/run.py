"""All checks in their order: this machine first, then the broker, if there is one to ask."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from streams.agents.stealing import changelog_of, group_of
from streams.ground.kafka import BrokerError, log_spans, reader, topic_admin
from streams.ground.kafka.client import Consumer, KafkaError
from streams.ground.kafka.closing import stop_consumer
from streams.ground.kafka.topic_admin import Finding
from streams.ground.settings import Settings, SettingsError, client_options
from streams.journal.writing.sequencing import sequencer_group
from topics.catalogue import JOURNAL

from .broker import ask_cluster, check_cluster
from .catalogue import check_changelog, check_leaders, check_topics, names_of
from .chosen import check_connection, check_pages
from .clock import SLACK_MS, check_clock
from .desks import ask_desks, check_desks, check_stored
from .folder import PARTS, check_part, check_space, check_usable
from .groups import Group, ask_group, check_sequencing
from .names import check_names
from .pages import Seen, check_worker, look
from .reach import why_not
from .said import FAIL, Line, fail
from .sessions import check_sessions
from .store import Stored
from .versions import check_versions

Say = Callable[[Line], None]


class Examiner:
    """Goes through the checks and says each line as soon as it is known."""

    def __init__(self, settings: Settings, say: Say, now: datetime) -> None:
        self._settings = settings
        self._say = say
        self._now = now
        self._stored: Stored = {}
        self._speakable = False

    def _all(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._say(line)

    async def machine(self) -> None:
        """Look at what is here: packages, settings, calendar, worker, folder."""
        settings = self._settings
        self._all(check_versions())
        self._all(check_names())
        self._all(check_sessions(settings, self._now))
        connection = list(check_connection(settings))
        self._speakable = all(line.level != FAIL for line in connection)
        self._all(connection)
        whole, half = await look(settings), await look(settings, "sequencer")
        self._all(check_pages(settings, whole))
        self._all(check_worker(whole))
        if half.worker:
            self._all(check_worker(half))
        self._all(check_usable(settings.data_dir))
        self._all(check_space(settings.data_dir))
        for part in PARTS:
            self._all(check_part(settings.data_dir, part, _alive(whole, half), self._stored))

    async def broker(self) -> None:
        """Look at what the broker has."""
        if not self._speakable:
            return  # said with the settings
        try:
            client = await topic_admin.connect(self._settings)
        except (BrokerError, KafkaError, OSError) as error:
            async for line in why_not(self._settings, error):
                self._say(line)
            return
        try:
            await self._cluster(client)
        except (BrokerError, KafkaError, TimeoutError, OSError) as error:
            self._say(_broke_off(error))
        finally:
            await client.close()

    async def _cluster(self, client: Any) -> None:
        self._all(check_cluster(await ask_cluster(client)))
        findings = await topic_admin.check(self._settings)
        self._all(check_topics(self._settings, findings))
        names = names_of(self._settings, findings)
        self._all(await check_leaders(client, names))
        partitions = {one.topic: one.partitions for one in findings}[JOURNAL.name]
        if partitions:
            await self._progress(client, findings, partitions)

    async def _progress(self, client: Any, findings: list[Finding], partitions: int) -> None:
        """Look how far everything is; only possible where there is a journal."""
        settings = self._settings
        changelog = changelog_of(settings)
        self._all(await check_changelog(client, changelog, partitions))
        sequencer = await ask_group(client, sequencer_group(settings))
        agent = await ask_group(client, group_of(settings))
        consumer = await reader(client_options(settings))
        try:
            await self._places(consumer, findings, sequencer, agent, changelog)
        finally:
            await stop_consumer(consumer)

    async def _places(
        self,
        consumer: Consumer,
        findings: list[Finding],
        sequencer: Group,
        agent: Group,
        changelog: str,
    ) -> None:
        settings = self._settings
        # The desks first: what is read later is further on, and nobody stands beyond an end.
        desks = await ask_desks(consumer, changelog)
        spans = {
            one.topic: await log_spans(consumer, settings.topic(one.topic))
            for one in findings
            if one.partitions
        }
        self._all(check_sequencing(settings, sequencer, spans))
        self._all(check_desks(agent, spans[JOURNAL.name], desks))
        if desks.fault is None:
            self._all(check_stored(self._stored, desks))
        wait_ms = settings.idle_frame_ms + SLACK_MS if sequencer.members else 0
        journal = settings.topic(JOURNAL.name)
        self._say(await check_clock(consumer, journal, spans[JOURNAL.name], wait_ms))


def _alive(whole: Seen, half: Seen) -> bool | None:
    if whole.url is None:
        return None
    return any(seen.worker and seen.ours is not False for seen in (whole, half))


def _broke_off(error: Exception) -> Line:
    told = str(error).rstrip(".") or type(error).__name__
    if isinstance(error, BrokerError):
        return Line(FAIL, "broker", told)
    return fail("broker", f"it broke off ({told})", "look at the brokers' log, and ask again")


async def examine(settings: Settings, say: Say, now: datetime | None = None) -> None:
    """Run every check and hand each line to `say`; raises nothing that a deployment can cause."""
    examiner = Examiner(settings, say, now or datetime.now(UTC))
    await examiner.machine()
    try:
        await examiner.broker()
    except SettingsError as error:
        say(Line(FAIL, "settings", str(error).rstrip(".")))
