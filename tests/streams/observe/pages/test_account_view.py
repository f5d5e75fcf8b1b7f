"""An account's view: what it says of a desk, and that looking leaves the desk as it was."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.desk import Desk
from state.rules.policy import DEFAULT, REFERENCE
from streams.observe.pages.account_view import account_view, look_up
from tests.state.chaos import Chaos, days
from tests.state.steals import DOLLARS, NEED, crowded, placing, set_policy, stealing
from tests.state.world import SECOND, World, holding, roomy, times


def view(world: World, account: str = "A") -> dict[str, Any]:
    return account_view(world.desk, account)


def only(rows: list[Any]) -> Any:
    (row,) = rows
    return row


# ---- capital ----


def test_capital_is_told_by_asset_class_at_the_leverage_of_the_hour():
    world = World(roomy())
    world.fund(10_000, positions=[holding("AAPL", 40, 100.0), holding("BTCUSD", 0.1, 7000.0)])
    world.working("w", "ETHUSD", 400.0, dollars=1200)
    world.working("s", "MSFT", 90.0, dollars=900)
    capital = view(world)["capital"]
    assert capital["equity_micros"] == 10_000 * DOLLARS
    assert capital["cash_micros"] == (10_000 - 4000 - 700) * DOLLARS
    assert capital["by_class"] == {
        "crypto": {
            "positions_micros": 700 * DOLLARS,
            "orders_micros": 1200 * DOLLARS,
            "leverage": 1.0,
            "reserved_micros": 1900 * DOLLARS,
        },
        "stock": {
            "positions_micros": 4000 * DOLLARS,
            "orders_micros": 900 * DOLLARS,
            "leverage": 4.0,
            "reserved_micros": 1225 * DOLLARS,
        },
    }
    assert capital["reserved_micros"] == (1900 + 1225) * DOLLARS
    assert capital["free_micros"] == (10_000 - 1900 - 1225) * DOLLARS
    assert capital["snapshot_us"] == world.now_us
    world.wait(7 * 3600)  # New York has closed
    stock = view(world)["capital"]["by_class"]["stock"]
    assert (stock["leverage"], stock["reserved_micros"]) == (2.0, 2450 * DOLLARS)


def test_capital_held_for_a_steal_is_reserved():
    capital = view(placing())["capital"]
    assert (capital["steals_micros"], capital["free_micros"]) == (0, 0)  # the thief's order has it
    world = stealing("v", "u")
    world.cancelled("v")
    capital = view(world)["capital"]
    assert capital["steals_micros"] == NEED
    assert capital["by_class"]["crypto"]["reserved_micros"] == NEED
    assert capital["reserved_micros"] == 2 * NEED
    assert capital["free_micros"] == 0


def test_an_account_without_a_snapshot_has_no_time_of_one():
    world = World()
    world.withdraw("x")
    assert view(world)["capital"]["snapshot_us"] is None


def test_positions_stand_in_order_of_their_symbols_and_a_short_one_binds_capital_too():
    world = World(roomy())
    held = [holding("ETHUSD", -2, 400.0), holding("AAPL", 40, 100.0)]
    world.fund(10_000, positions=held)
    shown = view(world)
    assert shown["capital"]["by_class"]["crypto"]["reserved_micros"] == 800 * DOLLARS
    assert shown["positions"] == [
        {"symbol": "AAPL", "class": "stock", "qty": 40.0, "value_micros": 4000 * DOLLARS},
        {"symbol": "ETHUSD", "class": "crypto", "qty": -2.0, "value_micros": -800 * DOLLARS},
    ]


# ---- orders ----


def test_an_order_tells_how_far_the_last_price_is_from_its_limit():
    world = crowded("v", quote_max_age_s=90)
    order = only(view(world)["orders"])
    assert (order["order"], order["symbol"], order["side"]) == ("v", "BTCUSD", "buy")
    assert (order["limit"], order["remaining"], order["reserved_micros"]) == (100.0, 35.0, NEED)
    assert (order["price"], order["distance"], order["fresh"]) == (105.0, 0.05, True)
    assert order["quote_us"] == world.now_us - SECOND
    assert (order["state"], order["spared"], order["deadline_us"]) == ("working", None, None)
    world.wait(90)
    old = only(view(world)["orders"])
    assert (old["price"], old["distance"], old["fresh"]) == (105.0, 0.05, False)
    assert old["spared"] == "no_price"


def test_a_seller_is_measured_against_the_bid():
    world = World(roomy())
    world.quote("BTCUSD", 99.0, bid=98.0)
    world.working("x", "BTCUSD", 100.0, side="sell", intent="exit")
    order = only(view(world)["orders"])
    assert (order["price"], order["distance"]) == (98.0, 0.02)
    assert (order["intent"], order["spared"]) == ("exit", "not_an_entry")


def test_an_order_without_a_quote_has_no_distance():
    world = World(roomy())
    world.forecast("BTCUSD", 2.0)
    world.working("x", "BTCUSD", 100.0)
    order = only(view(world)["orders"])
    assert (order["price"], order["quote_us"], order["distance"]) == (None, None, None)
    assert (order["forecast"], order["spared"]) == (2.0, "no_price")


def test_orders_stand_as_they_would_be_taken_and_the_spared_ones_after_them():
    world = World(roomy())
    world.fund(50_000)
    for symbol, ask in (("BTCUSD", 100.05), ("LTCUSD", 103.0), ("SOLUSD", 107.0)):
        world.quote(symbol, ask)
        world.working(symbol[0].lower(), symbol, 100.0)
    world.working("p", "SOLUSD", 100.0, dollars=100.0)
    told = [(order["order"], order["spared"]) for order in view(world)["orders"]]
    assert told == [("s", None), ("l", None), ("b", "near_fill"), ("p", "probe")]


def test_an_order_that_the_venue_never_answered_makes_the_account_wait():
    world = World(roomy())
    world.fund(10_000)
    world.quote("ETHUSD", 50.0)
    world.want("e", "ETHUSD", 50.0)
    order = only(view(world)["orders"])
    assert (order["state"], order["spared"]) == ("submitting", "in_flight")
    assert (order["accepted_us"], order["unanswered_us"]) == (None, None)
    assert order["deadline_us"] == world.now_us + 10 * SECOND
    assert not view(world)["awaiting_reconciliation"]
    world.wait(10)
    assert view(world)["awaiting_reconciliation"]
    assert only(view(world)["orders"])["unanswered_us"] == world.now_us


# ---- entries and steals ----


def test_a_blocked_entry_tells_why_and_what_it_needs():
    world = crowded("v", enabled=False, fee_reserve=0.01)
    world.quote("ETHUSD", 50.1)
    world.want("t", "ETHUSD", 50.0, tolerance=0.01, pnl=7.0)
    entry = only(view(world)["entries"])
    assert (entry["state"], entry["blocked"]) == ("waiting", "disabled")
    assert entry["blocked_because"] == "no free capital, and the policy does not steal"
    assert entry["needed_micros"] == 3535 * DOLLARS
    assert (entry["price"], entry["tolerance"], entry["force"]) == (50.1, 0.01, False)
    assert entry["distance"] == pytest.approx(0.002)
    assert entry["forecast"] == 7.0
    assert (entry["order"], entry["steal"], entry["retry_us"]) == (None, None, None)
    assert entry["expires_us"] == world.now_us + 86_400 * SECOND


def test_an_entry_that_rests_after_a_rejection_tells_until_when():
    world = World(roomy())
    world.fund(10_000)
    world.quote("ETHUSD", 50.0)
    world.want("e", "ETHUSD", 50.0)
    world.rejected("e.1")
    assert only(view(world)["entries"])["retry_us"] == world.now_us + SECOND
    world.wait(2)
    assert only(view(world)["entries"])["retry_us"] is None


def test_a_steal_in_flight_is_told_with_its_victims_and_its_thief():
    world = stealing("v", "u")
    world.cancelled("v")
    shown = view(world)
    assert only(shown["steals"]) == {
        "steal": "s3",
        "entry": "t",
        "symbol": "ETHUSD",
        "phase": "cancelling",
        "needed_micros": 2 * NEED,
        "held_micros": NEED,
        "victims": ["v", "u"],
        "pending": ["u"],
        "order": None,
        "attempt": 0,
        "spoiled": None,
        "deadline_us": world.now_us + 10 * SECOND,
        "retry_us": None,
    }
    victim = only(shown["orders"])
    assert (victim["state"], victim["steal"]) == ("cancelling", "s3")
    thief = only(shown["entries"])
    assert (thief["state"], thief["steal"]) == ("stealing", "s3")
    world.cancelled("u")
    steal = only(view(world)["steals"])
    assert (steal["phase"], steal["order"], steal["pending"]) == ("placing", "t.4", [])


# ---- cooldowns and fights ----


def test_a_cooldown_is_told_until_exactly_its_end():
    world = stealing()
    start = world.now_us
    shown = only(view(world)["cooldowns"])
    assert shown == {"symbol": "BTCUSD", "since_us": start, "until_us": start + 120 * SECOND}
    world.wait(120 - 1e-6)
    assert view(world)["cooldowns"] == [shown]
    world.wait(1e-6)
    assert view(world)["cooldowns"] == []


def test_a_fight_is_told_one_steal_before_it_begins_and_makes_the_cooldown_longer():
    world = stealing(fight_threshold=3)
    pair = only(view(world)["fights"])
    assert pair == {
        "pair": ["BTCUSD", "ETHUSD"],
        "steals": 1,
        "threshold": 3,
        "fight": False,
        "last_us": world.now_us,
        "until_us": world.now_us + 1800 * SECOND + 1,
    }
    assert only(view(world)["cooldowns"])["until_us"] == world.now_us + 120 * SECOND
    world.account().fights["BTCUSD|ETHUSD"].append(world.now_us)
    pair = only(view(world)["fights"])
    assert (pair["steals"], pair["fight"]) == (2, True)
    assert only(view(world)["cooldowns"])["until_us"] == world.now_us + 600 * SECOND
    world.wait(1800)
    assert only(view(world)["fights"])["steals"] == 2
    world.wait(1e-6)
    assert view(world)["fights"] == []


def test_a_fight_is_over_when_the_last_of_the_steals_that_make_it_counts_no_more():
    world = stealing(fight_threshold=3)
    first = world.now_us
    world.wait(60)
    world.account().fights["BTCUSD|ETHUSD"].append(world.now_us)
    told = only(view(world)["fights"])
    assert (told["fight"], told["until_us"]) == (True, first + 1800 * SECOND + 1)
    world.wait(1740)
    assert only(view(world)["fights"])["fight"]
    world.wait(1e-6)
    told = only(view(world)["fights"])
    assert (told["fight"], told["until_us"]) == (False, first + 1860 * SECOND + 1)


# ---- what stands over all ----


def test_the_policy_in_force_is_the_accounts_own_or_the_default():
    world = World(roomy())
    world.withdraw("x")
    assert view(world)["policy"] == {"name": "default", "own": False}
    set_policy(world, None, name="for-all")
    assert view(world)["policy"] == {"name": "for-all", "own": False}
    set_policy(world, "A", name="mine")
    assert view(world)["policy"] == {"name": "mine", "own": True}
    restored = Desk.restore(world.desk.rows(), times())
    assert account_view(restored, "A")["policy"] == {"name": "mine", "own": True}


def test_a_halted_account_tells_the_reason_and_what_it_had():
    world = crowded("v")
    assert view(world)["halted"] is None
    world.account().committed_crypto += 1
    world.withdraw("x")
    shown = view(world)
    assert shown["halted"] == "InvariantBroken"
    assert only(shown["orders"])["order"] == "v"


def test_a_view_says_as_of_which_time_and_offset():
    world = World(roomy())
    world.fund(1000)
    world.wait(1.5)
    assert view(world)["as_of"] == {
        "time": "2018-04-04T14:00:01.500Z",
        "time_us": world.now_us,
        "next_offset": 2,
    }


def test_an_account_is_found_in_its_partition_and_named_where_else_it_is():
    one, other = World(roomy()), World(roomy())
    one.fund(1000, "A")
    other.fund(2000, "A")
    other.fund(3000, "B")
    desks = {3: other.desk, 1: one.desk}
    found = look_up(desks, "A")
    assert found is not None
    assert found["as_of"]["journal_partition"] == 1
    assert found["also_in_partitions"] == [3]
    assert found["capital"]["equity_micros"] == 1000 * DOLLARS
    alone = look_up(desks, "B")
    assert alone is not None
    assert alone["as_of"]["journal_partition"] == 3
    assert alone["also_in_partitions"] == []
    assert look_up(desks, "C") is None
    assert look_up({}, "A") is None


# ---- looking changes nothing ----


def test_looking_writes_nothing_down_that_a_policy_lets_an_entry_keep():
    world = World(roomy())
    world.fund(10_000)
    world.quote("ETHUSD", 50.0)
    world.want("e", "ETHUSD", 50.0)  # placed at once, so no ladder asks for its trigger again
    set_policy(world, None, **REFERENCE.model_dump(exclude={"name"}))
    before = world.desk.digest()
    assert only(view(world)["entries"])["tolerance"] == 0.0066
    assert world.desk.digest() == before


def test_looking_makes_no_price_and_no_account():
    world = World(roomy())
    world.working("w", "BTCUSD", 100.0)
    desk = world.desk
    with pytest.raises(KeyError):
        account_view(world.desk, "nobody")
    assert look_up({0: world.desk}, "nobody") is None
    view(world)
    assert list(desk.accounts) == ["A"]
    assert "BTCUSD" not in desk.board.prices.by_symbol
    assert "BTCUSD" not in desk.board.prices.by_spelling


class Watched(Chaos):
    """A chaotic day on which every account is looked at after every frame."""

    def say(self, *events: Any) -> None:
        super().say(*events)
        desk = self.world.desk
        before = desk.digest()
        for name in list(desk.accounts):
            shown = account_view(desk, name)
            capital = shown["capital"]
            classes = capital["by_class"].values()
            reserved = sum(of["reserved_micros"] for of in classes) + capital["steals_micros"]
            assert capital["reserved_micros"] == reserved
            assert capital["free_micros"] == capital["equity_micros"] - reserved
            assert len(shown["orders"]) == len(desk.accounts[name].orders)
            wire = msgspec.json.encode(shown)
            restored = Desk.restore(desk.rows(), times())
            assert msgspec.json.encode(account_view(restored, name)) == wire
        assert desk.digest() == before


@settings(max_examples=25, deadline=None)
@given(moves=days, base=st.sampled_from([DEFAULT, REFERENCE]))
def test_a_desk_that_is_watched_decides_like_one_that_is_not(moves, base):
    policy = roomy(base, fight_threshold=2)
    chaos = Watched(World(policy))
    chaos.play(moves)
    unseen = Desk(times(), policy)
    said: list[Any] = []
    for frame, position in chaos.frames:
        outputs = unseen.apply(frame, position)
        said += [*outputs.commands, *outputs.facts]
    assert not chaos.world.desk.faults
    assert said == chaos.outputs
    assert unseen.digest() == chaos.world.desk.digest()
