"""One example of every message, with every field set, so that a golden file pins every field.

Run as `python -m tests.topics.examples` it writes the golden files that are missing.  It never
replaces one: bytes that were published stay readable, so a change of form needs a new version.
"""

from pathlib import Path

import msgspec

from topics import commands, events, facts
from topics.codec import decode_command, decode_event, decode_fact, decode_frame, encode
from topics.frames import Frame, FrameEvent, Run
from topics.refusals import Refused

GOLDEN = Path(__file__).parent / "golden" / "v1"

TS = 1_522_800_000_000_000
"""2018-04-04 00:00 UTC."""

QUOTE = events.Quote(
    ts_us=TS, symbol="BTCUSD", bid=7424.9, ask=7424.91, bid_size=1.88483821, ask_size=33.354
)

EVENTS: list[events.AnyEvent] = [
    events.EntryRequested(
        ts_us=TS,
        account="acc-1",
        entry="bot7:42",
        symbol="BTC/USD",
        side="buy",
        limit=7400.5,
        qty=0.25,
        mode="probe",
        pnl=31.5,
        tolerance=0.0066,
        force=True,
        rank=2,
        expires_us=TS + 3_600_000_000,
    ),
    events.EntryWithdrawn(ts_us=TS, account="acc-1", entry="bot7:42"),
    events.OrderAccepted(
        ts_us=TS,
        account="acc-1",
        order="acc-1.17",
        symbol="ETHUSD",
        side="sell",
        limit=416.16,
        qty=3.0,
        intent="exit",
        mode="probe",
        pnl=-2.5,
    ),
    events.OrderRejected(
        ts_us=TS,
        account="acc-1",
        order="acc-1.17",
        reason="insufficient_funds",
        text='only $12 "available": é, 円',
    ),
    events.OrderCancelled(ts_us=TS, account="acc-1", order="acc-1.17"),
    events.OrderCancelRejected(ts_us=TS, account="acc-1", order="acc-1.17", text="already filled"),
    events.OrderExpired(ts_us=TS, account="acc-1", order="acc-1.17"),
    events.Fill(
        ts_us=TS,
        account="acc-1",
        fill="exec-9",
        order="acc-1.17",
        symbol="ETHUSD",
        side="buy",
        price=416.15,
        qty=0.34307688999999997,
        fee=-0.01,
    ),
    QUOTE,
    events.AccountSnapshot(
        ts_us=TS,
        account="acc-1",
        equity=100_000.0,
        positions=[
            events.Position(symbol="LTCUSD", qty=12.5, price=134.12),
            events.Position(symbol="AAPL", qty=-10.0, price=164.9),
        ],
        orders=["acc-1.17", "manual/1"],
    ),
    events.Forecast(ts_us=TS, symbol="BRK.B", pnl=5.5, low=190.0, high=200.0, close=199.5),
    events.PolicySet(
        ts_us=TS, account="acc-1", policy={"preset": "default", "nested": {"b": [1, None], "a": 2}}
    ),
]

COMMANDS: list[commands.AnyCommand] = [
    commands.Cancel(
        id="3-1007-0",
        ts_us=TS,
        account="acc-1",
        cause="quotes:0:99",
        order="acc-1.17",
        symbol="ETHUSD",
        steal="acc-1.s4",
    ),
    commands.Submit(
        id="3-1007-1",
        ts_us=TS,
        account="acc-1",
        cause="orders:3:12",
        order="acc-1.18",
        entry="bot7:42",
        symbol="BTCUSD",
        side="buy",
        limit=7400.5,
        qty=0.25,
        reserved_micros=1_850_125_000,
    ),
    commands.Steal(
        id="3-1007-2",
        ts_us=TS,
        account="acc-1",
        cause="orders:3:13",
        order="acc-1.19",
        entry="bot7:42",
        symbol="BTCUSD",
        side="buy",
        limit=7400.5,
        qty=0.25,
        reserved_micros=1_850_125_000,
        steal="acc-1.s4",
        funded_by=["acc-1.17", "acc-1.12"],
        attempt=2,
    ),
    commands.Reduce(
        id="3-1007-3",
        ts_us=TS,
        account="acc-1",
        cause="clock",
        symbol="AAPL",
        side="sell",
        qty=10.0,
        reason="over-leveraged at the close",
    ),
]

FACTS: list[facts.AnyFact] = [
    facts.StealStarted(
        id="3-1007-4",
        ts_us=TS,
        account="acc-1",
        cause="quotes:0:99",
        steal="acc-1.s4",
        entry="bot7:42",
        symbol="BTCUSD",
        needed_micros=1_850_125_000,
        free_micros=1_000_000,
        victims=[
            facts.Victim(
                order="acc-1.17",
                symbol="ETHUSD",
                distance=0.031,
                pnl=-2.5,
                freed_micros=1_900_000_000,
            )
        ],
    ),
    facts.StealSettled(
        id="3-1007-5",
        ts_us=TS,
        account="acc-1",
        cause="orders:3:14",
        steal="acc-1.s4",
        entry="bot7:42",
        order="acc-1.19",
    ),
    facts.StealLost(
        id="3-1007-6",
        ts_us=TS,
        account="acc-1",
        cause="fills:3:5",
        steal="acc-1.s4",
        entry="bot7:42",
        reason="victim_filled",
    ),
    facts.StealExpired(
        id="3-1007-7",
        ts_us=TS,
        account="acc-1",
        cause="clock",
        steal="acc-1.s4",
        entry="bot7:42",
        unanswered=["acc-1.17"],
    ),
    facts.EntryBlocked(
        id="3-1007-8",
        ts_us=TS,
        account="acc-1",
        cause="quotes:0:99",
        entry="bot7:42",
        symbol="BTCUSD",
        reason="no_victims",
        detail="all within tolerance",
        needed_micros=1_850_125_000,
        free_micros=0,
    ),
    facts.EntryEnded(
        id="3-1007-9",
        ts_us=TS,
        account="acc-1",
        cause="fills:3:6",
        entry="bot7:42",
        symbol="BTCUSD",
        reason="filled",
    ),
    facts.FightDetected(
        id="3-1007-10",
        ts_us=TS,
        account="acc-1",
        cause="quotes:0:99",
        entry="bot7:42",
        pair=("BTCUSD", "ETHUSD"),
        steals=3,
        won=True,
    ),
    facts.CooldownStarted(
        id="3-1007-11",
        ts_us=TS,
        account="acc-1",
        cause="orders:3:14",
        symbol="ETHUSD",
        until_us=TS + 60_000_000,
    ),
    facts.DeleverageStarted(
        id="3-1007-14",
        ts_us=TS,
        account="acc-1",
        cause="clock",
        close_us=TS + 900_000_000,
        over_micros=4_750_000_000,
        cancels=["acc-1.7", "acc-1.9"],
    ),
    facts.DeleverageDone(
        id="3-1007-15",
        ts_us=TS,
        account="acc-1",
        cause="fills:3:9",
        close_us=TS + 900_000_000,
        over_micros=0,
    ),
    facts.InterestCharged(
        id="3-1007-16",
        ts_us=TS,
        account="acc-1",
        cause="clock",
        close_us=TS,
        borrowed_micros=30_000_000_000,
        fee_micros=7_738_095,
    ),
    facts.AccountHalted(
        id="3-1007-12",
        ts_us=TS,
        account="acc-1",
        cause="fills:3:7",
        reason="capital_not_conserved",
        detail="reserved 5, orders 4",
    ),
    facts.EventRefused(
        id="3-1007-13",
        ts_us=TS,
        account=None,
        cause="fills:3:8",
        reason="order_unknown",
        detail="acc-1.99",
    ),
]

FRAME = Frame(
    runs=[
        Run(topic="orders", partition=3, prev=-1, last=0),
        Run(topic="quotes", partition=0, prev=97, last=100),
    ],
    events=[
        FrameEvent(run=1, offset=98, event=QUOTE),
        FrameEvent(run=0, offset=0, event=EVENTS[0]),
        FrameEvent(run=1, offset=100, event=QUOTE),
    ],
)

MESSAGES: dict[str, msgspec.Struct] = {
    **{str(type(message).__struct_config__.tag): message for message in EVENTS + COMMANDS + FACTS},
    "frame": FRAME,
}
"""Every example by the name of its golden file."""


def decode(raw: bytes, like: msgspec.Struct) -> msgspec.Struct | Refused:
    """Decode with the decoder for the kind of message that `like` is."""
    if isinstance(like, events.Event):
        return decode_event(raw)
    if isinstance(like, commands.Command):
        return decode_command(raw)
    return decode_fact(raw) if isinstance(like, facts.Fact) else decode_frame(raw)


def write_missing() -> list[Path]:
    """Write the golden files that do not exist yet; return them."""
    paths = [(GOLDEN / f"{name}.json", message) for name, message in MESSAGES.items()]
    missing = [(path, message) for path, message in paths if not path.exists()]
    for path, message in missing:
        path.write_bytes(encode(message))
    return [path for path, _ in missing]


if __name__ == "__main__":
    for written in write_missing():
        print(f"wrote {written.name}")  # noqa: T201 - it is a script
