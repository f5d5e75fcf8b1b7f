"""Writes a recording; whatever ends it, all blocks but the last unfinished one can be read."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from state.market.hours import calendars
from state.rules.policy import DEFAULT, Policy
from streams.ground.records import LogRecord
from topics.catalogue import JOURNAL

from .blocks import FIRST_LINE, MANIFEST_KIND, ContentChecksum, block, record_block
from .errors import FullError, ReplayError
from .manifest import (
    FORMAT,
    Manifest,
    Stretch,
    calendar_checksum,
    content_checksum,
    policy_checksum,
    versions,
)
from .source import calendar_years

BLOCK_BYTES = 256 * 1024
"""Values that make a block, before compression."""


class _GrowingPart:
    """One partition's records that wait to be written, and what was recorded of it."""

    def __init__(self, first: int) -> None:
        self.waiting: list[LogRecord] = []
        self.bytes = 0
        self.checksum = ContentChecksum()
        self.stretch = Stretch(first, first, 0)


class RecordingWriter:
    """A recording in the making.  Offsets of a partition rise; where one is left out is a gap."""

    def __init__(
        self, path: Path, firsts: Mapping[str, Iterable[tuple[int, int]]], policy: Policy = DEFAULT
    ) -> None:
        """Begin a file that must not be there yet.

        `firsts` are the partitions of each topic, with the first offset of each.  Raises
        `ReplayError` if the file cannot be made.
        """
        self.path = path
        self._parts = {
            topic: {number: _GrowingPart(first) for number, first in partitions}
            for topic, partitions in firsts.items()
        }
        self._times_us: list[int] = []
        self._manifest = Manifest(
            format=FORMAT,
            complete=False,
            versions=versions(),
            policy=policy.model_dump(mode="json"),
            policy_checksum=policy_checksum(policy),
            started=_now(),
            topics=self._stretches(),
        )
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError:
            raise ReplayError(f"{path}: there is such a file already; name another one.") from None
        except OSError as error:
            raise ReplayError(
                f"{path}: it cannot be written ({error.strerror}); name another file."
            ) from error
        self._size = 0
        self._append(FIRST_LINE + block(MANIFEST_KIND, 0, 0, 0, _json(self._manifest)))

    def add(self, topic: str, partition: int, records: Iterable[LogRecord]) -> None:
        """Take records; raises `FullError` when the disk is full."""
        parts = self._parts[topic]
        part = parts.get(partition)
        if part is None:  # one that was added to the topic since
            part = parts[partition] = _GrowingPart(0)
        for record in records:
            expected = part.stretch.end
            assert record.offset >= expected, "records come in their order"
            if record.offset > expected or part.bytes >= BLOCK_BYTES:
                self._write(topic, partition, part)
            part.waiting.append(record)
            part.bytes += len(record.value or b"")
            part.stretch.end = record.offset + 1

    def flush(self) -> None:
        """Write what waits; after this a kill takes nothing away."""
        for topic, parts in self._parts.items():
            for number, part in parts.items():
                self._write(topic, number, part)

    def close(self) -> Manifest:
        """Write the rest and the manifest that says that the recording is whole."""
        self.flush()
        manifest = self._manifest
        manifest.topics = self._stretches()
        if self._times_us:
            with suppress(ReplayError):  # what was recorded is kept; a replay says what is wrong
                manifest.calendar_years = calendar_years(*self._times_us)
                manifest.calendar = calendar_checksum(calendars(*manifest.calendar_years))
        manifest.content = content_checksum(manifest.topics)
        manifest.ended = _now()
        manifest.complete = True
        self._append(block(MANIFEST_KIND, 0, 0, 0, _json(manifest)))
        os.fsync(self._file.fileno())
        self._file.close()
        return manifest

    def abandon(self) -> None:
        """Close the file as it stands, without a manifest: it can be read up to here."""
        self._file.close()

    def _stretches(self) -> dict[str, dict[int, Stretch]]:
        for parts in self._parts.values():
            for part in parts.values():
                part.stretch.checksum = part.checksum.value()
        return {
            topic: {number: part.stretch for number, part in sorted(parts.items())}
            for topic, parts in self._parts.items()
        }

    def _write(self, topic: str, partition: int, part: _GrowingPart) -> None:
        if not part.waiting:
            return
        records, part.waiting, part.bytes = part.waiting, [], 0
        self._append(record_block(topic, partition, records))
        part.checksum.add(records)
        part.stretch.records += len(records)
        if topic == JOURNAL.name:
            times = [*self._times_us, records[0].ts_ms * 1000, records[-1].ts_ms * 1000]
            self._times_us = [min(times), max(times)]

    def _append(self, data: bytes) -> None:
        """Write on; after a failure the file is closed, and ends in a piece of a block at most."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self._file.close()
            if not self._size:
                self.path.unlink()
                told = f"{self.path}: it cannot be written ({error.strerror})."
                raise FullError(told) from error
            raise FullError(
                f"{self.path}: the recording ends here, it cannot be written on"
                f" ({error.strerror}); what it holds can be read with --allow-gaps."
            ) from error
        self._size += len(data)


def _json(manifest: Manifest) -> bytes:
    return msgspec.json.encode(manifest)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
