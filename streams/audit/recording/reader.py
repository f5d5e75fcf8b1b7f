"""Reads a recording, a block at a time; every byte that is read was checked."""

from array import array
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec
from pydantic import ValidationError

from state.rules.policy import DEFAULT, Policy
from streams.ground.records import LogRecord, Span
from topics.catalogue import JOURNAL

from .blocks import (
    FIRST_LINE,
    HEADER_BYTES,
    MAGIC,
    MANIFEST_KIND,
    ContentChecksum,
    DamagedError,
    Header,
    check_payload,
    read_header,
    read_records,
)
from .errors import ReplayError
from .manifest import FORMAT, PACKAGES, Manifest, content_checksum, policy_checksum, versions
from .source import RECORDED

LINE_MAX = 64


class _IndexedPart:
    """Where one partition's blocks are in the file, and what they hold together."""

    def __init__(self, first: int) -> None:
        self.places = array("Q")
        self.span = Span(first, first)
        self.records = 0


class Recording:
    """A recording that was opened.  Use it in a `with` statement."""

    def __init__(self, path: Path, *, allow_cut: bool = False) -> None:
        """Open and index a recording.

        Raises `ReplayError` if it is none, is of a newer format, is damaged, or was cut short
        (unless `allow_cut`).
        """
        self.path = path
        self.name = str(path)
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise ReplayError(
                f"{path}: it cannot be read ({error.strerror}); check the path."
            ) from error
        try:
            self._check_first_line()
            self._parts: dict[str, dict[int, _IndexedPart]] = {topic: {} for topic in RECORDED}
            self.manifest, self._cut_at = self._index()
            self.complete = self.manifest.complete
            self.calendar = self.manifest.calendar
            if self.complete:
                self._check_manifest()
            elif not allow_cut:
                self._refuse_cut()
        except BaseException:
            self._file.close()
            raise
        self.notes = self._notes()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def start_policy(self) -> Policy:
        """Return the policy that was the default when it was recorded."""
        if self.manifest.policy_checksum == policy_checksum():
            return DEFAULT
        try:
            return Policy.model_validate(self.manifest.policy)
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ReplayError(
                f"{self.path}: its default policy has a {field} that this version does not"
                f" understand; replay it with worksteal {self.manifest.versions['worksteal']}."
            ) from error

    def spans(self, topic: str) -> Mapping[int, Span]:
        """Return what each partition holds, by number in rising order."""
        return {number: part.span for number, part in sorted(self._parts[topic].items())}

    async def journal_times_us(self) -> tuple[int, int] | None:
        """Return the earliest and the latest time of the journal's ends; None if it is empty."""
        times = [
            records[which].ts_ms * 1000
            for part in self._parts[JOURNAL.name].values()
            for at, which in zip(part.places[:1] + part.places[-1:], (0, -1), strict=False)
            for records in [self._records(at)]
        ]
        return (min(times), max(times)) if times else None

    async def read(self, topic: str, partition: int) -> AsyncIterator[list[LogRecord]]:
        """Yield a partition's records; raises `ReplayError` if the file is damaged.

        After the last one they are compared with the manifest's checksum.
        """
        content = ContentChecksum()
        for at in self._parts[topic][partition].places:
            records = self._records(at)
            content.add(records)
            yield records
        if self.complete and content.value() != self.manifest.topics[topic][partition].checksum:
            raise self._contradicted(topic, partition)

    def read_from(self, topic: str, partition: int, offset: int) -> Iterator[list[LogRecord]]:
        """Yield a partition's records from the block on that has an offset, without its checksum.

        Raises `ReplayError` if the file is damaged there.
        """
        places = self._parts[topic][partition].places
        first = bisect_right(places, offset, key=self._first) - 1
        for at in places[max(0, first) :]:
            yield self._records(at)

    def _first(self, at: int) -> int:
        """Return the first offset of a block."""
        header = self._header(at)
        if header is None:
            raise self._damaged(at)
        return header.first

    def _check_first_line(self) -> None:
        line = self._file.readline(LINE_MAX)
        if line == FIRST_LINE:
            return
        told = line.removeprefix(MAGIC).removesuffix(b"\n")
        if line.startswith(MAGIC) and line.endswith(b"\n") and told.isdigit():
            raise ReplayError(
                f"{self.path}: this is a recording of format {int(told)}, and worksteal"
                f" {versions()['worksteal']} reads format {FORMAT}; use a newer worksteal."
            )
        if FIRST_LINE.startswith(line):
            raise ReplayError(
                f"{self.path}: the recording was cut short at byte {len(line)}; record it anew."
            )
        raise ReplayError(f"{self.path}: this is no recording of worksteal; name one.")

    def _index(self) -> tuple[Manifest, int]:
        """Note where each block is; return the last manifest, and where the file was cut.

        Payloads of records are left alone.
        """
        size = self.path.stat().st_size
        at = len(FIRST_LINE)
        manifest: Manifest | None = None
        while at < size:
            if manifest is not None and manifest.complete:
                raise self._damaged(at)
            header = self._header(at)
            if header is None or at + HEADER_BYTES + header.size > size:
                break
            if header.kind == MANIFEST_KIND:
                manifest = self._manifest(at, header)
                if not manifest.complete:
                    self._begin(manifest)
            elif manifest is None:
                raise self._damaged(at)
            else:
                self._note(at, header)
            at += HEADER_BYTES + header.size
        if manifest is None:
            raise ReplayError(
                f"{self.path}: the recording was cut short at byte {at}; record it anew."
            )
        return manifest, at

    def _begin(self, manifest: Manifest) -> None:
        """Note the partitions that there were when the recording began."""
        for topic in RECORDED:
            self._parts[topic] = {
                number: _IndexedPart(stretch.first)
                for number, stretch in manifest.topics.get(topic, {}).items()
            }

    def _note(self, at: int, header: Header) -> None:
        topic = RECORDED[header.kind - 1]
        part = self._parts[topic].setdefault(header.partition, _IndexedPart(0))
        first, end = part.span
        if header.first < end:
            raise ReplayError(
                f"{self.path}: {topic}:{header.partition} has offset {header.first} where"
                f" {end} should stand, at byte {at}; record it anew."
            )
        part.places.append(at)
        part.span = Span(first, header.first + header.records)
        part.records += header.records

    def _header(self, at: int) -> Header | None:
        """Read a block's header; None if the file ends in it."""
        self._file.seek(at)
        raw = self._file.read(HEADER_BYTES)
        if len(raw) < HEADER_BYTES:
            return None
        try:
            return read_header(raw)
        except DamagedError:
            raise self._damaged(at) from None

    def _payload(self, at: int, header: Header) -> bytes:
        self._file.seek(at + HEADER_BYTES)
        return self._file.read(header.size)

    def _records(self, at: int) -> list[LogRecord]:
        header = self._header(at)
        if header is None:  # somebody cut the file while it is being read
            raise self._damaged(at)
        try:
            return read_records(header, self._payload(at, header))
        except DamagedError:
            raise self._damaged(at) from None

    def _manifest(self, at: int, header: Header) -> Manifest:
        payload = self._payload(at, header)
        try:
            check_payload(header, payload)
            return msgspec.json.decode(payload, type=Manifest)
        except (DamagedError, msgspec.MsgspecError):
            raise self._damaged(at) from None

    def _refuse_cut(self) -> None:
        raise ReplayError(
            f"{self.path}: the recording was cut short at byte {self._cut_at};"
            " --allow-gaps reads what is whole."
        )

    def _damaged(self, at: int) -> ReplayError:
        return ReplayError(
            f"{self.path}: the recording is damaged in the block at byte {at};"
            " take another copy of it."
        )

    def _check_manifest(self) -> None:
        """Compare the manifest with the blocks; raises `ReplayError`."""
        for topic in RECORDED:
            told = self.manifest.topics.get(topic, {})
            if list(told) != list(self.spans(topic)):
                raise self._contradicted(topic)
            for number, part in self._parts[topic].items():
                stretch = told[number]
                if (stretch.first, stretch.end, stretch.records) != (*part.span, part.records):
                    raise self._contradicted(topic, number)
        if content_checksum(self.manifest.topics) != self.manifest.content:
            raise ReplayError(f"{self.path}: its manifest contradicts itself; record it anew.")

    def _contradicted(self, topic: str, partition: int | None = None) -> ReplayError:
        where = topic if partition is None else f"{topic}:{partition}"
        return ReplayError(f"{self.path}: {where} is not what its manifest says; record it anew.")

    def _notes(self) -> list[str]:
        """Say what differs between then and now and could make a difference."""
        then, now = self.manifest.versions, versions()
        notes = [
            f"recorded with {name} {then.get(name, 'unknown')}, replayed with {now[name]}"
            for name in PACKAGES
            if then.get(name) != now[name]
        ]
        if self.manifest.policy_checksum != policy_checksum():
            notes.append("the default policy has changed since; the recorded one is used")
        if not self.complete:
            notes.append(f"the recording was cut short at byte {self._cut_at}")
        return notes
