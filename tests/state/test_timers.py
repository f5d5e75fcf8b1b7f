"""Timers ring in one order, and only when they are due."""

from state.dealing.timers import Timer, Timers


def drain(timers: Timers, now_us: int) -> list[Timer]:
    found = []
    while (timer := timers.pop_due(now_us)) is not None:
        found.append(timer)
    return found


def test_timers_ring_earliest_first_and_equal_ones_by_their_fields():
    timers = Timers()
    wanted = [
        Timer(5, "B", "steal", "s9"),
        Timer(7, "A", "cooldown", "BTCUSD"),
        Timer(7, "A", "order", "o1"),
        Timer(7, "A", "order", "o2"),
        Timer(7, "B", "cooldown", "AAPL"),
    ]
    for timer in reversed(wanted):
        timers.set(*timer)
    assert drain(timers, 7) == wanted


def test_a_timer_rings_at_its_time_and_not_before():
    timers = Timers()
    timers.set(10, "A", "order", "o")
    assert timers.next_us == 10
    assert timers.pop_due(9) is None
    assert timers.pop_due(10) == Timer(10, "A", "order", "o")
    assert timers.pop_due(2**62) is None


def test_the_same_reminder_twice_rings_once():
    timers = Timers()
    for _ in range(3):
        timers.set(10, "A", "order", "o")
    timers.set(11, "A", "order", "o")
    assert [timer.due_us for timer in drain(timers, 20)] == [10, 11]
