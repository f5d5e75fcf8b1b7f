"""Records that were found on `execution` and `steals`, and what a comparison says of them."""

from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from topics.ids import OutputId, parse_id


class FoundRecord(NamedTuple):
    """One record of `execution` or `steals` (the catalogue's name), where it stands."""

    topic: str
    partition: int
    offset: int
    value: bytes | None

    @property
    def place(self) -> str:
        """Return its place as topic, partition and offset."""
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(slots=True, kw_only=True)
class Findings:
    """What became of every output, by id in rising order.  Repeats and pending are no differences."""

    commands: int = 0
    """Distinct commands that are as they should be."""
    facts: int = 0
    repeats: int = 0
    """Records that say again, byte for byte, what was said before."""
    lost: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    """Ids that no frame leads to, and places of records without a desk's id."""
    altered: list[str] = field(default_factory=list)
    """Ids that were found with other bytes only."""
    conflicting: list[str] = field(default_factory=list)
    """Ids that were found with two bodies."""
    late: list[str] = field(default_factory=list)
    """Ids that stand behind a higher one and nowhere before: who goes by the id skips them."""
    pending: list[str] = field(default_factory=list)
    """Missing behind everything that was found: they may not have been published yet."""
    uncompared: int = 0
    """Outputs of which a gap does not let anybody say more."""
    first: OutputId | None = None
    evidence: list[FoundRecord] = field(default_factory=list)
    """Records of the first difference; those without an id come last."""

    @property
    def identical(self) -> bool:
        """Whether everything was found as it should be."""
        kinds = (self.lost, self.unexpected, self.altered, self.conflicting, self.late)
        return not any(kinds)


class _Named(msgspec.Struct):
    id: str
    account: str | None = None


_decoder = msgspec.json.Decoder(_Named)


def id_of(found: FoundRecord) -> OutputId | None:
    """Return the id of a record, or None if it has none that a desk would give."""
    named = _named(found)
    return parse_id(named.id) if named is not None else None


def account_of(found: list[FoundRecord]) -> str | None:
    """Return the account that the first of these records names, if it names one."""
    named = _named(found[0]) if found else None
    return named.account if named is not None else None


def _named(found: FoundRecord) -> _Named | None:
    try:
        return _decoder.decode(found.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
