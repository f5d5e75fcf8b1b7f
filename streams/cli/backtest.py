"""`worksteal backtest`: replays data under several policies and says what each came to."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from streams.ground.times import read_time
from streams.lab.backtest.run import RunOptions
from streams.lab.compare import Compared, Hearing, Setup, compare
from streams.lab.periods import Period, periods
from streams.lab.ranges import Swept
from streams.lab.report import comparison_document, write_report
from streams.market import Market
from streams.strategies import Strategy

from .compare_options import From, Plain, Ranges, Split, Until, Workers
from .comparison_table import comparison_table
from .inputs import (
    AUTO,
    Capital,
    Columns,
    FeeRate,
    Files,
    Policies,
    PositionSize,
    StrategyName,
    make_strategy,
    read_data,
)
from .outputs import check_targets, commands_to
from .progress import quotes_progress, runs_progress
from .sweeps import read_swept
from .tables import output, say

REPORT = Path("worksteal-report.html")


def backtest(
    files: Files,
    policies: Policies = None,
    settings: Ranges = None,
    from_: From = None,
    until: Until = None,
    split: Split = None,
    capital: Capital = 10_000.0,
    position: PositionSize = 3_500.0,
    strategy: StrategyName = AUTO,
    fee_rate: FeeRate = 0.001,
    workers: Workers = 1,
    plain: Plain = False,
    report: Annotated[
        Path | None, typer.Option(help=f"Where the HTML report goes. [default: {REPORT}]")
    ] = None,
    commands: Annotated[
        Path | None, typer.Option(help="Write every command to this file, a JSON line each.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON document on standard output; no report unless --report."
        ),
    ] = False,
    columns: Columns = None,
) -> None:
    """Replay market data under several policies and compare what became of the capital.

    Example: `worksteal backtest examples/market/coinbase-2018-04-04.csv --capital 10000`
    """
    stretches = _periods(from_, until, split)
    swept = read_swept(policies, settings, len(stretches))
    target = report or (None if as_json else REPORT)
    check_targets(files, target, commands)
    market = read_data(files, capital, position, columns)
    make_strategy(strategy, market, position)  # one that cannot be used is told before any run
    setup = Setup(
        make=partial(_strategy, strategy, position),
        options=RunOptions(capital=capital, fee_rate=fee_rate, plain=plain or None),
        position=position,
        periods=stretches,
        files=tuple(path.name for path in files),
    )
    with commands_to(commands) as out:
        compared = _compare(market, swept, setup, workers, out)
    if target is not None:
        write_report(compared, target)
    if as_json:
        typer.echo(json.dumps(comparison_document(compared), indent=2))
        return
    _show(compared)
    typer.echo(f"report: {target}")


def _show(compared: Compared) -> None:
    for note in compared.first.comparison.notes:
        say(f"· {note}", style="dim")
    output().print(comparison_table(compared))


def _periods(from_: str | None, until: str | None, split: str | None) -> tuple[Period, ...]:
    given = (("--from", from_), ("--until", until), ("--split", split))
    return periods(*(None if text is None else read_time(name, text) for name, text in given))


def _strategy(name: str, position: float, market: Market) -> Strategy:
    """Make a strategy; at the top of a module, so that a worker process finds it."""
    return make_strategy(name, market, position)


def _compare(
    market: Market,
    swept: Sequence[Swept],
    setup: Setup,
    workers: int,
    commands: Callable[[list[str]], None] | None,
) -> Compared:
    """Compare, showing progress: quotes of one process, runs of several."""
    runs = len(swept) * len(setup.periods)
    several = min(workers, runs) > 1
    quotes = sum(len(period.of(market).quotes) for period in setup.periods)
    with runs_progress() if several else quotes_progress() as progress:
        task = progress.add_task("backtest", total=runs if several else len(swept) * quotes)
        hearing = Hearing(partial(progress.advance, task), commands)
        return compare(market, swept, setup, workers, hearing)
