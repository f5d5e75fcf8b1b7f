"""An account from the changelog of the desks: how it stood at the last checkpoint, worker or not.

Only reads: it claims nothing, joins no group, and leaves the rows that a cut-off checkpoint staged
where they are.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from state.desk import Desk
from state.machine import CURSOR
from state.market.hours import Calendars, calendars
from state.rows import RowsError, decode_rows
from state.rules.money import MICROS
from streams.agents.stealing import changelog_of, restored_desk
from streams.ground.kafka import BrokerError, log_spans, reader
from streams.ground.kafka.client import Consumer, KafkaError
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.journal.standing.claims import ClaimsError
from streams.journal.standing.restoring import read_machines

from .inputs import UsageError

ACCOUNT = "account/"
PRICE = "price/"


class Durable(NamedTuple):
    """The names of all accounts, and by partition a desk for each that knows the one asked for.

    These desks know that account and the prices, and no other account.
    """

    topic: str
    names: list[str]
    desks: dict[int, Desk]


class _Partition(NamedTuple):
    """The names of a partition's accounts, and a desk that knows the one asked for, if it is here."""

    names: list[str]
    desk: Desk | None


async def read_changelog(settings: Settings, account: str) -> Durable:
    """Read all partitions; raises `BrokerError` or `UsageError` if that is not possible."""
    topic = changelog_of(settings)
    try:
        partitions = await _partitions(settings, topic, account)
    except (ClaimsError, RowsError) as error:
        raise UsageError(f"topic {topic}: {error}") from error
    names = sorted({name for partition in partitions.values() for name in partition.names})
    desks = {number: one.desk for number, one in partitions.items() if one.desk is not None}
    return Durable(topic, names, desks)


async def _partitions(settings: Settings, topic: str, account: str) -> dict[int, _Partition]:
    consumer = await reader(client_options(settings))
    try:
        await _require(consumer, topic, settings)
        spans = await log_spans(consumer, topic)
        return await read_machines(consumer, topic, spans, partial(_partition_of, account))
    except KafkaError as error:
        raise BrokerError(f"topic {topic} cannot be read ({error}): look at the broker.") from error
    finally:
        await stop_consumer(consumer)


async def _require(consumer: Consumer, topic: str, settings: Settings) -> None:
    if topic not in await consumer.topics():
        raise UsageError(
            f"there is no topic {topic} at {settings.bootstrap}: no worker of this --group and"
            " --topic-prefix has run there yet; start one, or correct them."
        )


def _partition_of(account: str, rows: Mapping[str, bytes]) -> _Partition:
    """Restore what one account's view is made of; all accounts would take long."""
    names = [key.removeprefix(ACCOUNT) for key in rows if key.startswith(ACCOUNT)]
    if account not in names:
        return _Partition(names, None)
    wanted = {
        key: row
        for key, row in rows.items()
        if key in (CURSOR, ACCOUNT + account) or key.startswith(PRICE)
    }
    return _Partition(names, restored_desk(wanted, _times(wanted)))


def _times(rows: Mapping[str, bytes]) -> Calendars:
    """Return calendars around the desk's own time: the last checkpoint may be of any year."""
    cursor, _, _ = decode_rows(rows)
    year = datetime.fromtimestamp(cursor.now_us // MICROS, UTC).year
    return calendars(year - 1, year + 1)
