"""The form of a recording: one file that is only ever added to, in blocks.

    worksteal recording 1             a line of text: whoever opens the file sees what it is
    block: manifest, not complete     what it was begun with
    block: records …                  consecutive offsets of one topic partition, compressed
    block: manifest, complete         the end; a file without it was cut short

A block is a header of fixed size and its payload.  The header has a checksum of its own, so that a
file that ends too early is told apart from one whose length field was damaged.  A payload of records
is msgpack, a list of (time in milliseconds, bytes), under zlib.

Ours, because of the known containers Parquet cannot be read before its end is written, and Avro has no
place for the offsets of a partition and its gaps: what was written before a kill must be readable.
"""

import struct
import zlib
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from streams.ground.records import LogRecord
from topics.digests import DIGEST_BYTES

from .manifest import FORMAT
from .source import RECORDED

MAGIC = b"worksteal recording "
FIRST_LINE = MAGIC + str(FORMAT).encode() + b"\n"

MANIFEST_KIND = 0
"""Kinds from 1 are the recorded topics in their order."""
KIND_OF = {topic: number for number, topic in enumerate(RECORDED, 1)}

_FIELDS = struct.Struct(">BIQII16s")
_CRC = struct.Struct(">I")
HEADER_BYTES = _FIELDS.size + _CRC.size

LEVEL = 1
"""Of compression: JSON shrinks to a fifth, and the recorder keeps up with the journal."""

_Records = list[tuple[int, bytes | None]]
_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[_Records] = msgspec.msgpack.Decoder(_Records)


class DamagedError(Exception):
    """The bytes are not what was written."""


class Header(NamedTuple):
    """What a block holds: `records` records from offset `first` on, in `size` bytes."""

    kind: int
    partition: int
    first: int
    records: int
    size: int
    checksum: bytes
    """Of the payload."""


def block(kind: int, partition: int, first: int, records: int, payload: bytes) -> bytes:
    """Return a whole block."""
    fields = _FIELDS.pack(kind, partition, first, records, len(payload), _payload_checksum(payload))
    return fields + _CRC.pack(zlib.crc32(fields)) + payload


def record_block(topic: str, partition: int, records: list[LogRecord]) -> bytes:
    """Return a block of consecutive records."""
    payload = zlib.compress(_encode([(record.ts_ms, record.value) for record in records]), LEVEL)
    return block(KIND_OF[topic], partition, records[0].offset, len(records), payload)


def read_header(raw: bytes) -> Header:
    """Read a header; raises `DamagedError`."""
    fields, crc = raw[: _FIELDS.size], raw[_FIELDS.size :]
    if _CRC.pack(zlib.crc32(fields)) != crc:
        raise DamagedError
    header = Header(*_FIELDS.unpack(fields))
    if header.kind > len(RECORDED):
        raise DamagedError
    return header


def check_payload(header: Header, payload: bytes) -> None:
    """Raise `DamagedError` if the payload is not the one that was written."""
    if _payload_checksum(payload) != header.checksum:
        raise DamagedError


def read_records(header: Header, payload: bytes) -> list[LogRecord]:
    """Read a block's records; raises `DamagedError`."""
    check_payload(header, payload)
    try:
        pairs = _decoder.decode(zlib.decompress(payload))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise DamagedError from error
    if len(pairs) != header.records:
        raise DamagedError
    return [
        LogRecord(header.partition, offset, ts_ms, None, value, ())
        for offset, (ts_ms, value) in enumerate(pairs, header.first)
    ]


def _payload_checksum(payload: bytes) -> bytes:
    return blake2b(payload, digest_size=DIGEST_BYTES).digest()


_RECORD = struct.Struct(">qqq")


class ContentChecksum:
    """A running checksum of one partition's records."""

    def __init__(self) -> None:
        self._total = blake2b(digest_size=DIGEST_BYTES)

    def add(self, records: list[LogRecord]) -> None:
        """Take records in, in their order."""
        for record in records:
            value = record.value
            size = -1 if value is None else len(value)
            self._total.update(_RECORD.pack(record.offset, record.ts_ms, size))
            self._total.update(value or b"")

    def value(self) -> str:
        """Return the checksum of what was taken in so far."""
        return self._total.hexdigest()
