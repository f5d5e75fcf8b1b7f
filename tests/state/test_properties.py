"""What must hold whatever happens: drawn days with a moody venue (see `chaos`)."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.desk import Desk
from state.rules.policy import REFERENCE
from topics.catalogue import TOPIC_OF
from topics.codec import encode
from topics.facts import AccountHalted
from topics.frames import Frame, JournalPosition, Run
from topics.ids import output_id

from .chaos import CENT, Chaos, days
from .world import World, roomy, times

many = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
policies = st.sampled_from([roomy(), roomy(REFERENCE), roomy(protection=0.0)])


def played(moves: list[Any], policy: Any = None) -> Chaos:
    """Play a day to its end."""
    chaos = Chaos(World(policy or roomy()))
    chaos.play(moves)
    return chaos


def without_ids(messages: list[Any], account: str | None = None) -> list[bytes]:
    """Return messages as bytes, less what the place in the journal gives them."""
    return [
        encode(msgspec.structs.replace(message, id=""))
        for message in messages
        if account is None or message.account == account
    ]


@many
@given(days, policies)
def test_no_bug_halts_an_account(moves, policy):
    chaos = played(moves, policy)
    assert chaos.world.desk.faults == []
    assert not [fact for fact in chaos.outputs if isinstance(fact, AccountHalted)]


@many
@given(days, policies)
def test_capacity_is_never_exceeded(moves, policy):
    for venue in played(moves, policy).venues.values():
        assert venue.worst <= CENT


@many
@given(days)
def test_capital_is_conserved(moves):
    chaos = played(moves)
    for name, venue in chaos.venues.items():
        account = chaos.world.account(name)
        held = sum(item.value_micros for item in account.positions.values())
        assert account.equity_micros == account.cash_micros + held
        assert account.cash_micros / 1e6 == pytest.approx(venue.cash, abs=CENT)
        quantities = {symbol: item.qty for symbol, item in account.positions.items()}
        assert quantities == pytest.approx(venue.held)


@many
@given(days, policies)
def test_no_order_is_stolen_twice(moves, policy):
    for venue in played(moves, policy).venues.values():
        stolen = list(venue.cancelled_for_steals)
        for order in venue.refused_cancels:  # it went on working, and may be taken again
            if order in stolen:
                stolen.remove(order)
        assert len(stolen) == len(set(stolen))


@many
@given(days)
def test_ids_rise_and_are_never_used_twice(moves):
    chaos = played(moves)
    places = [output_id(said.id) for said in chaos.outputs]
    assert len(places) == len(set(places))
    for kind in ("commands", "facts"):
        mine = [
            place
            for place, said in zip(places, chaos.outputs, strict=True)
            if TOPIC_OF[type(said)].name == ("execution" if kind == "commands" else "steals")
        ]
        assert mine == sorted(mine)


def again(frames: list[tuple[Frame, JournalPosition]]) -> tuple[Desk, list[Any]]:
    """Apply frames to a fresh desk, one journal offset after the other."""
    desk, said = Desk(times(), roomy()), []
    for offset, (frame, position) in enumerate(frames):
        outputs = desk.apply(frame, position._replace(offset=offset))
        said += [*outputs.commands, *outputs.facts]
    return desk, said


def account_rows(desk: Desk) -> dict[str, bytes]:
    """Return all rows but the cursor, which counts frames."""
    return {key: row for key, row in desk.rows().items() if key != "cursor"}


@many
@given(days)
def test_a_replay_gives_the_same_bytes_and_the_same_state(moves):
    chaos = played(moves)
    desk, said = again(chaos.frames)
    assert [encode(message) for message in said] == [encode(message) for message in chaos.outputs]
    assert desk.digest() == chaos.world.desk.digest()


@st.composite
def disturbances(draw):
    """Where in the day a resend, an overlap or a zombie's frame is put in."""
    count = draw(st.integers(1, 8))
    kind = st.sampled_from(["resend", "overlap", "zombie"])
    return [(draw(st.floats(0, 1)), draw(kind), draw(st.integers(1, 5))) for _ in range(count)]


@many
@given(days, disturbances())
def test_resends_and_overlaps_of_runs_change_nothing(moves, wanted):
    chaos = played(moves)
    frames = list(chaos.frames)
    for share, kind, distance in sorted(wanted, reverse=True):
        at = round(share * (len(frames) - 1))
        disturb(frames, at, kind, distance)
    desk, said = again(frames)
    assert without_ids(said) == without_ids(chaos.outputs)
    assert account_rows(desk) == account_rows(chaos.world.desk)


def disturb(frames: list[tuple[Frame, JournalPosition]], at: int, kind: str, distance: int) -> None:
    """Put a frame in that says again what was said, or says too early what comes later."""
    frame, position = frames[at]
    if kind == "resend":
        old = frames[max(0, at - distance)][0]
        frames.insert(at + 1, (old, position))
    elif kind == "zombie":
        late = at + distance
        if late < len(frames) and frames[late][0].runs:
            run = frames[late][0].runs[0]
            # It is a zombie's only if something of its source is missing before it.
            before_it = [
                r.last for f, _ in frames[: at + 1] for r in f.runs if r.topic == run.topic
            ]
            if run.prev > max(before_it, default=-1):
                frames.insert(at + 1, (frames[late][0], position))
    elif frame.runs and at > 0 and frames[at - 1][0].runs:
        before = frames[at - 1][0]
        one, two = before.runs[0], frame.runs[0]
        follows = one.topic == two.topic and one.last == two.prev
        if follows and len(frame.runs) == len(before.runs) == 1:
            run = Run(topic=one.topic, partition=0, prev=one.prev, last=two.last)
            frames[at] = (Frame(runs=[run], events=[*before.events, *frame.events]), position)


@many
@given(days)
def test_dropping_another_accounts_events_changes_nothing_for_this_one(moves):
    chaos = played(moves)
    alone = []
    for frame, position in chaos.frames:
        kept = [item for item in frame.events if getattr(item.event, "account", "A") == "A"]
        alone.append((Frame(runs=frame.runs, events=kept), position))
    desk, said = again(alone)
    assert without_ids(said, "A") == without_ids(chaos.outputs, "A")
    assert desk.rows()["account/A"] == chaos.world.desk.rows()["account/A"]


@many
@given(days, st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_a_desk_restored_from_its_rows_goes_on_as_if_nothing_had_been(moves, cuts):
    chaos = played(moves)
    desk, said = Desk(times(), roomy()), []
    rows: dict[str, bytes] = {}
    stops = {round(cut * len(chaos.frames)) for cut in cuts}
    for number, (frame, position) in enumerate(chaos.frames):
        if number in stops:
            rows |= desk.take_changed_rows()
            if rows:
                desk = Desk.restore(rows, times())
        outputs = desk.apply(frame, position)
        said += [*outputs.commands, *outputs.facts]
    assert [encode(message) for message in said] == [encode(message) for message in chaos.outputs]
    assert desk.digest() == chaos.world.desk.digest()
