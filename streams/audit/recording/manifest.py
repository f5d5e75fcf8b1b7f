"""What a recording says about itself: versions, policy, calendar, offsets, checksums.

In the file a checksum is called `digest`, as in the first version of the form.
"""

import platform
from importlib.metadata import PackageNotFoundError, version

import msgspec

from state.market.hours import Calendars
from state.rules.policy import DEFAULT, Policy
from topics.digests import checksum, combined

FORMAT = 1
"""Version of the recording's form; see `blocks`.  A newer one is refused by name."""

PACKAGES = ("worksteal", "pandas-market-calendars", "tzdata")
"""Whose versions can make a difference to a replay."""


class Stretch(msgspec.Struct):
    """What was recorded of one partition: offsets `first` through `end - 1`, less the gaps.

    `checksum` is of offsets, times and bytes in their order, however the file is cut into blocks.
    """

    first: int
    end: int
    records: int
    checksum: str = msgspec.field(name="digest", default="")


class Manifest(msgspec.Struct):
    """Stands at the beginning of a recording without results, and at its end with them.

    `policy` is what desks began with; what came later is in the journal.  `calendar_years` and
    `calendar` (a checksum of the sessions) are empty for an empty journal.  `started` and `ended` are
    the recorder's own time, for people.
    """

    format: int
    complete: bool
    versions: dict[str, str]
    policy: dict[str, object]
    policy_checksum: str = msgspec.field(name="policy_digest")
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


def policy_checksum(policy: Policy = DEFAULT) -> str:
    """Return a checksum by which two versions of a preset are told apart."""
    return checksum(policy.model_dump_json().encode())


def calendar_checksum(times: Calendars) -> str:
    """Return a checksum of all sessions of both tables."""
    tables = (f"{hours.name}:{hours.opens}:{hours.closes}\n" for hours in times)
    return checksum("".join(tables).encode())


def content_checksum(topics: dict[str, dict[int, Stretch]]) -> str:
    """Return one checksum of all that was recorded; two recordings of one log have the same."""
    return combined(
        {
            f"{topic}:{number}": stretch.checksum
            for topic, partitions in sorted(topics.items())
            for number, stretch in sorted(partitions.items())
        }
    )
