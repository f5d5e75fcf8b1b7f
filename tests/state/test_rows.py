"""Durable rows: everything that matters is in them, and damage is found."""

from typing import Any

import msgspec
import pytest

from state.desk import Desk
from state.rows import FORMAT, RowsError
from topics.codec import encode

from .steals import placing, set_policy, stealing, victim_of_our_own
from .world import World, kinds, roomy, times


def busy() -> World:
    """A world in which a bit of everything is under way."""
    world = stealing("v1", "v2")
    world.forecast("SOLUSD", 1.5)
    world.cancelled("v1")
    world.fund(50_000, "B")
    world.want("e", "eth/usd", 50.0, account="B")
    world.want("w", "UNIUSD", 10.0, account="B")
    world.want("far", "BTCUSD", 90.0, account="B")
    world.rejected("e.1", account="B")
    set_policy(world, "B", protection=0.01)
    return world


def overdue() -> World:
    world = placing()
    world.wait(10)
    return world


def retrying() -> World:
    world = placing()
    world.rejected("t.3", "insufficient_funds")
    return world


WORLDS = [busy, overdue, retrying, stealing, victim_of_our_own, lambda: World(roomy())]


@pytest.mark.parametrize("build", WORLDS)
def test_a_restored_desk_equals_the_original(build):
    world = build()
    rows = world.desk.rows()
    desk = Desk.restore(rows, times())
    assert desk.rows() == rows
    assert desk.digest() == world.desk.digest()
    assert desk.next_offset == world.journal + 1


@pytest.mark.parametrize("build", WORLDS)
def test_a_restored_desk_goes_on_as_the_original_would(build):
    world, restarted = build(), build()
    restarted.desk = Desk.restore(restarted.desk.rows(), times())

    def play(this: World) -> list[bytes]:
        this.said.clear()
        for seconds in (0.5, 1, 9, 100, 1000):
            this.wait(seconds)
            this.fund(20_000, orders=[])
            for symbol, price in (("BTCUSD", 90.0), ("ETHUSD", 50.0), ("UNIUSD", 10.0)):
                this.quote(symbol, price)
        this.wait(86_400)
        return [encode(message) for message in this.said]

    assert play(world) == play(restarted)
    assert world.desk.digest() == restarted.desk.digest()


@pytest.mark.parametrize("restart", [False, True], ids=["as it was", "restarted"])
def test_a_timer_whose_time_was_changed_rings_at_its_new_place_only(restart):
    world = World(roomy())
    world.quote("ETHUSD", 50.0)
    for account in ("B", "A"):
        world.fund(3500, account)
        world.want("e", "ETHUSD", 50.0, account=account)
        world.wait(1)
    world.withdraw("e", "B")  # its order, due before that of A, is now due after it
    if restart:
        world.desk = Desk.restore(world.desk.rows(), times())
    outputs = world.wait(20)
    assert [command.account for command in outputs.commands] == ["A", "B"]


def test_changed_rows_add_up_to_the_whole():
    world = World(roomy())
    kept: dict[str, bytes] = {}

    def checkpoint() -> list[str]:
        changed = world.desk.take_changed_rows()
        kept.update(changed)
        assert kept == world.desk.rows()
        return sorted(changed)

    assert checkpoint() == ["cursor"]
    world.fund(3500)
    assert checkpoint() == ["account/A", "cursor"]
    world.quote("BTCUSD", 105.0)
    world.quote("ETHUSD", 51.0)
    world.quote("BTCUSD", 105.0)
    assert checkpoint() == ["cursor", "price/BTCUSD", "price/ETHUSD"]
    world.forecast("ETHUSD", 1.0)
    assert checkpoint() == ["cursor", "price/ETHUSD"]
    world.working("v", "BTCUSD", 100.0)
    world.want("t", "ETHUSD", 50.0)
    world.want("n", "NEWUSD", 50.0, account="B")
    assert checkpoint() == ["account/A", "account/B", "cursor"]
    assert kinds(world.quote("ETHUSD", 50.0))[0] == "Cancel"
    assert checkpoint() == ["account/A", "cursor", "price/ETHUSD"]
    world.wait(1)
    assert checkpoint() == ["cursor"]
    world.wait(9)  # the steal expires
    assert checkpoint() == ["account/A", "cursor"]
    world.withdraw("n", "B")
    assert checkpoint() == ["account/B", "cursor"]


def test_a_symbol_that_nothing_was_heard_of_has_no_row():
    world = World(roomy())
    world.want("n", "NEWUSD", 50.0)
    assert list(world.desk.rows()) == ["account/A", "cursor"]


def test_rows_come_in_the_order_of_their_keys():
    rows = busy().desk.rows()
    assert list(rows) == sorted(rows)
    assert list(rows)[:3] == ["account/A", "account/B", "cursor"]


def test_a_digest_tells_states_apart():
    world = World(roomy())
    seen = [world.desk.digest()]
    for act in (
        lambda: world.wait(1),
        lambda: world.quote("BTCUSD", 1.0),
        lambda: world.fund(1),
        lambda: world.fund(1, "B"),
        lambda: world.forecast("BTCUSD", 0.0),
        lambda: set_policy(world, protection=0.3),
    ):
        act()
        seen.append(world.desk.digest())
    assert len(set(seen)) == len(seen)
    assert all(len(digest) == 32 for digest in seen)


def cursor_with(**values: Any) -> bytes:
    cursor = msgspec.msgpack.decode(World(roomy()).desk.rows()["cursor"])
    return msgspec.msgpack.encode(cursor | values)


def account_with(**values: Any) -> bytes:
    account = msgspec.msgpack.decode(busy().desk.rows()["account/A"])
    return msgspec.msgpack.encode(account | values)


@pytest.mark.parametrize(
    ("key", "damaged", "told"),
    [
        (
            "cursor",
            lambda: cursor_with(format=FORMAT + 1),
            "format 2, this version reads 1: rebuild",
        ),
        ("cursor", lambda: cursor_with(format=None), "format None, this version reads 1"),
        ("cursor", lambda: b"\xc1", "damaged, rebuild the store"),
        ("cursor", lambda: b"\x93\x01\x02\x03", "damaged, rebuild the store"),
        ("cursor", lambda: cursor_with(now_us="x"), "damaged, rebuild the store"),
        ("cursor", lambda: cursor_with(default_policy="{"), "damaged, rebuild the store"),
        ("cursor", lambda: cursor_with(default_policy='{"x":1}'), "damaged, rebuild the store"),
        ("cursor", lambda: cursor_with(marks={"orders": 1}), "damaged, rebuild the store"),
        ("account/A", lambda: b"", "damaged, rebuild the store"),
        ("account/A", lambda: account_with(cash_micros=1.5), "damaged, rebuild the store"),
        ("account/A", lambda: account_with(own_policy="?"), "damaged, rebuild the store"),
        ("price/BTCUSD", lambda: b"\x80", "damaged, rebuild the store"),
    ],
)
def test_damaged_rows_and_those_of_another_version_are_refused(key, damaged, told):
    rows = busy().desk.rows() | {key: damaged()}
    with pytest.raises(RowsError, match=told):
        Desk.restore(rows, times())


def test_rows_without_a_cursor_are_incomplete():
    rows = busy().desk.rows()
    del rows["cursor"]
    with pytest.raises(RowsError, match="no cursor: the store is incomplete"):
        Desk.restore(rows, times())
