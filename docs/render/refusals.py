"""The page of all reasons for which something is not done, and what a person does about each."""

from collections.abc import Iterable, Mapping
from typing import Any

from state.rules.decision import MEANING, EventFault, Protection, Refusal
from state.rules.meanings import EVENT_FAULT_MEANING, PROTECTION_MEANING
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

_NOTHING = "nothing"

EVENT_ADVICE: dict[EventFault, str] = {
    EventFault.ACCOUNT_HALTED: "a bug: see [recover](../how-to/recover.md#a-halted-account)",
    EventFault.CROSSED_QUOTE: "nothing once in a while; often: look at the source of the quotes",
    EventFault.ENTRY_EXISTS: "nothing for a repeat; give a new wish a new name",
    EventFault.ENTRY_EXPIRED: "ask again with a later `expires_us`; often: look for a slow producer",
    EventFault.UNKNOWN_ENTRY: "nothing if it ended meanwhile; otherwise correct the name",
    EventFault.ORDER_EXISTS: "nothing: the venue repeated itself",
    EventFault.ORDER_ENDED: "nothing: the venue repeated itself",
    EventFault.UNKNOWN_ORDER: "let the adapter answer under the command's own `order`; nothing for"
    " orders that the desk never sent",
    EventFault.WRONG_STATE: "nothing for a repeat; otherwise look at what the adapter answers",
    EventFault.DUPLICATE_FILL: "nothing: the venue repeated itself",
    EventFault.OUTDATED_SNAPSHOT: "nothing once in a while; always: date fills and snapshots by one clock",
    EventFault.BAD_POLICY: "publish with `worksteal policy set`, which checks before it sends",
    EventFault.ABSURD_AMOUNT: "correct the producer; split what is really that large",
    EventFault.FROM_THE_FUTURE: "set the clock of that producer; `worksteal doctor` measures yours",
}

ENTRY_ADVICE: dict[Refusal, str] = {
    Refusal.NO_PRICE: "publish quotes of that symbol",
    Refusal.STALE_QUOTE: "look whether quotes still come; slow sources need a longer `quote_max_age_s`",
    Refusal.AWAITING_RECONCILIATION: "have the venue send snapshots that list the open orders",
    Refusal.NO_ACCOUNT_SNAPSHOT: "have the venue send a snapshot of the account",
    Refusal.STALE_ACCOUNT: "look whether snapshots still come, or raise `snapshot_max_age_s`",
    Refusal.DISABLED: "nothing, or set `enabled`",
    Refusal.TOO_FAR_FROM_LIMIT: "nothing, or raise `entry_tolerance`",
    Refusal.ORDERS_UNAVAILABLE: _NOTHING,
    Refusal.NO_STEAL_CANDIDATES: "nothing; `worksteal explain` shows what spared each order",
    Refusal.FIGHT_PNL_NOT_BETTER: "nothing: the fight is doing its work",
    Refusal.INSUFFICIENT_CAPITAL: "smaller entries, a larger `max_victims`, or more capital",
    Refusal.DRY_RUN: "unset `dry_run` when you have seen enough",
    Refusal.CANCEL_FAILED: _NOTHING,
}


def refusals_page() -> str:
    """Render all reasons, in their order of precedence."""
    record_advice = {reason: advice_of(reason) for reason in RECORD_MEANING}
    lines = [
        *_INTRO.splitlines(),
        *_list("A record at the door", _RECORD, RECORD_MEANING, record_advice),
        *_list("An event at the desk", _EVENT, EVENT_FAULT_MEANING, EVENT_ADVICE),
        *_list("An entry that tries to go", _BLOCKED, MEANING, ENTRY_ADVICE),
        *_victims(),
    ]
    return "\n".join([*lines, "", "Next: [policy](policy.md)"]) + "\n"


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
    rows = [(f"`{reason}`", PROTECTION_MEANING[reason]) for reason in Protection]
    head = ("reason", "meaning")
    return ["", "## An order as a victim", "", told, "", *table(head, list(rows))]
