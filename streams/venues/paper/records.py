"""What the paper venue reads: batches of records, by partition."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the decoders raise for a record that is none of ours."""


class VenueRecord(NamedTuple):
    """A record as it was read; `ts_ms` is the record's own time."""

    offset: int
    ts_ms: int
    value: bytes | None


class VenueSource(NamedTuple):
    """A partition; `topic` is the catalogue's name."""

    topic: str
    partition: int


Batch = Mapping[VenueSource, list[VenueRecord]]
"""What was read together, each partition's records in their order."""
