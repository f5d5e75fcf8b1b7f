"""`worksteal explain`: shows why a command was given, or an entry refused."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from state.dealing.attempts import Attempt
from state.dealing.outbox import Outputs
from streams.ground.times import utc_text
from streams.lab.backtest.run import Hooks, RunOptions, calendars_for, run_backtest
from streams.market.read import RECORDING
from streams.observe.pages.decision_view import CANDIDATES, FAILED, LADDER, VICTIM, decision_of
from topics.commands import AnyCommand
from topics.facts import AnyFact, EntryBlocked, StealStarted
from topics.ids import output_id

from .explain_recorded import hear_again
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
    read_data,
    read_policies,
)
from .tables import Column, Sheet, output, say, wrapped

LISTED = 40

CAPITAL, POSITION, FEE_RATE = 10_000.0, 3_500.0, 0.001
"""What a backtest begins with, in dollars, and its venue's fee."""


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
    capital: Capital = CAPITAL,
    position: PositionSize = POSITION,
    strategy: StrategyName = AUTO,
    fee_rate: FeeRate = FEE_RATE,
    columns: Columns = None,
    backtest: Annotated[
        bool,
        typer.Option("--backtest", help="Explain a backtest of a recording's quotes."),
    ] = False,
) -> None:
    """Replay a backtest, or a recording, and show what was weighed for one command or refusal.

    Give the same options as the backtest; the replay makes the same ids. Of a recording it shows what
    its own desks decided; they had their policy from the journal.

    Example: `worksteal explain examples/market/coinbase-2018-04-04.csv`
    """
    heard = Heard(output_id)
    if not backtest and is_recording(files):
        _only_of_backtests(
            policy != "default", settings, columns, capital != CAPITAL, position != POSITION,
            strategy != AUTO, fee_rate != FEE_RATE,
        )  # fmt: skip
        asyncio.run(hear_again(files[0], output_id, heard.take, heard.watch))
        whose = f"{files[0]}: its desks"
        hint = "leave --id out for a list, or say --backtest for a backtest of its quotes."
    else:
        (chosen,) = read_policies([policy], settings)
        market = read_data(files, capital, position, columns)
        made = make_strategy(strategy, market, position)
        options = RunOptions(capital=capital, fee_rate=fee_rate)
        hooks = Hooks(None, heard.outputs, heard.watch)
        run_backtest(market, made, chosen, options, calendars_for(market), hooks)
        whose = f"the run under {chosen.name}"
        hint = "give the same options as the backtest, or leave --id out for a list."
    if output_id is None:
        output().print(list_table(heard))
    elif heard.found is not None:
        show(heard.found)
    elif heard.asked is not None:
        typer.echo(wrapped(heard.no_decision(heard.asked)))
    else:
        raise UsageError(f"--id {output_id}: {whose} said nothing with this id; {hint}")


def is_recording(files: Sequence[Path]) -> bool:
    """Tell whether one file was named, and it is a recording."""
    if len(files) != 1 or not files[0].is_file():
        return False
    with files[0].open("rb") as stream:
        return stream.read(len(RECORDING)) == RECORDING


def _only_of_backtests(*given: object) -> None:
    if any(given):
        raise UsageError(
            "a recording's desks had their policy, capital and strategy; leave these options out, or"
            " say --backtest for a backtest of its quotes."
        )


class Heard:
    """What the desk said in a run, as far as anybody may ask for it.

    `asked` has the id asked for, and `found` is the decision that it came from, if it came from one.
    """

    def __init__(self, output_id: str | None) -> None:
        self.asked: AnyCommand | AnyFact | None = None
        self.found: Attempt | None = None
        self.steals: list[StealStarted] = []
        self.blocks: list[EntryBlocked] = []
        self._asked_id = output_id

    def outputs(self, spoken: Outputs) -> None:
        """Take in what one frame led to."""
        for said in (*spoken.commands, *spoken.facts):
            self.take(said)

    def watch(self, attempt: Attempt) -> None:
        """Take in one try of an entry."""
        if self._asked_id in attempt.output_ids and self.found is None:
            self.found = attempt

    def take(self, said: AnyCommand | AnyFact) -> None:
        """Take in one command or fact."""
        if said.id == self._asked_id:
            self.asked = said
        if isinstance(said, StealStarted):
            self.steals.append(said)
        elif isinstance(said, EntryBlocked):
            self.blocks.append(said)

    def no_decision(self, said: AnyCommand | AnyFact) -> str:
        """Say where something comes from that no choice was made for."""
        kind = said.__struct_config__.tag
        origin = "the clock" if said.cause == "clock" else f"the event {said.cause}"
        told = f"{said.id} ({kind}, {utc_text(said.ts_us)}) follows from {origin} alone"
        steal = getattr(said, "steal", None)
        # A steal's name is its account's: another may have one of the same name.
        mine = [fact for fact in self.steals if fact.account == said.account]
        starts = [fact.id for fact in mine if fact.steal == steal]
        return f"{told}; its steal was decided with --id {starts[0]}." if starts else f"{told}."


def list_table(heard: Heard) -> Sheet:
    """Return the first steals and refusals, in the order in which they were said."""
    steals, blocks = heard.steals[: LISTED // 2], heard.blocks[: LISTED // 2]
    title = (
        f"the first {len(steals)} of {len(heard.steals):,} steals"
        f" and {len(blocks)} of {len(heard.blocks):,} refusals"
    )
    lines: list[tuple[StealStarted | EntryBlocked, str, str]] = [
        (fact, "steal", "from " + ", ".join(victim.order for victim in fact.victims))
        for fact in steals
    ]
    lines += [(fact, "blocked", fact.reason) for fact in blocks]
    lines.sort(key=lambda line: output_id(line[0].id))
    return Sheet(
        title=title,
        columns=[Column(head) for head in ("id", "time (UTC)", "what", "entry", "why")],
        rows=[(fact.id, utc_text(fact.ts_us), what, fact.entry, why) for fact, what, why in lines],
    )


def show(attempt: Attempt) -> None:
    """Print one decision: the entry, the ladder of checks, the candidates."""
    console = output()
    decision = decision_of(attempt)
    say(f"{decision.headline}\n{decision.summary}")
    console.print(_table("ladder of checks", LADDER, decision.ladder))
    if decision.candidates:
        console.print(_table(decision.candidates_title, CANDIDATES, decision.candidates))


def _table(title: str, heads: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Sheet:
    return Sheet(
        title=title,
        columns=[Column(head) for head in heads],
        rows=[[_emphasised(cell) for cell in row] for row in rows],
    )


def _emphasised(cell: str) -> Text:
    """Return a cell with the word in bold that people look for."""
    text = Text(cell)
    for word in (FAILED, VICTIM):
        if cell == word or cell.startswith(f"{word} "):
            text.stylize("bold", 0, len(word))
    return text
