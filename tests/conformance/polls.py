"""What the original's entry watcher shares with the desk: its trigger, and the steal it attempts.

The rest of a poll is bookkeeping by polling a broker (positions, own orders, cash, sleeping), which
the desk does not have: it learns of orders and fills from events.  Such polls are named in
`NOT_APPLICABLE` with the reason, and counted by the test.
"""

from state.market.hours import Calendars
from tests.conformance.original import forecast_pnl
from topics.limits import Side

from .desks import Wish
from .driver import Json, Scenario, victim_of, wish_of

NOT_APPLICABLE = {
    "position_open": "the desk ends an entry when its own order has filled",
    "awaiting_fill": "the desk knows that the entry's order is under way: its state is `placed`",
    "old_orders_canceled": "ageing orders are the bots' own business",
    "awaiting_price": "either side of a quote would do; the desk wants both (refusal `no_price`)",
    "polling_error": "no polling, no error in it",
    "expired": "expiry is a timer of the desk, tested there",
}
REACHED = {"waiting_for_trigger", "trigger_override"}
TRIGGERED = {"submitting_order", "blocked_no_cash", "work_steal_success"}


def is_applicable(step: Json) -> bool:
    """Tell whether a poll came as far as the trigger, the first thing that the desk does too."""
    return bool((REACHED | TRIGGERED) & set(step["expected"]["states"]))


def poll_differences(scenario: Json, calendars: Calendars) -> list[str]:
    """Compare trigger and steal of every applicable poll of a scenario."""
    run = Scenario(scenario, calendars)
    found = []
    for number, step in enumerate(scenario["steps"]):
        run.prepare(step)
        if is_applicable(step):
            answers = [_trigger(run, step), *_steal(run, step)]
            found += [
                f"{scenario['id']} step {number} {name}: {got!r}, recorded {want!r}"
                for name, got, want in answers
                if got != want
            ]
    return found


def _trigger(run: Scenario, step: Json) -> tuple[str, str, str]:
    """Whether the poll went on at this price, or was forced to."""
    watcher, quote = step["watcher"], step["quote"]
    first, second = ("ask", "bid") if watcher["side"] == "buy" else ("bid", "ask")
    price = float(quote.get(first) or 0) or float(quote.get(second) or 0)
    side: Side = "sell" if watcher["side"] == "sell" else "buy"
    wish = Wish(
        watcher["symbol"],
        side,
        float(watcher["limit_price"]),
        price,
        tolerance=watcher["tolerance_pct"],
        force=bool(watcher["force_immediate"]),
    )
    stand = run.stand()
    entry, _ = stand.come(wish)
    triggered = "triggered" if stand.attempts else "waiting"
    got = "forced" if entry.kept_force else triggered
    states = set(step["expected"]["states"])
    want = "forced" if "trigger_override" in states else "waiting"
    if want == "waiting" and states & TRIGGERED:
        want = "triggered"
    return "trigger", got, want


def _steal(run: Scenario, step: Json) -> list[tuple[str, object, object]]:
    """The attempts that the poll made; the forecast is the one that it passed on."""
    answers: list[tuple[str, object, object]] = []
    for attempt in step["expected"]["steal_attempts"]:
        book, _ = run.book(step)
        stand = run.stand([] if step.get("orders_error") else book)
        stand.come(wish_of(attempt["args"], force=True))
        taken = victim_of(stand.attempts[-1])
        done = taken is not None and not step.get("cancel_fails")
        got = book[taken].symbol if taken is not None and done else None
        answers.append(("steal", got, attempt["result"]))
        fields = step["forecasts"].get(step["watcher"]["symbol"], {})
        watched = {key: value for key, value in fields.items() if "all_signals" not in key}
        if not step.get("forecasts_error"):
            told = attempt["args"]["forecasted_pnl"]
            answers.append(("forecast", forecast_pnl(watched), told))
    return answers
