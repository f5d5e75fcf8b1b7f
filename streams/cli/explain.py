"""`worksteal explain`: shows why a command was given, or an entry refused."""

from typing import Annotated

import typer
from rich.table import Table

from state.decision import MEANING, Candidate, Refusal
from state.money import to_dollars
from state.outbox import Outputs
from state.shared import Attempt
from streams.backtest.run import Hooks, Options, calendars_for, run_backtest
from streams.market.errors import utc_text
from topics.commands import AnyCommand
from topics.facts import AnyFact, EntryBlocked, StealStarted

from .inputs import (
    AUTO,
    Capital,
    Columns,
    FeeRate,
    Files,
    PositionSize,
    Settings,
    StrategyName,
    UsageError,
    make_strategy,
    output,
    read_data,
    read_policies,
)

LISTED = 40


def explain(
    files: Files,
    output_id: Annotated[
        str | None,
        typer.Option("--id", help="Id of a command or fact; without it, ids are listed."),
    ] = None,
    policy: Annotated[
        str, typer.Option(metavar="FILE|NAME", help="The policy of the run.")
    ] = "default",
    settings: Settings = None,
    capital: Capital = 10_000.0,
    position: PositionSize = 3_500.0,
    strategy: StrategyName = AUTO,
    fee_rate: FeeRate = 0.001,
    columns: Columns = None,
) -> None:
    """Replay a backtest and show what was weighed for one command or refusal.

    Give the same options as the backtest; the replay makes the same ids.

    Example: `worksteal explain examples/market/coinbase-2018-04-04.csv`
    """
    (chosen,) = read_policies([policy], settings)
    market = read_data(files, capital, position, columns)
    found: list[Attempt] = []
    heard = Heard(output_id)

    def watch(attempt: Attempt) -> None:
        if output_id in attempt.output_ids:
            found.append(attempt)

    made = make_strategy(strategy, market, position)
    options = Options(capital=capital, fee_rate=fee_rate)
    hooks = Hooks(None, heard.outputs, watch)
    run_backtest(market, made, chosen, options, calendars_for(market), hooks)
    if output_id is None:
        output().print(list_table(heard))
    elif found:
        show(found[0])
    elif heard.asked is not None:
        typer.echo(heard.no_decision(heard.asked))
    else:
        raise UsageError(
            f"--id {output_id}: the run under {chosen.name} said nothing with this id;"
            " give the same options as the backtest, or leave --id out for a list."
        )


class Heard:
    """What the desk said in a run, as far as anybody may ask for it.  `asked` has the id asked for."""

    def __init__(self, output_id: str | None) -> None:
        self.asked: AnyCommand | AnyFact | None = None
        self.steals: list[StealStarted] = []
        self.blocks: list[EntryBlocked] = []
        self._asked_id = output_id

    def outputs(self, spoken: Outputs) -> None:
        """Take in what one frame led to."""
        for said in (*spoken.commands, *spoken.facts):
            if said.id == self._asked_id:
                self.asked = said
        for fact in spoken.facts:
            if isinstance(fact, StealStarted):
                self.steals.append(fact)
            elif isinstance(fact, EntryBlocked):
                self.blocks.append(fact)

    def no_decision(self, said: AnyCommand | AnyFact) -> str:
        """Say where something comes from that no choice was made for."""
        kind = said.__struct_config__.tag
        origin = "the clock" if said.cause == "clock" else f"the event {said.cause}"
        told = f"{said.id} ({kind}, {utc_text(said.ts_us)}) follows from {origin} alone"
        steal = getattr(said, "steal", None)
        starts = [fact.id for fact in self.steals if fact.steal == steal]
        return f"{told}; its steal was decided with --id {starts[0]}." if starts else f"{told}."


def list_table(heard: Heard) -> Table:
    """Return the first steals and refusals, in the order in which they were said."""
    steals, blocks = heard.steals[: LISTED // 2], heard.blocks[: LISTED // 2]
    title = (
        f"the first {len(steals)} of {len(heard.steals):,} steals"
        f" and {len(blocks)} of {len(heard.blocks):,} refusals"
    )
    table = Table(title=title)
    table.add_column("id", no_wrap=True)
    table.add_column("time (UTC)", no_wrap=True)
    for header in ("what", "entry", "why"):
        table.add_column(header, overflow="fold")
    lines: list[tuple[StealStarted | EntryBlocked, str, str]] = [
        (fact, "steal", "from " + ", ".join(victim.order for victim in fact.victims))
        for fact in steals
    ]
    lines += [(fact, "blocked", fact.reason) for fact in blocks]
    for fact, what, why in sorted(lines, key=lambda line: _place(line[0].id)):
        table.add_row(fact.id, utc_text(fact.ts_us), what, fact.entry, why)
    return table


def _place(output_id: str) -> tuple[int, ...]:
    """Return partition, offset and index of an id: as text, 10 would stand before 2."""
    return tuple(map(int, output_id.split("-")))


def show(attempt: Attempt) -> None:
    """Print one decision: the entry, the ladder of checks, the candidates."""
    console = output()
    entry, policy, weighed = attempt.entry, attempt.policy, attempt.weighed
    outcome = str(weighed.refusal) if weighed.refusal else "submitted"
    if weighed.refusal is None and weighed.choice is not None:
        outcome = "steals from " + ", ".join(item.view.order for item in weighed.choice.victims)
    side = "ask" if entry.side == "buy" else "bid"
    pnl = "the symbol's" if entry.pnl is None else f"{entry.pnl:,.2f}"
    console.print(
        f"{utc_text(attempt.ts_us)}  entry {entry.id}  policy {policy.name}: {outcome}\n"
        f"{entry.side} {entry.qty:g} {entry.symbol} at {entry.limit:,.8g},"
        f" {side} {attempt.price:,.8g}, forecast {pnl};"
        f" needs {to_dollars(weighed.needed_micros):,.2f} dollars,"
        f" free {to_dollars(weighed.free_micros):,.2f}",
        markup=False,
        soft_wrap=True,
    )
    console.print(ladder_table(attempt))
    if weighed.choice is not None and weighed.choice.weighed:
        console.print(candidates_table(attempt))


def ladder_table(attempt: Attempt) -> Table:
    """Return the checks in their order: passed, failed, not reached.

    With free capital the ladder ends before any question of stealing is asked.
    """
    weighed = attempt.weighed
    table = Table("check", "result", "fails when", title="ladder of checks")
    reached = True
    for refusal in Refusal:
        if refusal in (Refusal.ORDERS_UNAVAILABLE, Refusal.CANCEL_FAILED):
            continue  # only the original's synchronous broker had these
        if refusal is Refusal.DISABLED:
            enough = weighed.refusal is None and weighed.choice is None
            fits = "yes: submitted" if enough else ("no" if reached else "not reached")
            table.add_row("fits free capital", fits, "otherwise victims are looked for")
            reached = reached and not enough
        result = "passed" if reached else "not reached"
        if refusal is weighed.refusal:
            reached, detail = False, weighed.choice.detail if weighed.choice else None
            result = f"[bold]FAILED[/bold] {detail or ''}".strip()
        table.add_row(str(refusal), result, MEANING[refusal])
    return table


def candidates_table(attempt: Attempt) -> Table:
    """Return all orders that were weighed, the victims marked."""
    choice = attempt.weighed.choice
    assert choice is not None
    taken = {item.view.order for item in choice.victims}
    title = f"orders weighed (the entry is {choice.entrant_distance:.4%} from its limit)"
    table = Table("", "order", "limit", "distance", "forecast", "frees", "verdict", title=title)
    for number, item in enumerate(choice.weighed, 1):
        view = item.view
        table.add_row(
            str(number),
            f"{view.order} ({view.side} {view.symbol})",
            f"{view.limit:,.8g}",
            "no price" if item.distance is None else f"{item.distance:.4%}",
            f"{view.pnl:,.2f}",
            f"{to_dollars(view.frees_micros):,.2f}",
            _verdict(item, taken=view.order in taken),
        )
    return table


def _verdict(item: Candidate, *, taken: bool) -> str:
    if item.protection is not None:
        return f"protected: {item.protection}"
    if taken:
        return "[bold]victim[/bold]" + (" (fight won)" if item.fight else "")
    return "fight lost" if item.fight_lost else "not needed"
