"""The ring of facts: each once, in order, and whoever is slow is told how much went by."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from streams.observe.pages.feed import Feed
from topics.facts import EntryBlocked


def fact(number: int, partition: int = 0) -> EntryBlocked:
    return EntryBlocked(
        id=f"{partition}-{number}-0", ts_us=number, account="a", cause="clock", entry="e",
        symbol="BTCUSD", reason="disabled", detail=None, needed_micros=0, free_micros=0,
    )  # fmt: skip


def ids(facts: list) -> list[str]:
    return [one.id for one in facts]


def test_a_listener_gets_each_fact_once_in_order():
    feed = Feed()
    feed.put([fact(1), fact(2)])
    batch = feed.since(feed.first)
    assert (batch.missed, ids(batch.facts)) == (0, ["0-1-0", "0-2-0"])
    feed.put([fact(3)])
    assert ids(feed.since(batch.place).facts) == ["0-3-0"]


def test_what_a_desk_says_again_is_not_told_again():
    feed = Feed()
    feed.put([fact(1), fact(2)])
    feed.put([fact(1), fact(2), fact(3)])
    feed.put([fact(1, partition=1)])
    assert ids(feed.since(0).facts) == ["0-1-0", "0-2-0", "0-3-0", "1-1-0"]


def test_the_oldest_go_and_their_number_is_told():
    feed = Feed(size=3)
    feed.put([fact(number) for number in range(10)])
    batch = feed.since(2)
    assert (batch.missed, ids(batch.facts)) == (5, ["0-7-0", "0-8-0", "0-9-0"])
    assert feed.since(batch.place) == (0, [], 10)
    assert feed.behind("0-8-0") == 9
    assert ids(feed.since(9).facts) == ["0-9-0"]
    assert feed.behind("0-2-0") is None


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30), st.integers(1, 6))
def test_facts_and_misses_add_up(moves: list[tuple[int, bool]], size: int):
    feed, place, told, said = Feed(size), 0, 0, 0
    for count, reads in moves:
        feed.put([fact(said + number) for number in range(count)])
        said += count
        if reads:
            batch = feed.since(place)
            assert len(batch.facts) <= size
            told += batch.missed + len(batch.facts)
            place = batch.place
            assert told == said
            if batch.facts:
                assert batch.facts[-1].id == f"0-{said - 1}-0"


def test_waiting_ends_with_a_fact_with_the_end_and_with_the_time():
    async def scenario() -> None:
        feed = Feed()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await feed.wait(0, 0.05)
        assert 0.04 < loop.time() - began < 5
        for step in (lambda: feed.put([fact(1)]), feed.close):
            waiting = asyncio.create_task(feed.wait(feed.end, 60))
            await asyncio.sleep(0.01)
            assert not waiting.done()
            step()
            await asyncio.wait_for(waiting, 5)

    asyncio.run(scenario())
