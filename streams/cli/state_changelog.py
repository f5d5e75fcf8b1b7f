"""An account from the changelog of the desks: how it stood at the last checkpoint, worker or not.

Only reads: it claims nothing, joins no group, and leaves the rows that a cut-off checkpoint staged
where they are.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from state.desk import Desk
from state.market.hours import Calendars, calendars
from state.rows import RowsError, decode_rows
from state.rules.money import MICROS
from streams.ground.kafka import BrokerError, log_spans, reader
from streams.ground.kafka.closing import stop_consumer
from streams.ground.settings import Settings, client_options
from streams.journal.standing.changelog import Believed, restore
from streams.journal.standing.claims import OWNER, ClaimsError
from streams.journal.standing.staging import settle

from .inputs import UsageError

Table = dict[str, bytes]

ACCOUNT = "account/"
PRICE = "price/"


class Durable(NamedTuple):
    """The names of all accounts, and by partition a desk for each that knows the one asked for.

    These desks know that account and the prices, and no other account.
    """

    topic: str
    names: list[str]
    desks: dict[int, Desk]


async def read_changelog(settings: Settings, account: str) -> Durable:
    """Read all partitions; raises `BrokerError` or `UsageError` if that is not possible."""
    # Imported here: Faust takes a quarter of a second, which no other command should wait for.
    from streams.journal.faust.application import changelog_of  # noqa: PLC0415

    topic = changelog_of(settings)
    try:
        tables = await _tables(settings, topic)
        keys = [key for rows in tables.values() for key in rows if key.startswith(ACCOUNT)]
        desks = {
            number: _desk_of(rows, account)
            for number, rows in sorted(tables.items())
            if ACCOUNT + account in rows
        }
    except (ClaimsError, RowsError) as error:
        raise UsageError(f"topic {topic}: {error}") from error
    return Durable(topic, sorted({key.removeprefix(ACCOUNT) for key in keys}), desks)


async def _tables(settings: Settings, topic: str) -> dict[int, Table]:
    """Return the rows to believe, by partition."""
    found: dict[int, Table] = {}

    def take(number: int, rows: Believed) -> None:
        table = found.setdefault(number, {})
        for key, row in rows:
            if row is None:
                table.pop(key, None)
            else:
                table[key] = row

    consumer = await reader(client_options(settings))
    try:
        await _require(consumer, topic, settings)
        await restore(consumer, topic, await log_spans(consumer, topic), take)
    except KafkaError as error:
        raise BrokerError(f"topic {topic} cannot be read ({error}): look at the broker.") from error
    finally:
        await stop_consumer(consumer)
    for table in found.values():
        table.pop(OWNER, None)
    return {number: settle(table) for number, table in found.items()}


async def _require(consumer: AIOKafkaConsumer, topic: str, settings: Settings) -> None:
    if topic not in await consumer.topics():
        raise UsageError(
            f"there is no topic {topic} at {settings.bootstrap}: no worker of this --group and"
            " --topic-prefix has run there yet; start one, or correct them."
        )


def _desk_of(rows: Mapping[str, bytes], account: str) -> Desk:
    """Restore what one account's view is made of; all accounts would take long."""
    wanted = {
        key: row
        for key, row in rows.items()
        if key in ("cursor", ACCOUNT + account) or key.startswith(PRICE)
    }
    return Desk.restore(wanted, _times(wanted))


def _times(rows: Mapping[str, bytes]) -> Calendars:
    """Return calendars around the desk's own time: the last checkpoint may be of any year."""
    cursor, _, _ = decode_rows(rows)
    year = datetime.fromtimestamp(cursor.now_us // MICROS, UTC).year
    return calendars(year - 1, year + 1)
