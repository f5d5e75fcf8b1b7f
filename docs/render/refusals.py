"""The page of all reasons for which something is not done, and what a person does about each."""

from collections.abc import Iterable, Mapping
from typing import Any

from state.rules.refusals import EventFault, Protection, Reason, Refusal
from streams.observe.dead_letters.advice import advice_of
from topics.meanings import RECORD_MEANING

from .fields import table

_INTRO = """\
# Refusals

Everything that is not done is refused by name. There are four kinds: a record may be refused at the
door, an event by the desk, an entry when it tries to go, an order as a victim. One reason is given,
the first that applies; for records, entries and victims the lists below stand in that order.
"""

_RECORD = """\
It goes to `dead-letters` with its exact bytes; the desk never sees it. `worksteal dlq show` has the
same advice for the record at hand."""

_EVENT = """\
It changed nothing; the fact `event.refused` names the reason and the order or entry. After a crash
producers and venues say things twice, so a few of these are no fault."""

_BLOCKED = """\
It waits on and is tried again when something changes; the fact `entry.blocked` is sent when the
reason changes. From `disabled` on there was not enough free capital. `orders_unavailable` and
`cancel_failed` belong to the original's synchronous broker; the desk never gives them."""


def refusals_page() -> str:
    """Render all reasons, in their order of precedence."""
    record_advice = {reason: advice_of(reason) for reason in RECORD_MEANING}
    lines = [
        *_INTRO.splitlines(),
        *_list("A record at the door", _RECORD, RECORD_MEANING, record_advice),
        *_list("An event at the desk", _EVENT, *_told(EventFault)),
        *_list("An entry that tries to go", _BLOCKED, *_told(Refusal)),
        *_victims(),
    ]
    return "\n".join([*lines, "", "Next: [policy](policy.md)"]) + "\n"


def _told(reasons: Iterable[Reason]) -> tuple[dict[Reason, str], dict[Reason, str]]:
    """Return the meaning and the advice of each of the desk's reasons."""
    reasons = list(reasons)
    return {it: it.meaning for it in reasons}, {it: it.advice for it in reasons}


def _list(
    title: str, told: str, meanings: Mapping[Any, str], advice: Mapping[Any, str]
) -> Iterable[str]:
    rows = [(f"`{reason}`", meaning, advice[reason]) for reason, meaning in meanings.items()]
    head = ("reason", "meaning", "what to do")
    return ["", f"## {title}", "", *told.splitlines(), "", *table(head, list(rows))]


def _victims() -> Iterable[str]:
    told = (
        "`worksteal explain` shows it beside each order that was weighed. There is nothing to do."
    )
    rows = [(f"`{reason}`", reason.meaning) for reason in Protection]
    head = ("reason", "meaning")
    return ["", "## An order as a victim", "", told, "", *table(head, list(rows))]
