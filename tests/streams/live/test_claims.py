"""The claims of `streams.live.claims`, against every order of owners, zombies, crashes, compaction.

The model is one changelog partition in memory.  Its writers do what a worker does: restore, claim,
put right what strangers wrote, clean up, then checkpoint after checkpoint, some of them staged.  Any
writer may stand still at any append and go on at any later time, may die, or may stop cleanly and
begin again on its own local store.

Each checkpoint has a number that is used once, in its cursor and in every row that it changes, so
rows of two checkpoints that never belonged together show.
"""

from collections.abc import Generator, Iterator

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from streams.live.claims import (
    OWNER,
    Claims,
    ClaimsError,
    FencedError,
    Row,
    claim,
    claimant,
    expect,
    opening,
)
from streams.live.ports import Rows
from streams.live.staging import batches, leftovers, plan, settle

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


class Machine(RuleBasedStateMachine):
    """Every order of what may happen to one changelog partition."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.truth = Truth()
        self.writers: list[Writer] = []
        self.stopped: list[Writer] = []
        self.count = 0

    def _name(self) -> bytes:
        self.count += 1
        return b"writer-%d" % self.count

    @precondition(lambda self: len(self.writers) < 4)
    @rule()
    def start(self) -> None:
        self.writers.append(Writer(self._name(), self.log, self.truth))

    @precondition(lambda self: self.stopped and len(self.writers) < 4)
    @rule(data=st.data())
    def start_on_a_local_store(self, data) -> None:
        local = data.draw(st.sampled_from(self.stopped))
        self.stopped.remove(local)
        self.writers.append(Writer(self._name(), self.log, self.truth, local))

    @precondition(lambda self: len(self.writers) < 4)
    @rule(steps=st.integers(1, 3))
    def take_over(self, steps) -> None:
        """What mostly happens: the one before stands still, or is gone, and all goes well."""
        self.writers.append(Writer(self._name(), self.log, self.truth))
        self._go_on(self.writers[-1], steps)

    @precondition(lambda self: self.writers)
    @rule(data=st.data(), steps=st.integers(1, 6), wanted=st.sampled_from(["a", "ab", KEYS]))
    def go_on(self, data, steps, wanted) -> None:
        writer = data.draw(st.sampled_from(self.writers))
        writer.wanted = wanted
        self._go_on(writer, steps)

    def _go_on(self, writer: Writer, steps: int) -> None:
        try:
            for _ in range(steps):
                next(writer.run)
        except FencedError:
            self.writers.remove(writer)

    @precondition(lambda self: self.writers)
    @rule(data=st.data())
    def die(self, data) -> None:
        self.writers.remove(data.draw(st.sampled_from(self.writers)))

    @precondition(lambda self: any(writer.idle for writer in self.writers))
    @rule(data=st.data())
    def stop_cleanly(self, data) -> None:
        writer = data.draw(st.sampled_from([one for one in self.writers if one.idle]))
        self.writers.remove(writer)
        self.stopped.append(writer)

    @precondition(lambda self: self.log.starts)
    @rule(data=st.data(), forget=st.booleans())
    def compact(self, data, forget) -> None:
        """Compact as far as may be: what strangers wrote is put right within the minimum lag."""
        end = self.truth.strange_from if self.truth.strange else self.log.end
        everything = data.draw(st.booleans())
        starts = [at for at in self.log.starts if at <= end]
        cut = end if everything else data.draw(st.sampled_from(starts))
        self.log.compact(cut, forget=forget)

    @invariant()
    def what_is_read_is_one_checkpoint_of_the_rightful_owner(self) -> None:
        state = Restored(self.log).state
        number = number_of(state)
        assert state == self.truth.states[number], "rows of different checkpoints"
        assert number in self.truth.landed, "a stranger's checkpoint is believed"
        assert self.truth.acknowledged in self.truth.line(number), "an acknowledged one is lost"


TestMachine = Machine.TestCase
# Without shrinking, which takes minutes here; put it in to look at a failure.
TestMachine.settings = settings(
    max_examples=400, stateful_step_count=40, deadline=None, phases=[Phase.reuse, Phase.generate]
)


def believed(*rows: tuple[str, bytes | None, bytes]) -> tuple[list[bool], list[str]]:
    """Read rows of key, value and writer from offset 0; return which count, what was overwritten."""
    claims = Claims()
    found = [claims.believes(Row(offset, *row)) for offset, row in enumerate(rows)]
    return found, list(claims.overwritten)


def owned(name: bytes, offset: int) -> tuple[str, bytes, bytes]:
    return OWNER, claim(name, offset), name


def test_the_latest_claim_rules():
    rows = [owned(b"A", 0), ("a", b"1", b"A"), owned(b"B", 2), ("a", b"2", b"A"), ("b", b"3", b"B")]
    assert believed(*rows) == ([True, True, True, False, True], ["a"])


def test_a_claim_that_landed_late_is_void_with_all_that_it_puts_right():
    rows = [owned(b"A", 0), ("a", b"2", b"A"), owned(b"Z", 1), ("a", b"1", b"Z"), ("b", b"3", b"A")]
    assert believed(*rows) == ([True, True, False, False, True], ["a"])


def test_what_stands_before_the_first_claim_is_believed():
    assert believed(("a", b"1", b"A"), owned(b"B", 1), ("a", b"2", b"A"))[0] == [True, True, False]


def test_a_key_that_its_owner_wrote_again_is_put_right():
    rows = [owned(b"A", 0), ("a", b"9", b"Z"), ("b", b"9", b"Z"), ("a", b"1", b"A")]
    assert believed(*rows) == ([True, False, False, True], ["b"])


def test_an_owner_opens_with_its_claim_and_the_true_rows_in_one():
    rows = opening(b"A", 7, {"a": b"1", "b": b"2"}, ["b", "c"])
    assert list(rows.items()) == [(OWNER, claim(b"A", 7)), ("b", b"2"), ("c", None)]
    assert claimant(rows[OWNER]) == (b"A", 7)


@pytest.mark.parametrize("value", [None, b"", b"2 7 A", b"A"])
def test_a_claim_of_another_version_is_not_guessed_at(value):
    with pytest.raises(ClaimsError, match="another version of worksteal: run that version, or"):
        believed((OWNER, value, b"A"))


def test_an_append_that_landed_elsewhere_ends_its_writer():
    expect(7, 7, partition=2)
    with pytest.raises(FencedError, match="changelog partition 2: a batch landed at 9 instead of"):
        expect(9, 7, partition=2)
