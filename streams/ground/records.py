"""What stands in a log, as plain values: whoever reads them needs no Kafka."""

from typing import NamedTuple


class LogRecord(NamedTuple):
    """One record as it stands in the log; `ts_ms` is the broker's or the producer's time."""

    partition: int
    offset: int
    ts_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Span(NamedTuple):
    """The offsets that a partition has: `first` through `end - 1`."""

    first: int
    end: int
