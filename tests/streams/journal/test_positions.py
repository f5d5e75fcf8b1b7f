"""Where the sequencer begins: every case of the four numbers, and each sentence."""

import pytest

from streams.journal.writing.positions import Begin, LostError, SourceLog, begin
from topics.frames import Run


def gap(prev, last):
    return Run(topic="quotes", partition=3, prev=prev, last=last, gap=True)


@pytest.mark.parametrize(
    ("first", "end", "committed", "start"),
    [
        # Nothing was ever committed.
        (0, 0, None, Begin(0, None)),
        (0, 9, None, Begin(0, None)),
        # Committed, and all of the rest is there.
        (0, 9, 0, Begin(0, None)),
        (0, 9, 4, Begin(4, None)),
        (0, 9, 9, Begin(9, None)),
        (3, 9, 4, Begin(4, None)),
        # Deleted was exactly what had been framed.
        (4, 9, 4, Begin(4, None)),
        (9, 9, 9, Begin(9, None)),
    ],
)
@pytest.mark.parametrize("accept_gap", [True, False])
def test_it_begins_at_the_committed_offset(first, end, committed, start, accept_gap):
    log = SourceLog("quotes", 3, first, end)
    assert begin(log, committed, fresh=False, accept_gap=accept_gap) == start


@pytest.mark.parametrize("accept_gap", [True, False])
@pytest.mark.parametrize("committed", [None, 0, 4, 9, 17])
@pytest.mark.parametrize(
    ("first", "start"),
    [(0, Begin(0, None)), (4, Begin(4, gap(-1, 3))), (9, Begin(9, gap(-1, 8)))],
)
def test_a_new_journal_gets_all_there_is_whatever_was_committed(
    first, start, committed, accept_gap
):
    log = SourceLog("quotes", 3, first, 9)
    assert begin(log, committed, fresh=True, accept_gap=accept_gap) == start


@pytest.mark.parametrize(
    ("first", "end", "committed", "lost", "run"),
    [
        (5, 9, 4, "4 to 4 (1 records)", gap(3, 4)),
        (9, 9, 4, "4 to 8 (5 records)", gap(3, 8)),
        (5, 9, 0, "0 to 4 (5 records)", gap(-1, 4)),
        (5, 9, None, "0 to 4 (5 records)", gap(-1, 4)),
        (9, 9, None, "0 to 8 (9 records)", gap(-1, 8)),
    ],
)
def test_what_retention_took_before_it_was_framed_is_lost(first, end, committed, lost, run):
    log = SourceLog("quotes", 3, first, end)
    with pytest.raises(LostError) as refused:
        begin(log, committed, fresh=False, accept_gap=False)
    offsets, _, count = lost.partition(" (")
    assert str(refused.value) == (
        f"quotes:3: offsets {offsets} ({count} were deleted before they were framed. Restore them,"
        " or start with --accept-gap to go on without them."
    )
    assert begin(log, committed, fresh=False, accept_gap=True) == Begin(first, run)


@pytest.mark.parametrize("accept_gap", [True, False])
@pytest.mark.parametrize("end", [0, 8])
def test_a_topic_that_was_made_anew_is_refused_whatever_is_accepted(accept_gap, end):
    with pytest.raises(LostError) as refused:
        begin(SourceLog("quotes", 3, 0, end), 9, fresh=False, accept_gap=accept_gap)
    assert str(refused.value) == (
        f"quotes:3 ends at {end}, but the journal has it up to 9: the topic was made anew."
        " Begin anew with another group and topic prefix."
    )
