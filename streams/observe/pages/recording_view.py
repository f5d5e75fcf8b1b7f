"""A frame of a recording as plain values: what it held, what was weighed in it, what was said.

Capital is in micro-dollars (`_micros`), times are microseconds since 1970 (`_us`).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from state.books.capacity import used_micros
from state.desk import Desk
from streams.audit.replay.steps import PartitionTrack, Step, Steps, first_after, last_before
from topics.commands import AnyCommand
from topics.events import Quote
from topics.facts import AnyFact
from topics.ids import output_id

from .decision_view import decision_view

View = dict[str, Any]

LISTED_MAX = 200
"""So many of each kind are listed of one frame; more are counted."""


def recording_view(steps: Steps) -> View:
    """Return what a recording holds."""
    return {
        "name": steps.recording.path.name,
        "notes": steps.recording.notes,
        "partitions": [
            {
                "partition": number,
                "frames": track.frames,
                "steals": track.steals,
                "steal_frames": len(track.steal_frames),
                "first_steal": track.steal_frames[0] if track.steal_frames else None,
            }
            for number, track in steps.tracks.items()
        ],
    }


def step_view(step: Step, track: PartitionTrack) -> View:
    """Return one frame; a step is the offset, for a journal begins at 0."""
    said = _in_order((*step.outputs.commands, *step.outputs.facts))
    told = [attempt for attempt in step.attempts if attempt.output_ids]
    kinds = Counter(_tag(item.event) for item in step.frame.events)
    others = [item.event for item in step.frame.events if type(item.event) is not Quote]
    return {
        "partition": step.partition,
        "step": step.offset,
        "offset": step.offset,
        "ts_us": step.ts_us,
        "steals_before": bisect_right(track.steal_frames, step.offset),
        "previous_steal": last_before(track.steal_frames, step.offset),
        "next_steal": first_after(track.steal_frames, step.offset),
        "kinds": dict(sorted(kinds.items())),
        "events": [msgspec.to_builtins(event) for event in others[:LISTED_MAX]],
        "said": [msgspec.to_builtins(one) for one in said[:LISTED_MAX]],
        "said_in_all": len(said),
        "decisions": [decision_view(attempt) for attempt in told[:LISTED_MAX]],
        "decisions_in_all": len(told),
        "silent_tries": len(step.attempts) - len(told),
        "accounts": _accounts(step.desk, [one.account for one in said if one.account is not None]),
    }


def _in_order(said: Iterable[AnyCommand | AnyFact]) -> list[AnyCommand | AnyFact]:
    return sorted(said, key=lambda one: output_id(one.id))


def _tag(message: msgspec.Struct) -> str:
    return str(message.__struct_config__.tag)


def _accounts(desk: Desk, names: list[str]) -> list[View]:
    """Return the capital of the accounts that something was said of, as it is behind the frame."""
    found = []
    for name in list(dict.fromkeys(names))[:LISTED_MAX]:
        account = desk.accounts.get(name)
        if account is not None:
            policy = desk.policies.of(account)
            used = used_micros(account, policy, desk.clock.intraday(policy))
            found.append(
                {
                    "account": name,
                    "equity_micros": account.equity_micros,
                    "reserved_micros": used,
                }
            )
    return found
