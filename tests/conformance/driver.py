"""Drives recorded scenarios of the original coordinator against the rules under `reference`.

A scenario is a JSON line: a configuration, an initial state and steps, each with the inputs of one
call and everything the original answered.  `run` replays one and returns every difference.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from state.market.hours import Calendars, default_expiry_us
from state.rules import cooldowns as cooling
from state.rules import fights, ranks
from state.rules.decision import Choice, Entrant, OrderView
from state.rules.policy import REFERENCE, Policy, policy_from
from state.rules.refusals import Refusal
from state.rules.victims import History, assess, choose, is_probe, protected, weigh
from tests.conformance import original
from topics.limits import Side

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

    def session_open(self) -> bool:
        """Tell whether the original thought New York open."""
        return self.calendars.weekdays.is_open(self.now)

    def views(self, step: Json) -> tuple[list[OrderView], list[Json]]:
        """Read the step's book: the usable orders, and each row as the vectors describe it."""
        views, rows = [], []
        for raw in step.get("open_orders") or []:
            read = original.read_order(raw)
            if isinstance(read, str):
                rows.append(
                    {"id": raw.get("id"), "symbol": raw.get("symbol"), "evaluated": False}
                    | {"skip": read}
                )
                continue
            fields = {} if step.get("forecasts_error") else step["forecasts"].get(read.symbol, {})
            views.append(
                OrderView(
                    read.order,
                    read.symbol,
                    "sell" if read.side == "sell" else "buy",
                    read.limit,
                    read.qty,
                    read.price,
                    original.forecast_pnl(fields),
                    intent="exit",  # the original never asked; under `reference` it must not matter
                )
            )
            rows.append({"id": read.order, "evaluated": True})
        return views, rows

    def choose(self, entrant: Entrant, views: list[OrderView]) -> Choice:
        """Walk the checks of the thief, then choose among the orders."""
        near = ranks.distance(self.policy, entrant.side, entrant.limit, entrant.price)
        if not self.policy.enabled:
            return Choice(Refusal.DISABLED, None, (), (), near)
        if near > self.policy.entry_tolerance:
            return Choice(Refusal.TOO_FAR_FROM_LIMIT, None, (), (), near)
        orders = [assess(self.policy, self.now, view, self.history) for view in views]
        return choose(self.policy, self.now, entrant, orders, self.history, 0)

    def weighed(self, step: Json, views: list[OrderView], rows: list[Json]) -> Json:
        """Describe every order as the vectors do."""
        raw = step.get("entrant")
        entrant = entrant_of(raw) if raw else None
        weighed = weigh(self.policy, self.now, entrant, views, self.history)
        found = {id(item.view): (rank, item) for rank, item in enumerate(weighed)}
        index = iter(views)
        unseen = bool(step.get("orders_error"))  # the original saw no order at all
        for row in rows:
            if not row["evaluated"]:
                continue
            view = next(index)
            rank, item = found[id(view)]
            spared = item.protection
            row |= {
                "symbol": view.symbol,
                "notional": abs(view.qty * view.limit),
                "mode": "probe"
                if is_probe(self.policy, "normal", view.qty, view.limit)
                else "normal",
                "effective_current_price": view.price,
                "distance_pct": item.distance,
                "is_protected": spared is not None,
                "protected_reason": None if spared is None else str(spared),
                "forecasted_pnl": view.pnl,
                "on_cooldown": self.on_cooldown(view.symbol),
                "fighting_cooldown_seconds": self.extended(view.symbol),
                "candidate_rank": rank if spared is None and not unseen else None,
            }
            if entrant:
                row["would_cause_fight"] = item.fight
        able = [item.view.order for item in weighed if item.protection is None]
        return {"orders": rows, "candidate_order_ids": [] if unseen else able}

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


def entrant_of(raw: Json) -> Entrant:
    """Read an entrant."""
    side: Side = "sell" if raw["side"] == "sell" else "buy"
    limit = float(raw["limit_price"])
    price = limit if raw.get("current_price") is None else float(raw["current_price"])
    return Entrant(raw["symbol"], side, limit, price, float(raw.get("forecasted_pnl") or 0.0))


def attempt_steal(run: Scenario, step: Json) -> Json:
    """One attempt (rules A4), with every predicate evaluated before it."""
    raw = step["entrant"]
    entrant = entrant_of(raw)
    views, rows = run.views(step)
    wide = ranks.tolerance(run.policy, entrant.symbol, run.session_open())
    force = ranks.forced(run.policy, entrant.symbol, run.session_open(), raw["crypto_rank"])
    seen = [] if step.get("orders_error") else views
    choice = run.choose(entrant, seen)
    said = run.capacity(step) | run.weighed(step, views, rows)
    near = choice.entrant_distance
    said |= {
        "entrant_distance_pct": near,
        "can_attempt": run.policy.enabled and near <= run.policy.entry_tolerance,
        "entrant_on_cooldown": run.on_cooldown(entrant.symbol),
        "nyse_open": run.session_open(),
        "watcher_tolerance_pct": wide,
        "force_immediate": force,
        "watcher_would_trigger": force or near <= wide,
    }
    return said | outcome(run, step, choice, rows)


def outcome(run: Scenario, step: Json, choice: Choice, rows: list[Json]) -> Json:
    """Carry out a choice on the scenario's state, as the original's synchronous cancel did."""
    reason, detail = str(choice.refusal or "stolen"), choice.detail
    victim = choice.victims[0].view if choice.victims else None
    if choice.refusal is Refusal.NO_STEAL_CANDIDATES:
        if step.get("orders_error"):
            reason, detail = "orders_unavailable", None
        elif detail == "no_open_orders" and rows:
            detail = "no_usable_limit_orders"
    cancelled = []
    if choice.refusal is None and victim is not None:
        if step.get("cancel_fails"):
            reason, detail, victim = "cancel_failed", None, None
        else:
            cancelled = [victim.order]
            run.history.cooldowns[victim.symbol] = run.now
            run.record(step["entrant"]["symbol"], victim.symbol)
    return {
        "victim_symbol": victim.symbol if victim else None,
        "victim_order_id": victim.order if victim else None,
        "reason": reason,
        "reason_detail": detail,
        "cancelled_order_ids": cancelled,
    }


def record_steal(run: Scenario, step: Json) -> Json:
    """A steal reported from outside."""
    run.record(step["record"]["to_symbol"], step["record"]["from_symbol"])
    return {}


def candidates(run: Scenario, step: Json) -> Json:
    """All orders weighed, with no entrant in view."""
    views, rows = run.views(step)
    return run.weighed(step, views, rows)


def is_protected(run: Scenario, step: Json) -> Json:
    """Rule F8 for one order, whose mode is given."""
    raw = step["order"]
    limit, price = float(raw["limit_price"]), float(raw["current_price"])
    policy = run.policy.model_copy(update={"probe_by_mode": True, "probe_notional": 0.0})
    view = OrderView("", raw["symbol"], "buy", limit, 1.0, price, 0.0, mode=raw["mode"])
    away = ranks.distance(policy, "buy", limit, price)
    spared = protected(policy, run.now, view, away, run.history)
    return {"is_protected": spared is not None, "distance_pct": away}


def market(run: Scenario, step: Json) -> Json:
    """Hours, and what they do to tolerance and force (rules M1, M3, M4)."""
    is_open = run.session_open()
    active = run.policy.crypto_symbols
    ranked = {
        rank: bool(active) and ranks.forced(run.policy, active[0], is_open, int(rank))
        for rank in step["expected"].get("rank_forces_immediate", {})
    }
    tolerance = {symbol: ranks.tolerance(run.policy, symbol, is_open) for symbol in step["symbols"]}
    return {
        "nyse_open": is_open,
        "crypto_out_of_hours": not is_open,
        "rank_forces_immediate": ranked,
        "tolerance_pct": tolerance,
    }


def spawn_entry(run: Scenario, step: Json) -> Json:
    """What the desk takes from the spawning of a watcher: tolerance, force, expiry."""
    raw = step["spawn"]
    is_open = run.session_open()
    exact = run.policy.model_copy(update={"tolerance_decimals": None})
    symbol, asked = raw["symbol"], raw["tolerance_pct"]
    force = ranks.forced(
        run.policy, symbol, is_open, raw["crypto_rank"], bool(raw["force_immediate"])
    )
    expiry = default_expiry_us(run.now, symbol in run.policy.active_cryptos, run.calendars.weekdays)
    return {
        "nyse_open": is_open,
        "tolerance_pct": ranks.tolerance(exact, symbol, is_open, asked),
        "cli_tolerance_pct": ranks.tolerance(run.policy, symbol, is_open, asked),
        "force_immediate": force,
        "expiry_at": expiry,
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
        "would_cause_fight": fights.would_fight(
            run.policy, run.history.fights, step["pair"][0], step["pair"][1], run.now
        )
    },
    "fighting_cooldown": lambda run, step: {
        "fighting_cooldown_seconds": run.extended(step["symbol"])
    },
}

NOTHING = "(no answer)"

NOT_OURS = {"tie_margin", "asset_class_crypto_flag", "force_immediate_flag", "precision"}
NOT_OURS |= {"poll_seconds", "state", "expiry_minutes"}
"""What describes the recording or the original's processes, not the decision."""


def comparable(key: str, value: Any) -> Any:
    """Bring a recorded value into the form in which `Scenario` answers."""
    if key == "expiry_at":
        return to_us(value)
    if key == "state_after":
        return {
            "cooldowns": {s: to_us(at) for s, at in sorted(value["cooldowns"].items())},
            "fights": sorted(
                (fights.pair_of(*f["pair"]), [to_us(at) for at in f["times"]])
                for f in value["fights"]
            ),
            "history_len": value["history_len"],
        }
    return value


def order_answers(got: list[Json], want: list[Json]) -> list[tuple[str, Any, Any]]:
    """Pair up the answers about each order of the book."""
    if len(got) != len(want):
        return [("number of orders", len(got), len(want))]
    return [
        (f"order {theirs['id']} {key}", ours.get(key, NOTHING), value)
        for ours, theirs in zip(got, want, strict=True)
        for key, value in theirs.items()
    ]


def differences(scenario: Json, calendars: Calendars) -> list[str]:
    """Replay one scenario; return one line for each answer that differs from the original's."""
    run = Scenario(scenario, calendars)
    found = []
    for number, step in enumerate(scenario["steps"]):
        said = run.step(step)
        for key, recorded in step["expected"].items():
            if key in NOT_OURS:
                continue
            want, got = comparable(key, recorded), said.get(key, NOTHING)
            pairs = order_answers(got, want) if key == "orders" else [(key, got, want)]
            found += [
                f"{scenario['id']} step {number} {name}: {ours!r}, recorded {theirs!r}"
                for name, ours, theirs in pairs
                if ours != theirs
            ]
    return found
