"""Compares what we say with what the original answered."""

from typing import Any

from state.market.hours import Calendars
from state.rules import fights

from .driver import Json, Scenario, to_us

NOTHING = "(no answer)"

NOT_OURS = {"tie_margin", "asset_class_crypto_flag", "force_immediate_flag", "precision"}
NOT_OURS |= {"poll_seconds", "state", "expiry_minutes"}
"""What describes the recording or the original's processes, not the decision."""


def comparable(key: str, value: Any) -> Any:
    """Bring a recorded value into the form in which `Scenario` answers."""
    if key == "expiry_at":
        return to_us(value)
    if key == "state_after":
        return {
            "cooldowns": {s: to_us(at) for s, at in sorted(value["cooldowns"].items())},
            "fights": sorted(
                (fights.pair_of(*f["pair"]), [to_us(at) for at in f["times"]])
                for f in value["fights"]
            ),
            "history_len": value["history_len"],
        }
    return value


def order_answers(got: list[Json], want: list[Json]) -> list[tuple[str, Any, Any]]:
    """Pair up the answers about each order of the book."""
    if len(got) != len(want):
        return [("number of orders", len(got), len(want))]
    return [
        (f"order {theirs['id']} {key}", ours.get(key, NOTHING), value)
        for ours, theirs in zip(got, want, strict=True)
        for key, value in theirs.items()
    ]


def differences(scenario: Json, calendars: Calendars) -> list[str]:
    """Replay one scenario; return one line for each answer that differs from the original's."""
    run = Scenario(scenario, calendars)
    found = []
    for number, step in enumerate(scenario["steps"]):
        said = run.step(step)
        for key, recorded in step["expected"].items():
            if key in NOT_OURS:
                continue
            want, got = comparable(key, recorded), said.get(key, NOTHING)
            pairs = order_answers(got, want) if key == "orders" else [(key, got, want)]
            found += [
                f"{scenario['id']} step {number} {name}: {ours!r}, recorded {theirs!r}"
                for name, ours, theirs in pairs
                if ours != theirs
            ]
    return found
