"""Every topic: name, key, partitions, cleanup, what it carries, version."""

from typing import Literal, NamedTuple

import msgspec

from .commands import COMMAND_TYPES
from .events import (
    AccountSnapshot,
    EntryRequested,
    EntryWithdrawn,
    Fill,
    Forecast,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderExpired,
    OrderRejected,
    PolicySet,
    Quote,
)
from .facts import FACT_TYPES
from .frames import Frame

Key = Literal["account", "symbol", "partition", "origin"]

DAY_MS = 24 * 60 * 60 * 1000


class Topic(NamedTuple):
    """One topic of the catalogue.

    `partitions` None means: as many as the deployment chooses, the same number for every such
    topic, because account events of partition *i* go to journal partition *i*.  `retention_ms` -1
    keeps records for ever.  `append_time` asks the broker to stamp records itself.
    `batch_bytes_max` is how much the broker must take at once; None is its default, a megabyte.
    """

    name: str
    key: Key
    models: tuple[type[msgspec.Struct], ...]
    purpose: str
    partitions: int | None = None
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = 7 * DAY_MS
    append_time: bool = False
    batch_bytes_max: int | None = None
    version: int = 1


ORDERS = Topic(
    "orders",
    "account",
    (
        EntryRequested,
        EntryWithdrawn,
        OrderAccepted,
        OrderRejected,
        OrderCancelled,
        OrderCancelRejected,
        OrderExpired,
    ),
    "entries that bots request, and the venue's answers about orders",
)
FILLS = Topic("fills", "account", (Fill,), "trades")
ACCOUNTS = Topic(
    "accounts",
    "account",
    (AccountSnapshot, PolicySet),
    "equity and holdings; policy (one for all accounts goes to every partition)",
)
QUOTES = Topic("quotes", "symbol", (Quote,), "best bid and ask", retention_ms=DAY_MS)
FORECASTS = Topic("forecasts", "symbol", (Forecast,), "a model's expectations")
JOURNAL = Topic(
    "journal",
    "partition",
    (Frame,),
    "frames: every event in its one total order",
    retention_ms=30 * DAY_MS,
    append_time=True,
)
EXECUTION = Topic("execution", "account", COMMAND_TYPES, "commands for the venue")
STEALS = Topic("steals", "account", FACT_TYPES, "facts for subscribers")
DEAD_LETTERS = Topic(
    "dead-letters",
    "origin",
    (),
    "refused records: exact bytes, reason and origin in headers",
    retention_ms=30 * DAY_MS,
    # A source's largest record, and what the headers add to it.
    batch_bytes_max=8 << 20,
)

INBOUND = (ORDERS, FILLS, ACCOUNTS, QUOTES, FORECASTS)
CATALOGUE = (*INBOUND, JOURNAL, EXECUTION, STEALS, DEAD_LETTERS)

TOPIC_OF: dict[type[msgspec.Struct], Topic] = {
    model: topic for topic in CATALOGUE for model in topic.models
}
"""The topic on which a message travels."""
