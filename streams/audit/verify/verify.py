"""Replays a journal and holds the recorded outputs against it; shows the first difference."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from state.books.account import Account
from streams.audit.recording.source import OUTPUTS, Gap, Gaps, Source, walk
from streams.audit.replay.partitions import Replayed, Replayer, replay_with
from streams.audit.replay.said import Said
from topics.catalogue import JOURNAL
from topics.ids import OutputId

from .compare import Comparer
from .found import Findings, FoundRecord, account_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first difference: what the replay says, what was found, the account after that frame."""

    id: OutputId | None
    """None for a record that no desk can have written."""
    kind: str
    expected: Said | None
    found: list[FoundRecord]
    account: Account | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying came to."""

    replayed: Replayed
    comparison: Findings
    gaps: list[Gap]
    """Of the journal and of the outputs."""
    difference: Difference | None

    @property
    def comparable(self) -> bool:
        """Whether everything could be compared."""
        return self.replayed.complete and not self.gaps


async def verify(source: Source, *, allow_gaps: bool = False, complete: bool = True) -> Verdict:
    """Replay and compare; `complete` asks for outputs at the very end, too.

    What follows a gap in the journal is not compared.  Raises `ReplayError` for gaps that are not
    allowed, and for what cannot be read.
    """
    replayer = await Replayer.of(source)
    comparer = Comparer(source.spans(JOURNAL.name))
    replayed = await replay_with(replayer, allow_gaps=allow_gaps, hear=comparer.expect)
    for number, one in replayed.partitions.items():
        if one.gap is not None:
            comparer.limit(number, one.gap)
    gaps = Gaps(source, allowed=allow_gaps)

    def on_gap(gap: Gap) -> None:
        gaps.note(gap)
        comparer.skip(gap)

    async for found in _found(source, on_gap):
        comparer.find(found)
    # A recording that was cut short lacks outputs as well as frames.
    comparison = comparer.conclude(complete=complete and source.complete)
    difference = None
    if not comparison.identical:
        difference = await _look_closer(replayer, comparison)
    return Verdict(replayed, comparison, replayed.gaps + gaps.found, difference)


async def _found(source: Source, on_gap: Callable[[Gap], None]) -> AsyncIterator[FoundRecord]:
    for topic in OUTPUTS:
        for number in source.spans(topic):
            async for batch in walk(source, topic, number, on_gap):
                for record in batch:
                    yield FoundRecord(topic, number, record.offset, record.value)


async def _look_closer(replayer: Replayer, comparison: Findings) -> Difference:
    """Replay the partition of the first difference once more, through its frame."""
    first = comparison.first
    if first is None:
        return Difference(
            id=None, kind="unexpected", expected=None, found=comparison.evidence, account=None
        )
    expected: list[Said] = []
    account: Account | None = None
    if first.partition in replayer.source.spans(JOURNAL.name):

        def hear(said: Said) -> None:
            if said.id == first:
                expected.append(said)

        gaps = Gaps(replayer.source, allowed=True)
        made = await replayer.partition(first.partition, gaps, hear, first.offset + 1)
        name = expected[0].account if expected else account_of(comparison.evidence)
        account = made.desk.accounts.get(name) if name is not None else None
    return Difference(
        id=first,
        kind=_kind(comparison, str(first)),
        expected=expected[0] if expected else None,
        found=comparison.evidence,
        account=account,
    )


def _kind(comparison: Findings, name: str) -> str:
    """Say what is wrong with one id."""
    for kind in ("conflicting", "altered", "unexpected", "late"):
        if name in getattr(comparison, kind):
            return kind
    return "lost"
