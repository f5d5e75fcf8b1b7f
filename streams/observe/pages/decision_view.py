"""A decision as plain values: the ladder of checks, and every order that was weighed.

`worksteal explain` and the page of a recording show the same words, because both take them from here.
"""

from typing import Any, NamedTuple

from state.dealing.attempts import Attempt
from state.rules.decision import Candidate
from state.rules.money import to_dollars
from state.rules.refusals import Refusal
from streams.ground.times import utc_text
from topics.ids import output_id

LADDER = ("check", "result", "fails when")
CANDIDATES = ("", "order", "limit", "distance", "forecast", "frees", "verdict")

PASSED, NOT_REACHED, FAILED, VICTIM = "passed", "not reached", "FAILED", "victim"


class Decision(NamedTuple):
    """What is told of one attempt, in words.  `candidates` is empty if no order was weighed."""

    headline: str
    summary: str
    ladder: list[tuple[str, str, str]]
    candidates_title: str
    candidates: list[tuple[str, ...]]


def decision_of(attempt: Attempt) -> Decision:
    """Tell an attempt: the entry, the ladder, the candidates."""
    choice = attempt.weighed.choice
    title = ""
    if choice is not None and choice.weighed:
        title = f"orders weighed (the entry is {choice.entrant_distance:.4%} from its limit)"
    return Decision(
        headline=f"{utc_text(attempt.ts_us)}  entry {attempt.entry.id}"
        f"  policy {attempt.policy.name}: {outcome(attempt)}",
        summary=_summary(attempt),
        ladder=ladder(attempt),
        candidates_title=title,
        candidates=candidates(attempt),
    )


def decision_view(attempt: Attempt) -> dict[str, Any]:
    """Return the same for JSON, with what leads from a decision to what followed."""
    weighed = attempt.weighed
    stolen = weighed.refusal is None and weighed.choice is not None
    return {
        "account": attempt.account,
        "entry": attempt.entry.id,
        "symbol": attempt.entry.symbol,
        "outcome": "refused" if weighed.refusal else ("steal" if stolen else "submitted"),
        "ids": sorted(attempt.output_ids, key=output_id),
        "columns": {"ladder": LADDER, "candidates": CANDIDATES},
        **decision_of(attempt)._asdict(),
    }


def outcome(attempt: Attempt) -> str:
    """Say in a few words what an attempt came to."""
    weighed = attempt.weighed
    if weighed.refusal is not None:
        return str(weighed.refusal)
    if weighed.choice is None:
        return "submitted"
    return "steals from " + ", ".join(item.view.order for item in weighed.choice.victims)


def _summary(attempt: Attempt) -> str:
    entry, weighed = attempt.entry, attempt.weighed
    side = "ask" if entry.side == "buy" else "bid"
    pnl = "the symbol's" if entry.pnl is None else f"{entry.pnl:,.2f}"
    return (
        f"{entry.side} {entry.qty:g} {entry.symbol} at {entry.limit:,.8g},"
        f" {side} {attempt.price:,.8g}, forecast {pnl};"
        f" needs {to_dollars(weighed.needed_micros):,.2f} dollars,"
        f" free {to_dollars(weighed.free_micros):,.2f}"
    )


def ladder(attempt: Attempt) -> list[tuple[str, str, str]]:
    """Return the checks in their order: passed, failed, not reached.

    With free capital the ladder ends before any question of stealing is asked.
    """
    weighed = attempt.weighed
    rows = []
    reached = True
    for refusal in Refusal:
        if refusal in (Refusal.ORDERS_UNAVAILABLE, Refusal.CANCEL_FAILED):
            continue  # only the original's synchronous broker had these
        if refusal is Refusal.DISABLED:
            enough = weighed.refusal is None and weighed.choice is None
            fits = "yes: submitted" if enough else ("no" if reached else NOT_REACHED)
            rows.append(("fits free capital", fits, "otherwise victims are looked for"))
            reached = reached and not enough
        result = PASSED if reached else NOT_REACHED
        if refusal is weighed.refusal:
            reached, detail = False, weighed.choice.detail if weighed.choice else None
            result = f"{FAILED} {detail or ''}".strip()
        rows.append((str(refusal), result, refusal.meaning))
    return rows


def candidates(attempt: Attempt) -> list[tuple[str, ...]]:
    """Return all orders that were weighed, the victims marked."""
    choice = attempt.weighed.choice
    if choice is None:
        return []
    taken = {item.view.order for item in choice.victims}
    return [
        (
            str(number),
            f"{item.view.order} ({item.view.side} {item.view.symbol})",
            f"{item.view.limit:,.8g}",
            "no price" if item.distance is None else f"{item.distance:.4%}",
            f"{item.view.pnl:,.2f}",
            f"{to_dollars(item.view.frees_micros):,.2f}",
            _verdict(item, taken=item.view.order in taken),
        )
        for number, item in enumerate(choice.weighed, 1)
    ]


def _verdict(item: Candidate, *, taken: bool) -> str:
    if item.protection is not None:
        return f"protected: {item.protection}"
    if taken:
        return VICTIM + (" (fight won)" if item.fight else "")
    return "fight lost" if item.fight_lost else "not needed"
