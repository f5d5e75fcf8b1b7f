"""The stealing agent: the desk as a machine on the journal, and what is its own.

Its names are fixed: another group would begin anew, and another table would not find its rows.
"""

import logging
from collections.abc import Mapping

from state.desk import Desk
from state.machine import CURSOR
from state.market.hours import Calendars
from state.rows import RowsError
from state.rules.policy import DEFAULT, Policy
from streams.ground.settings import Settings
from streams.journal.standing.claims import ClaimsError
from streams.journal.standing.kind import MachineKind, changelog_name
from topics.catalogue import EXECUTION, STEALS

AGENT = "stealing"

TABLE = "desk"

TOPICS = (EXECUTION.name, STEALS.name)
"""Where the desk's commands go, and its facts: in the order of `Outputs`."""

log = logging.getLogger("worksteal")


def group_of(settings: Settings) -> str:
    """Return the agent's consumer group."""
    return settings.topic_prefix + settings.group


def changelog_of(settings: Settings) -> str:
    """Return the name of the desk table's changelog on the broker."""
    return changelog_name(group_of(settings), TABLE)


def stealing(settings: Settings, calendars: Calendars) -> MachineKind[Desk]:
    """Return what the desk is on the journal of a deployment."""

    def restore(rows: Mapping[str, bytes]) -> Desk:
        return restored_desk(rows, calendars)

    return MachineKind(
        agent=AGENT, group=group_of(settings), table=TABLE, topics=TOPICS, restore=restore
    )


def restored_desk(
    rows: Mapping[str, bytes], calendars: Calendars, policy: Policy = DEFAULT
) -> Desk:
    """Return the desk that these rows describe; a new one if there are none.

    `policy` is in force until the journal brings another, and only on an empty changelog.  Raises
    `ClaimsError` if the rows are damaged or of another version.
    """
    if CURSOR not in rows:
        return Desk(calendars, policy)
    try:
        return Desk.restore(rows, calendars)
    except RowsError as error:
        raise ClaimsError(str(error)) from error


def compare_policies(settings: Settings, expected: Policy, desks: Mapping[int, Desk]) -> None:
    """Log a warning if another policy is in force than the operator's file has."""
    for number, desk in desks.items():
        in_force = desk.policies.default
        theirs = in_force.model_dump()
        differ = [name for name, value in expected.model_dump().items() if theirs[name] != value]
        if differ:
            log.warning(
                "journal partition %s goes by policy %s, which differs from %s in %s:"
                " `worksteal policy set %s` puts that in force",
                number,
                in_force.name,
                settings.policy,
                ", ".join(differ),
                settings.policy,
            )
            return
