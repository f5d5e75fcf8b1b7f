"""Holds what was found on `execution` and `steals` against what the replay says should be there.

Outputs may be found in any order and more than once: a worker that crashed publishes again, under
the same ids and with the same bytes.
"""

from collections.abc import Iterable

from streams.audit.recording.source import Gap
from streams.audit.replay.said import Said
from topics.catalogue import EXECUTION, STEALS
from topics.ids import OutputId

from .found import Findings, FoundRecord, id_of
from .ledger import FOUND, Ledger, body_checksum, key_of

EVIDENCE_MAX = 4
"""Records that are kept of the first difference."""

BEYOND = 2**63
"""Above every key of a ledger."""


class Comparer:
    """Takes what is expected, then what is found, then says what came of it."""

    def __init__(self, partitions: Iterable[int]) -> None:
        self._ledgers = {number: Ledger(number) for number in partitions}
        self._highest: dict[tuple[str, int, int], int] = {}
        self._wrong: dict[OutputId, set[bytes]] = {}
        self._unexpected: dict[OutputId, None] = {}
        self._late: dict[OutputId, None] = {}
        self._strangers: list[str] = []
        self._stranger_evidence: list[FoundRecord] = []
        self._repeats = 0
        self._uncompared = 0
        self._first: OutputId | None = None
        self._evidence: list[FoundRecord] = []
        self._limits: dict[int, int] = {}
        self._behind_gap: dict[tuple[str, int], dict[int, int]] = {}
        """For the last gap of a topic partition, each journal partition's first new key behind it.

        A worker that crashed repeats itself behind a gap, which tells nothing of what stood in it.
        """

    def expect(self, said: Said) -> None:
        """Take an output that should be found; those of a partition come in rising order."""
        self._ledgers[said.id.partition].expect(said)

    def limit(self, partition: int, offset: int) -> None:
        """Compare nothing that follows from this journal offset or later ones."""
        self._limits[partition] = offset

    def skip(self, gap: Gap) -> None:
        """Note that outputs are missing here; each partition's next one tells how far."""
        self._behind_gap[gap.topic, gap.partition] = {}

    def find(self, found: FoundRecord) -> None:
        """Take a record that is there; those of a topic partition come in their order."""
        output = id_of(found)
        if output is None:
            self._strangers.append(found.place)
            if len(self._stranger_evidence) < EVIDENCE_MAX:
                self._stranger_evidence.append(found)
            return
        limit = self._limits.get(output.partition)
        if limit is not None and output.offset >= limit:
            self._uncompared += 1
            return
        key = key_of(output.offset, output.nth)
        stands = (found.topic, found.partition, output.partition)
        behind = self._behind_gap.get((found.topic, found.partition))
        if behind is not None and key > self._highest.get(stands, -1):
            behind.setdefault(output.partition, key)
        ledger = self._ledgers.get(output.partition)
        place = ledger.place(output) if ledger is not None else None
        if ledger is None or place is None:
            self._unexpected[output] = None
            self._blame(output, found)
            return
        checksum = body_checksum(found.topic, found.value or b"")
        if checksum != ledger.checksum(place):
            self._wrong.setdefault(output, set()).add(checksum)
            self._blame(output, found)
        elif ledger.found[place]:
            self._repeats += 1
        else:
            ledger.found[place] = FOUND
            if key < self._highest.get(stands, -1):
                self._late[output] = None
                self._blame(output, found)
        self._highest[stands] = max(key, self._highest.get(stands, -1))

    def _blame(self, output: OutputId, found: FoundRecord) -> None:
        """Keep a record of the first difference."""
        if self._first is None or output < self._first:
            self._first, self._evidence = output, []
        if output == self._first and len(self._evidence) < EVIDENCE_MAX:
            self._evidence.append(found)

    def conclude(self, *, complete: bool) -> Findings:
        """Return what came of it; `complete` makes a difference of what is pending."""
        result = Findings(
            repeats=self._repeats,
            uncompared=self._uncompared,
            unexpected=[str(output) for output in sorted(self._unexpected)] + self._strangers,
            late=[str(output) for output in sorted(self._late)],
        )
        for ledger in self._ledgers.values():
            self._settle(ledger, result, complete=complete)
        result.first = self._first
        result.evidence = self._evidence if self._first else self._stranger_evidence
        return result

    def _settle(self, ledger: Ledger, result: Findings, *, complete: bool) -> None:
        """Say what became of each expected output of one journal partition."""
        last = {
            topic: self._last(topic, ledger.partition) for topic in (EXECUTION.name, STEALS.name)
        }
        open_to = {topic: self._horizon(topic, ledger.partition) for topic in last}
        for place, found in enumerate(ledger.found):
            output, topic = ledger.output(place), ledger.topic(place)
            wrong = self._wrong.get(output)
            if wrong is not None:
                twofold = found == FOUND or len(wrong) > 1
                (result.conflicting if twofold else result.altered).append(str(output))
            elif found == FOUND:
                result.commands += topic == EXECUTION.name
                result.facts += topic == STEALS.name
            elif ledger.key(place) < open_to[topic]:
                result.uncompared += 1
            elif ledger.key(place) > last[topic] and not complete:
                result.pending.append(str(output))
            else:
                result.lost.append(str(output))
                if self._first is None or output < self._first:
                    self._first, self._evidence = output, []

    def _last(self, topic: str, partition: int) -> int:
        """Return the highest key of a journal partition that was found on a topic."""
        return max(
            (key for stands, key in self._highest.items() if stands[::2] == (topic, partition)),
            default=-1,
        )

    def _horizon(self, topic: str, partition: int) -> int:
        """Return below which key a missing output may have stood in a gap of this topic.

        A topic partition in which nothing of this journal partition was found is not where it
        goes, unless nothing of it was found on the whole topic.
        """
        nowhere = self._last(topic, partition) < 0
        horizon = 0
        for (name, number), behind in self._behind_gap.items():
            goes_there = nowhere or (topic, number, partition) in self._highest
            if name == topic and goes_there:
                horizon = max(horizon, behind.get(partition, BEYOND))
        return horizon
