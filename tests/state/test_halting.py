"""A bug or a broken invariant stops one account, takes back what was said, and no other account."""

from typing import Any

import pytest

from state import desk as desk_module
from state.desk import Desk
from topics.commands import Cancel
from topics.events import EntryWithdrawn, Forecast, PolicySet, Quote
from topics.facts import AccountHalted, EntryBlocked

from .steals import set_policy
from .world import World, kinds, roomy, times


def two_accounts() -> World:
    """Accounts A and B, each with an entry that waits at 50 for ETHUSD, now at 51."""
    world = World(roomy())
    world.quote("ETHUSD", 51.0)
    for name in ("A", "B"):
        world.fund(3500, name)
        world.want("t", "ETHUSD", 50.0, account=name)
    return world


def spoil(world: World, account: str = "A") -> None:
    """Make an account's books unsound."""
    world.account(account).committed_crypto += 1


def test_a_broken_invariant_halts_the_account():
    world = two_accounts()
    spoil(world)
    (halted,) = world.withdraw("nobody").facts
    assert isinstance(halted, AccountHalted)
    assert (halted.account, halted.reason) == ("A", "InvariantBroken")
    assert halted.detail == "the reserved capital is not the sum of the orders"
    assert world.account().halted == "InvariantBroken"


def test_what_was_said_in_the_broken_step_is_taken_back():
    world = two_accounts()
    spoil(world)
    quote = Quote(ts_us=world.now_us, symbol="ETHUSD", bid=50.0, ask=50.0)
    outputs = world.apply(quote)
    assert [command.account for command in outputs.commands] == ["B"]
    assert [(fact.account, fact.id) for fact in outputs.facts] == [("A", "0-5-0")]
    assert outputs.commands[0].id == "0-5-1"


def test_a_bug_in_a_handler_halts_that_account_only(monkeypatch):
    def buggy(context: Any, account: Any, event: Any) -> None:
        context.outbox.command(Cancel, account.id, order="said too early", symbol="X")
        context.accounts.wake(account)
        raise ZeroDivisionError("a bug")

    world = two_accounts()
    monkeypatch.setitem(desk_module.HANDLERS, EntryWithdrawn, buggy)
    outputs = world.withdraw("t", "A")
    monkeypatch.undo()
    assert kinds(outputs) == ["AccountHalted"]
    (halted,) = outputs.facts
    assert (halted.account, halted.reason, halted.detail) == ("A", "ZeroDivisionError", "a bug")
    (fault,) = world.desk.faults
    assert fault.startswith("Traceback")
    assert "in buggy" in fault
    assert fault.rstrip().endswith("ZeroDivisionError: a bug")
    assert [command.account for command in world.quote("ETHUSD", 50.0).commands] == ["B"]
    assert world.account("B").halted is None


def halted_world() -> World:
    world = two_accounts()
    spoil(world)
    world.withdraw("nobody")
    return world


def test_later_events_of_a_halted_account_are_refused():
    world = halted_world()
    policy = PolicySet(ts_us=world.now_us, account="A", policy={})
    for outputs in (
        world.fund(9_000),
        world.want("u", "ETHUSD", 50.0),
        world.withdraw("t"),
        world.working("x", "BTCUSD", 1.0),
        world.apply(policy),
    ):
        (refused,) = outputs.facts
        assert (refused.account, refused.reason) == ("A", "account_halted")
        assert refused.detail == "InvariantBroken"
    assert list(world.account().entries) == ["t"]


def test_a_halted_account_sleeps_through_everything_and_the_others_go_on():
    world = halted_world()
    set_policy(world, normal_tolerance=0.001)
    world.apply(Forecast(ts_us=world.now_us, symbol="ETHUSD", pnl=1.0))
    world.wait(6 * 3600)  # New York closes: its session and timers are nobody's business here
    world.wait(86_400)
    assert world.account().entries["t"].state == "waiting"
    assert {fact.account for fact in world.heard(AccountHalted)} == {"A"}
    assert list(world.account("B").entries) == []  # its entry expired, that of A did not
    assert world.account().entries["t"].blocked is None
    assert {fact.account for fact in world.heard(EntryBlocked)} == {"B"}


def test_a_halted_account_stays_halted_after_a_restart():
    world = halted_world()
    desk = Desk.restore(world.desk.rows(), times())
    assert desk.accounts["A"].halted == "InvariantBroken"
    assert desk.digest() == world.desk.digest()
    world.desk = desk
    assert [command.account for command in world.quote("ETHUSD", 50.0).commands] == ["B"]
    world.wait(86_400)
    assert list(world.account("A").entries) == ["t"]


def test_a_bug_while_time_passes_halts_one_account():
    world = two_accounts()
    spoil(world)
    outputs = world.wait(86_400)
    assert [(fact.account, type(fact).__name__) for fact in outputs.facts] == [
        ("A", "AccountHalted"),
        ("B", "EntryEnded"),
    ]


@pytest.mark.parametrize("event", ["default policy", "forecast", "session"])
def test_a_bug_in_what_concerns_all_accounts_halts_one(event):
    world = two_accounts()
    world.want("t2", "BTCUSD", 50.0, account="A")
    del world.account().entries["t"]
    world.account().entries["t2"].limit = "not a number"  # type: ignore[assignment]
    if event == "default policy":
        set_policy(world, fee_reserve=0.0)
    elif event == "forecast":
        world.forecast("BTCUSD", 1.0)
    else:
        world.wait(6 * 3600)
    assert world.account("A").halted == "TypeError"
    assert world.account("B").halted is None
    assert [fact.account for fact in world.heard(AccountHalted)] == ["A"]


def test_a_long_explanation_of_a_bug_is_cut(monkeypatch):
    def buggy(context: Any, account: Any, event: Any) -> None:
        raise ValueError("x" * 5000)

    world = two_accounts()
    monkeypatch.setitem(desk_module.HANDLERS, EntryWithdrawn, buggy)
    (halted,) = world.withdraw("t").facts
    assert halted.detail == "x" * 500
