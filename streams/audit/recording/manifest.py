"""What a recording says about itself: versions, policy, calendar, offsets, content hash."""

import platform
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version

import msgspec

from state.market.hours import Calendars
from state.rules.policy import DEFAULT, Policy

FORMAT = 1
"""Version of the recording's form; see `blocks`.  A newer one is refused by name."""

PACKAGES = ("worksteal", "pandas-market-calendars", "tzdata")
"""Whose versions can make a difference to a replay."""


class Stretch(msgspec.Struct):
    """What was recorded of one partition: offsets `first` through `end - 1`, less the gaps.

    `digest` is of offsets, times and bytes in their order, however the file is cut into blocks.
    """

    first: int
    end: int
    records: int
    digest: str = ""


class Manifest(msgspec.Struct):
    """Stands at the beginning of a recording without results, and at its end with them.

    `policy` is what desks began with; what came later is in the journal.  `calendar_years` and
    `calendar` (a digest of the sessions) are empty for an empty journal.  `started` and `ended` are
    the recorder's own time, for people.
    """

    format: int
    complete: bool
    versions: dict[str, str]
    policy: dict[str, object]
    policy_digest: str
    started: str
    ended: str = ""
    calendar_years: tuple[int, int] | None = None
    calendar: str = ""
    topics: dict[str, dict[int, Stretch]] = {}
    content: str = ""


def versions() -> dict[str, str]:
    """Return the versions of this program and of what its decisions depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def policy_digest(policy: Policy = DEFAULT) -> str:
    """Return a digest by which two versions of a preset are told apart."""
    return blake2b(policy.model_dump_json().encode(), digest_size=16).hexdigest()


def calendar_digest(times: Calendars) -> str:
    """Return a digest of all sessions of both tables."""
    total = blake2b(digest_size=16)
    for hours in times:
        total.update(f"{hours.name}:{hours.opens}:{hours.closes}\n".encode())
    return total.hexdigest()


def combined(digests: dict[str, str]) -> str:
    """Return one digest of several, by name in the order given."""
    total = blake2b(digest_size=16)
    for name, digest in digests.items():
        total.update(f"{name}={digest}\n".encode())
    return total.hexdigest()


def content_digest(topics: dict[str, dict[int, Stretch]]) -> str:
    """Return one digest of all that was recorded; two recordings of one log have the same."""
    return combined(
        {
            f"{topic}:{number}": stretch.digest
            for topic, partitions in sorted(topics.items())
            for number, stretch in sorted(partitions.items())
        }
    )
