"""An account's view for people: one line of capital, then a table for each thing there is."""

from collections.abc import Callable, Iterable
from typing import Any

from state.rules.money import to_dollars
from streams.ground.times import time_text
from streams.observe.pages.account_view import View

from .tables import Column, Sheet, output, say

Cell = Callable[[Any], str]


def show(view: View, source: str) -> None:
    """Print a view, and where it comes from."""
    say(_title(view, source), style="bold")
    if view["halted"]:
        say(f"HALTED: {view['halted']}. Nothing is decided for it.", style="bold red")
    if view["awaiting_reconciliation"]:
        told = "An order's fate is unknown: the account waits for a snapshot with open orders."
        say(told, style="yellow")
    for number in view["also_in_partitions"]:
        told = f"Journal partition {number} has an account of this name, too: see who publishes it."
        say(told, style="bold red")
    say(_capital(view["capital"]))
    for title, columns in TABLES.items():
        _print_table(title, columns, view[title])


def _title(view: View, source: str) -> str:
    as_of, policy = view["as_of"], view["policy"]
    own = " (its own)" if policy["own"] else ""
    return (
        f"{view['account']} · policy {policy['name']}{own} · as of {as_of['time']}, journal"
        f" partition {as_of['journal_partition']} before offset {as_of['next_offset']} · {source}"
    )


def _capital(capital: View) -> str:
    parts = [
        f"{kind} {_dollars(of['reserved_micros'])} ({of['leverage']:g}×)"
        for kind, of in capital["by_class"].items()
        if of["reserved_micros"]
    ]
    if capital["steals_micros"]:
        parts.append(f"steals in flight {_dollars(capital['steals_micros'])}")
    reserved = ": ".join(filter(None, (_dollars(capital["reserved_micros"]), ", ".join(parts))))
    known = "" if capital["snapshot_us"] is not None else " · no account snapshot yet"
    return (
        f"equity {_dollars(capital['equity_micros'])} · reserved {reserved}"
        f" · free {_dollars(capital['free_micros'])}{known}"
    )


def _print_table(title: str, columns: dict[str, tuple[str, Cell]], rows: Iterable[View]) -> None:
    rows = list(rows)
    if not rows:
        say(f"no {title}", style="dim")
        return
    # Columns in which nothing stands would only push the others together.
    shown = [key for key in columns if any(_text(columns[key][1], row[key]) for row in rows)]
    table = Sheet(
        title=title,
        columns=[Column(columns[key][0], figures=columns[key][1] in NUMBERS) for key in shown],
        rows=[[_text(columns[key][1], row[key]) for key in shown] for row in rows],
    )
    output().print(table)


def _text(cell: Cell, value: Any) -> str:
    return "" if value is None or value is False else cell(value)


def _dollars(micros: int) -> str:
    return f"{to_dollars(micros):,.2f}"


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _percent(fraction: float) -> str:
    return f"{fraction:.3%}"


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _list(values: list[Any]) -> str:
    return ", ".join(map(str, values))


NUMBERS = (_dollars, _number, _percent)

TABLES: dict[str, dict[str, tuple[str, Cell]]] = {
    "positions": {
        "symbol": ("symbol", str),
        "class": ("class", str),
        "qty": ("quantity", _number),
        "value_micros": ("value", _dollars),
    },
    "orders": {
        "order": ("order", str),
        "symbol": ("symbol", str),
        "side": ("side", str),
        "intent": ("intent", str),
        "limit": ("limit", _number),
        "remaining": ("left", _number),
        "price": ("price", _number),
        "distance": ("distance", _percent),
        "reserved_micros": ("reserved", _dollars),
        "forecast": ("forecast", _number),
        "state": ("state", str),
        "spared": ("spared because", str),
        "steal": ("steal", str),
        "unanswered_us": ("unanswered since", time_text),
    },
    "entries": {
        "entry": ("entry", str),
        "symbol": ("symbol", str),
        "side": ("side", str),
        "limit": ("limit", _number),
        "qty": ("quantity", _number),
        "needed_micros": ("needs", _dollars),
        "price": ("price", _number),
        "distance": ("distance", _percent),
        "tolerance": ("tolerance", _percent),
        "force": ("forced", _yes),
        "forecast": ("forecast", _number),
        "state": ("state", str),
        "blocked": ("blocked", str),
        "order": ("order", str),
        "steal": ("steal", str),
        "retry_us": ("again at", time_text),
        "expires_us": ("expires", time_text),
    },
    "steals": {
        "steal": ("steal", str),
        "entry": ("for entry", str),
        "symbol": ("symbol", str),
        "phase": ("phase", str),
        "needed_micros": ("needs", _dollars),
        "held_micros": ("held", _dollars),
        "victims": ("from orders", _list),
        "pending": ("not answered", _list),
        "order": ("order", str),
        "spoiled": ("spoiled", str),
        "deadline_us": ("until", time_text),
        "retry_us": ("again at", time_text),
    },
    "cooldowns": {
        "symbol": ("symbol", str),
        "since_us": ("stolen from at", time_text),
        "until_us": ("spared until", time_text),
    },
    "fights": {
        "pair": ("pair", _list),
        "steals": ("steals", _number),
        "threshold": ("a fight from", _number),
        "fight": ("the next is a fight", _yes),
        "last_us": ("last", time_text),
    },
}
"""For each part of a view its columns in order: key, heading, and how a value is written."""
