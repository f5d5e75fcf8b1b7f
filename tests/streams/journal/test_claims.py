"""The claims of `streams.journal.standing.claims`, against every order of owners, zombies, crashes, compaction.

The model is one changelog partition in memory.  Its writers do what a worker does: restore, claim,
put right what strangers wrote, clean up, then checkpoint after checkpoint, some of them staged.  Any
writer may stand still at any append and go on at any later time, may die, or may stop cleanly and
begin again on its own local store.
"""

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streams.journal.standing.claims import (
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

from .changelog_model import KEYS, Log, Restored, Truth, Writer, number_of


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
