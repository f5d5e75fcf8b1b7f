"""An answer as a record: topic, key, bytes."""

from typing import NamedTuple

import msgspec

from topics.catalogue import TOPIC_OF
from topics.codec import encode
from topics.events import AccountSnapshot, AnyEvent
from topics.limits import RECORD_BYTES_MAX

ORDERS_LISTED_MAX = 2000
"""A snapshot with more is no event any more (see `AccountSnapshot`)."""


class PaperAnswer(NamedTuple):
    """A record to publish.  `topic` is the catalogue's name, `key` the account."""

    topic: str
    key: str
    value: bytes


def answer_of(event: AnyEvent) -> PaperAnswer:
    """Return the record of an event.

    A snapshot too long for a record leaves out which orders are open: it may say so, and the
    account's money is still told.
    """
    value = encode(event)
    if type(event) is AccountSnapshot and (
        len(value) > RECORD_BYTES_MAX or len(event.orders or ()) > ORDERS_LISTED_MAX
    ):
        value = encode(msgspec.structs.replace(event, orders=None))
    account = getattr(event, "account", None)
    assert isinstance(account, str), "a venue speaks of accounts only"
    assert len(value) <= RECORD_BYTES_MAX
    return PaperAnswer(TOPIC_OF[type(event)].name, account, value)
