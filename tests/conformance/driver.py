"""Drives recorded scenarios of the original coordinator against a desk under `reference`.

A scenario is a JSON line: a configuration, an initial state and steps, each with the inputs of one
call and everything the original answered.  What the desk decides is taken from `Desk.apply`; only
predicates that it does not say, and what the original did beside it, are asked of the functions.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from state.dealing.attempts import Attempt
from state.market.hours import Calendars
from state.rules import cooldowns as cooling
from state.rules import fights
from state.rules.decision import Candidate
from state.rules.policy import REFERENCE, Policy, policy_from
from state.rules.refusals import Refusal
from state.rules.victims import History
from tests.conformance import original
from topics.commands import Cancel
from topics.limits import Side

from .desks import Resting, Stand, Wish

CONFIG_FIELDS = {
    "enabled": "enabled",
    "dry_run": "dry_run",
    "entry_tolerance_pct": "entry_tolerance",
    "protection_pct": "protection",
    "cooldown_seconds": "cooldown_s",
    "fight_threshold": "fight_threshold",
    "fight_window_seconds": "fight_window_s",
    "fight_cooldown_seconds": "fight_cooldown_s",
    "crypto_ooh_force_count": "crypto_force_count",
    "crypto_ooh_tolerance_pct": "crypto_ooh_tolerance",
    "crypto_normal_tolerance_pct": "normal_tolerance",
    "crypto_symbols": "crypto_symbols",
}

Json = dict[str, Any]


def to_us(text: str) -> int:
    """Return an ISO time as microseconds since 1970."""
    moment = datetime.fromisoformat(text)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond


def policy_of(config: Json) -> Policy:
    """Return the reference policy under a scenario's configuration."""
    values = {CONFIG_FIELDS[key]: value for key, value in config.items()}
    return policy_from(values, REFERENCE)


class Scenario:
    """One scenario in progress: the state that carries over from step to step."""

    def __init__(self, scenario: Json, calendars: Calendars) -> None:
        self.config = scenario["config"]
        self.calendars = calendars
        self.steals = 0
        self.load(scenario.get("initial_state") or {})

    def load(self, state: Json) -> None:
        """Replace cooldowns and fights by those of a vector."""
        cooldowns = {symbol: to_us(at) for symbol, at in (state.get("cooldowns") or {}).items()}
        pairs = {
            fights.pair_of(*fight["pair"]): [to_us(at) for at in fight["times"]]
            for fight in state.get("fights") or []
        }
        self.history = History(cooldowns, pairs)

    def prepare(self, step: Json) -> None:
        """Take over a step's time and what it overrides."""
        if "state_override" in step:
            self.load(step["state_override"])
        self.policy = policy_of({**self.config, **(step.get("config_override") or {})})
        self.now = to_us(step["now"])

    def step(self, step: Json) -> Json:
        """Run one step and return what we say where the original's answer is recorded."""
        self.prepare(step)
        said = OPERATIONS[step["op"]](self, step)
        if "state_after" in step["expected"]:
            said["state_after"] = self.state_after()
        return said

    def state_after(self) -> Json:
        """Return our state in the vectors' form."""
        return {
            "cooldowns": dict(sorted(self.history.cooldowns.items())),
            "fights": sorted((pair, times) for pair, times in self.history.fights.items()),
            "history_len": self.steals,
        }

    def stand(self, book: list[Resting] | None = None, **values: Any) -> Stand:
        """Return a desk at the step's time; `values` are put on top of the policy, unchecked."""
        policy = self.policy.model_copy(update=values) if values else self.policy
        return Stand(self.calendars, policy, self.now, book or [], self.history)

    def session_open(self, stand: Stand | None = None) -> bool:
        """Tell whether the original thought New York open."""
        if stand is None:
            stand = self.stand()
            stand.apply()
        return stand.desk.clock.session_open(self.policy)

    def book(self, step: Json) -> tuple[list[Resting], list[Json]]:
        """Read the step's book: the usable orders, and each row as the vectors describe it."""
        book, rows = [], []
        for raw in step.get("open_orders") or []:
            read = original.read_order(raw)
            if isinstance(read, str):
                rows.append(
                    {"id": raw.get("id"), "symbol": raw.get("symbol"), "evaluated": False}
                    | {"skip": read}
                )
                continue
            fields = {} if step.get("forecasts_error") else step["forecasts"].get(read.symbol, {})
            side: Side = "sell" if read.side == "sell" else "buy"
            pnl = original.forecast_pnl(fields)
            book.append(Resting(read.symbol, side, read.limit, read.qty, read.price, pnl))
            rows.append({"id": read.order, "evaluated": True})
        return book, rows

    def weigh(self, book: list[Resting], wish: Wish) -> list[tuple[int, Candidate]]:
        """Let a desk weigh the whole book, whatever the thief may; returns order and candidate."""
        stand = self.stand(book, enabled=True, dry_run=True, entry_tolerance=1e9)
        stand.come(wish._replace(force=True))
        choice = stand.attempts[-1].weighed.choice
        assert choice is not None
        return [(int(item.view.order[1:]), item) for item in choice.weighed]

    def weigh_distance(self, wish: Wish) -> float:
        """Return how far a desk finds an entry from its limit."""
        stand = self.stand(enabled=True, entry_tolerance=1e9)
        stand.come(wish._replace(force=True))
        choice = stand.attempts[-1].weighed.choice
        assert choice is not None
        return choice.entrant_distance

    def trigger(self, wish: Wish, **values: Any) -> tuple[float | None, bool]:
        """Return the tolerance of an entry that comes, and whether it is forced."""
        entry, _ = self.stand(**values).come(wish)
        return entry.kept_tolerance, entry.kept_force

    def weighed(self, step: Json, book: list[Resting], rows: list[Json]) -> Json:
        """Describe every order as the vectors do."""
        raw = step.get("entrant")
        found = self.weigh(book, wish_of(raw) if raw else NOBODY)
        places = {number: (rank, item) for rank, (number, item) in enumerate(found)}
        unseen = bool(step.get("orders_error"))  # the original saw no order at all
        ids = []
        for number, row in enumerate(row for row in rows if row["evaluated"]):
            order, (rank, item) = book[number], places[number]
            ids.append(row["id"])
            spared = item.protection
            mode = (
                "probe" if abs(order.qty * order.limit) < self.policy.probe_notional else "normal"
            )
            row |= {
                "symbol": order.symbol,
                "notional": abs(order.qty * order.limit),
                "mode": mode,
                "effective_current_price": item.view.price,
                "distance_pct": item.distance,
                "is_protected": spared is not None,
                "protected_reason": None if spared is None else str(spared),
                "forecasted_pnl": item.view.pnl,
                "on_cooldown": self.on_cooldown(order.symbol),
                "fighting_cooldown_seconds": self.extended(order.symbol),
                "candidate_rank": rank if spared is None and not unseen else None,
            }
            if raw:
                # The desk asks only of those that it may take; the original asked of all.
                row["would_cause_fight"] = (
                    item.fight if spared is None else self.would_fight(raw["symbol"], order.symbol)
                )
        able = [ids[number] for number, item in found if item.protection is None]
        return {"orders": rows, "candidate_order_ids": [] if unseen else able}

    def would_fight(self, one: str, other: str) -> bool:
        """Rule F7."""
        return fights.would_fight(self.policy, self.history.fights, one, other, self.now)

    def on_cooldown(self, symbol: str) -> bool:
        """Rule F5."""
        return cooling.on_cooldown(
            self.policy, self.history.cooldowns, self.history.fights, symbol, self.now
        )

    def extended(self, symbol: str) -> float:
        """Rule F6, in seconds."""
        return fights.cooldown_us(self.policy, self.history.fights, symbol, self.now) / 1e6

    def capacity(self, step: Json) -> Json:
        """Rules C1, and whether the entrant fits."""
        account = step["account"]
        power = None if account.get("error") else float(account.get("buying_power", 0.0))
        rows = [] if step.get("orders_error") else step.get("open_orders") or []
        available = original.capacity(power, rows)
        said: Json = {"capacity_available": available}
        if "entrant" in step:
            qty, limit = float(step["entrant"]["qty"]), float(step["entrant"]["limit_price"])
            said["capacity_needed"] = abs(qty * limit)
            said["can_open_order"] = original.fits(self.policy, available, qty, limit)
        return said

    def record(self, thief: str, victim: str) -> None:
        """Rule F9."""
        fights.record(self.policy, self.history.fights, thief, victim, self.now)
        self.steals += 1


def wish_of(raw: Json, **values: Any) -> Wish:
    """Read an entrant."""
    side: Side = "sell" if raw["side"] == "sell" else "buy"
    limit = float(raw["limit_price"])
    price = limit if raw.get("current_price") is None else float(raw["current_price"])
    return Wish(
        raw["symbol"], side, limit, price, float(raw.get("forecasted_pnl") or 0.0), **values
    )


NOBODY = Wish("NOBODY", "buy", 1.0, 1.0)
"""Stands for the thief where the original was asked with none in view."""


def attempt_steal(run: Scenario, step: Json) -> Json:
    """One attempt (rules A4), with every predicate evaluated before it."""
    raw = step["entrant"]
    book, rows = run.book(step)
    said = run.capacity(step) | run.weighed(step, book, rows)
    watcher = run.stand()
    entry, _ = watcher.come(wish_of(raw, rank=raw["crypto_rank"]))
    near = run.weigh_distance(wish_of(raw))
    said |= {
        "entrant_distance_pct": near,
        "can_attempt": run.policy.enabled and near <= run.policy.entry_tolerance,
        "entrant_on_cooldown": run.on_cooldown(raw["symbol"]),
        "nyse_open": run.session_open(watcher),
        "watcher_tolerance_pct": entry.kept_tolerance,
        "force_immediate": entry.kept_force,
        "watcher_would_trigger": bool(watcher.attempts),
    }
    return said | outcome(run, step, book, rows)


def outcome(run: Scenario, step: Json, book: list[Resting], rows: list[Json]) -> Json:
    """Let the entrant come to a desk, and tell what it did as the original would have told it."""
    stand = run.stand([] if step.get("orders_error") else book)
    _, outputs = stand.come(wish_of(step["entrant"], force=True))
    (attempt,) = stand.attempts
    refusal, choice = attempt.weighed.refusal, attempt.weighed.choice
    reason, detail = str(refusal or "stolen"), choice.detail if choice is not None else None
    ids = [row["id"] for row in rows if row["evaluated"]]
    cancelled = [int(it.order[1:]) for it in outputs.commands if isinstance(it, Cancel)]
    taken = victim_of(attempt)
    assert cancelled == ([taken] if taken is not None and refusal is None else [])
    if refusal is Refusal.NO_STEAL_CANDIDATES:
        if step.get("orders_error"):
            reason, detail = "orders_unavailable", None
        elif detail == "no_open_orders" and rows:
            detail = "no_usable_limit_orders"
    if cancelled and step.get("cancel_fails"):  # there the original knew it at once
        reason, detail, taken, cancelled = "cancel_failed", None, None, []
    if cancelled:
        run.history = stand.history()
        run.steals += 1
    return {
        "victim_symbol": book[taken].symbol if taken is not None else None,
        "victim_order_id": ids[taken] if taken is not None else None,
        "reason": reason,
        "reason_detail": detail,
        "cancelled_order_ids": [ids[number] for number in cancelled],
    }


def victim_of(attempt: Attempt) -> int | None:
    """Return the number of the order that an attempt chose."""
    choice = attempt.weighed.choice
    return int(choice.victims[0].view.order[1:]) if choice is not None and choice.victims else None


def record_steal(run: Scenario, step: Json) -> Json:
    """A steal reported from outside."""
    run.record(step["record"]["to_symbol"], step["record"]["from_symbol"])
    return {}


def candidates(run: Scenario, step: Json) -> Json:
    """All orders weighed, with no entrant in view."""
    book, rows = run.book(step)
    return run.weighed(step, book, rows)


def is_protected(run: Scenario, step: Json) -> Json:
    """Rule F8 for one order, whose mode is given."""
    raw = step["order"]
    limit, price = float(raw["limit_price"]), float(raw["current_price"])
    run.policy = run.policy.model_copy(update={"probe_by_mode": True, "probe_notional": 0.0})
    order = Resting(raw["symbol"], "buy", limit, 1.0, price, 0.0, mode=raw["mode"])
    ((_, item),) = run.weigh([order], NOBODY)
    return {"is_protected": item.protection is not None, "distance_pct": item.distance}


def market(run: Scenario, step: Json) -> Json:
    """Hours, and what they do to tolerance and force (rules M1, M3, M4)."""
    is_open = run.session_open()
    active = run.policy.crypto_symbols
    ranked = {
        rank: bool(active) and run.trigger(Wish(active[0], "buy", 1.0, None, rank=int(rank)))[1]
        for rank in step["expected"].get("rank_forces_immediate", {})
    }
    tolerance = {
        symbol: run.trigger(Wish(symbol, "buy", 1.0, None))[0] for symbol in step["symbols"]
    }
    return {
        "nyse_open": is_open,
        "crypto_out_of_hours": not is_open,
        "rank_forces_immediate": ranked,
        "tolerance_pct": tolerance,
    }


def spawn_entry(run: Scenario, step: Json) -> Json:
    """What the desk takes from the spawning of a watcher: tolerance, force, expiry."""
    raw = step["spawn"]
    wish = Wish(
        raw["symbol"],
        "buy",
        1.0,
        None,
        tolerance=raw["tolerance_pct"],
        force=bool(raw["force_immediate"]),
        rank=raw["crypto_rank"],
        expires=False,
    )
    stand = run.stand()
    entry, _ = stand.come(wish)
    return {
        "nyse_open": run.session_open(stand),
        "tolerance_pct": run.trigger(wish, tolerance_decimals=None)[0],
        "cli_tolerance_pct": entry.kept_tolerance,
        "force_immediate": entry.kept_force,
        "expiry_at": entry.expires_us,
    }


OPERATIONS: dict[str, Callable[[Scenario, Json], Json]] = {
    "attempt_steal": attempt_steal,
    "record_steal": record_steal,
    "candidates": candidates,
    "is_protected": is_protected,
    "market": market,
    "spawn_entry": spawn_entry,
    "can_open_order": Scenario.capacity,
    "available_capacity": Scenario.capacity,
    "would_cause_fight": lambda run, step: {
        "would_cause_fight": run.would_fight(step["pair"][0], step["pair"][1])
    },
    "fighting_cooldown": lambda run, step: {
        "fighting_cooldown_seconds": run.extended(step["symbol"])
    },
}
