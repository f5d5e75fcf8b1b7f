"""A changelog partition in memory, writers that do what workers do, and what really happened.

Each checkpoint has a number that is used once, in its cursor and in every row that it changes, so
rows of two checkpoints that never belonged together show.
"""

from collections.abc import Generator, Iterator

from streams.journal.standing.claims import OWNER, Claims, Row, expect, opening
from streams.journal.standing.ports import Rows
from streams.journal.standing.staging import batches, leftovers, plan, settle

KEYS = "abcd"
LIMIT = 150
"""Bytes of a batch: two or three rows, so that large checkpoints and large claims are cut."""

State = dict[str, bytes]


class Log:
    """One changelog partition."""

    def __init__(self) -> None:
        self.records: list[Row] = []
        self.end = 0
        self.starts: list[int] = []

    def append(self, writer: bytes, rows: Rows) -> int:
        """Append a batch, whoever wrote it, and return where it landed."""
        first = self.end
        self.starts.append(first)
        for key, value in rows.items():
            self.records.append(Row(self.end, key, value, writer))
            self.end += 1
        return first

    def compact(self, cut: int, *, forget: bool) -> None:
        """Keep the last record of each key among those before `cut`, as Kafka's cleaner does.

        With `forget`, removals go too: their time (`delete.retention.ms`) is over.
        """
        last = {row.key: row.offset for row in self.records if row.offset < cut}
        self.records = [
            row
            for row in self.records
            if row.offset >= cut
            or (row.offset == last[row.key] and not (forget and row.value is None))
        ]


class Restored:
    """What a reader of the whole log finds: every row, and what strangers wrote over."""

    def __init__(self, log: Log) -> None:
        self.rows: State = {}
        self.end = log.end
        claims = Claims()
        for row in log.records:
            if claims.believes(row):
                put(self.rows, {row.key: row.value})
        self.overwritten = tuple(claims.overwritten)

    @property
    def state(self) -> State:
        """Return the rows of the desk alone."""
        return without_claim(settle(self.rows))


def without_claim(rows: State) -> State:
    return {key: row for key, row in rows.items() if key != OWNER}


def put(table: State, rows: Rows) -> None:
    """Write rows into a table."""
    for key, value in rows.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value


class Truth:
    """What really happened, kept by no rule of the protocol: who may write, what was made durable."""

    def __init__(self) -> None:
        self.owner: bytes | None = None
        self.states: dict[int, State] = {0: {}}
        self.before = {0: -1}
        self.landed = {0}
        """Checkpoints whose decisive batch landed while their writer was the owner."""
        self.acknowledged = 0
        self.strange = False
        self.strange_from = 0
        """Where the first stranger's record stands that no claim has put right."""

    def checkpoint(self, before: int, state: State) -> int:
        """Give a new checkpoint its number."""
        number = len(self.states)
        self.states[number] = state
        self.before[number] = before
        return number

    def line(self, number: int) -> list[int]:
        """Return a checkpoint and everything it stands on."""
        found = []
        while number >= 0:
            found.append(number)
            number = self.before[number]
        return found


def number_of(state: State) -> int:
    return int(state.get("cursor", b"0"))


class Writer:
    """One worker's life; `run` stops before every append, where it may be left standing."""

    def __init__(self, name: bytes, log: Log, truth: Truth, local: "Writer | None" = None) -> None:
        self.name = name
        self.log = log
        self.truth = truth
        restored = Restored(log)
        self.rows = restored.rows
        self.overwritten = restored.overwritten
        self.expected = restored.end
        if local is not None and local.expected == log.end:
            self.rows, self.overwritten = dict(local.rows), ()
        self.wanted = ""
        self.idle = False
        """Whether it stands between two checkpoints, where a clean stop can be."""
        self.run = self._run()
        next(self.run)

    def _append(self, rows: Rows, *, claims: bool = False, decides: int | None = None) -> None:
        """Append as `Changelog.append` does, and note what really happened."""
        first = self.log.append(self.name, rows)
        truth = self.truth
        displaced = first != self.expected
        if claims and not displaced:
            truth.owner = self.name
        if truth.owner != self.name and not truth.strange:
            truth.strange, truth.strange_from = True, first
        if decides is not None and truth.owner == self.name:
            truth.landed.add(decides)
        expect(first, self.expected, 0)
        assert truth.owner == self.name, "two writers went on"
        self.expected = first + len(rows)
        put(self.rows, rows)

    def _run(self) -> Iterator[None]:
        """Stand still before each append; one step is one append."""
        first = opening(self.name, self.expected, self.rows, self.overwritten)
        for number, batch in enumerate(batches(first, LIMIT)):
            yield
            self._append(batch, claims=number == 0)
        self.truth.strange = False
        for rest in self._clean():
            yield
            self._append(rest)
        state = without_claim(settle(self.rows))
        while True:
            self.idle = True
            yield
            self.idle = False
            state = yield from self._checkpoint(state)

    def _clean(self) -> Iterator[Rows]:
        """Return the batches of `partition.clean_up`."""
        rest = leftovers(self.rows)
        kept: Rows = {key: row for key, row in rest.items() if row is not None}
        removed: Rows = {key: row for key, row in rest.items() if row is None}
        yield from batches(kept, LIMIT)
        yield from batches(removed, LIMIT)

    def _checkpoint(self, state: State) -> Generator[None, None, State]:
        before = number_of(state)
        number = len(self.truth.states)
        changed = dict.fromkeys(("cursor", *self.wanted), b"%d" % number)
        state = state | changed
        assert self.truth.checkpoint(before, state) == number
        # Two writers at the same place of the journal stage under the same number.
        place = len(self.truth.line(number))
        for index, batch in enumerate(plan(changed, place, LIMIT)):
            if index:
                yield
            self._append(batch, decides=number if "cursor" in batch else None)
        assert self.truth.acknowledged in self.truth.line(number), "acknowledged twice over"
        self.truth.acknowledged = number
        return state
