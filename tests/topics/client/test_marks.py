"""One number for each partition: what it lets through, and that it survives being written down."""

from hypothesis import given, settings
from hypothesis import strategies as st

from topics.client.marks import FORM, Marks
from topics.ids import OutputId

IDS = st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 3))


@st.composite
def published(draw: st.DrawFn) -> tuple[list[OutputId], list[OutputId]]:
    """Rising ids of a few journal partitions, and what a killed worker makes of them.

    It says the last of them again, as often as it is killed, then goes on.
    """
    said = sorted(set(draw(st.lists(IDS, max_size=30))), key=lambda one: one[1:])
    true = [OutputId(*one) for one in said]
    log: list[OutputId] = []
    at = 0
    while at < len(true):
        step = draw(st.integers(1, 6))
        log += true[at : at + step]
        at += step
        back = draw(st.integers(0, 8))
        log += true[max(0, at - back) : at]
    return true, log


def ts_of(place: OutputId) -> int:
    return place.offset


@settings(deadline=None)  # shared machines
@given(published(), st.integers(0, 60))
def test_each_message_passes_once_and_in_order(days, cut):
    true, log = days
    marks = Marks()
    passed = []
    for n, place in enumerate(log):
        if n == cut:  # a restart
            marks = Marks(marks.note())
        if not marks.is_repeat(place, ts_of(place)):
            passed.append(place)
    assert passed == true


@settings(deadline=None)  # shared machines
@given(st.lists(st.tuples(IDS, st.integers(0, 10**16 - 1))))
def test_marks_are_read_as_they_were_written(seen):
    marks = Marks()
    for place, ts_us in seen:
        marks.is_repeat(OutputId(*place), ts_us)
    assert Marks(marks.note()).note() == marks.note()


@settings(deadline=None)  # shared machines
@given(st.text(max_size=40))
def test_a_strangers_note_says_nothing_and_harms_nobody(note):
    marks = Marks(note)
    if not note.startswith(FORM):
        assert not marks.is_repeat(OutputId(0, 0, 0), 0)


def test_ids_are_compared_as_numbers():
    marks = Marks()
    assert not marks.is_repeat(OutputId(0, 9, 0), 9)
    assert not marks.is_repeat(OutputId(0, 10, 0), 10)
    assert marks.is_repeat(OutputId(0, 9, 0), 9)
    assert not marks.is_repeat(OutputId(1, 9, 0), 9), "another journal partition's"


def test_a_note_of_many_partitions_fits_beside_an_offset():
    marks = Marks()
    for partition in range(64):
        marks.is_repeat(OutputId(partition, 10**12, 10**4), 2 * 10**15)
    assert len(marks.note()) < 4096, "the broker's offset.metadata.max.bytes"
