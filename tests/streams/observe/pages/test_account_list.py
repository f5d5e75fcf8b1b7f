"""The list of accounts is short however many there are, and looking often costs little."""

from state.desk import Desk
from streams.observe.pages.account_list import LISTED_MAX, KeptList, account_list
from tests.state.world import WEDNESDAY, times
from topics.events import AccountSnapshot
from topics.frames import Frame, FrameEvent, JournalPosition, Run


def desk(*names: str, partition: int = 0) -> Desk:
    """Return a desk with accounts of these names."""
    made = Desk(times())
    events = [
        FrameEvent(0, offset, AccountSnapshot(ts_us=WEDNESDAY, account=name, equity=100.0))
        for offset, name in enumerate(names)
    ]
    run = Run(topic="accounts", partition=partition, prev=-1, last=len(names) - 1)
    made.apply(Frame(runs=[run], events=events), JournalPosition(partition, 0, WEDNESDAY))
    return made


def names(listed: dict) -> list[str]:
    return [one["account"] for one in listed["accounts"]]


def test_accounts_of_all_desks_stand_in_the_order_of_their_names():
    desks = {1: desk("carol", "alpha", partition=1), 0: desk("bravo")}
    listed = account_list(desks)
    assert names(listed) == ["alpha", "bravo", "carol"]
    assert [one["journal_partition"] for one in listed["accounts"]] == [1, 0, 1]
    assert listed["found"] == 3
    assert listed["accounts"][0]["equity_micros"] == 100_000_000


def test_of_many_the_first_are_listed_and_all_are_counted():
    many = [f"a{number:04d}" for number in range(LISTED_MAX * 3)]
    listed = account_list({0: desk(*reversed(many))})
    assert names(listed) == many[:LISTED_MAX]
    assert listed["found"] == len(many)
    found = account_list({0: desk(*many)}, "A029")
    assert (names(found), found["found"]) == ([f"a029{n}" for n in range(10)], 10)
    assert account_list({}) == {"accounts": [], "found": 0}


def test_a_list_is_kept_for_half_a_second():
    kept = KeptList()
    desks = {0: desk("alpha")}
    first = kept.get(desks, "", 10.0)
    desks[0] = desk("alpha", "bravo")
    assert kept.get(desks, "", 10.4) is first
    assert names(kept.get(desks, "b", 10.4)) == ["bravo"]
    assert names(kept.get(desks, "", 10.6)) == ["alpha", "bravo"]
    for number in range(100):
        kept.get(desks, str(number), 20.0 + number)
    assert len(kept._kept) == 1
