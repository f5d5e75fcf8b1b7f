"""`worksteal backtest`: replays data under several policies and says what each came to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, TextIO

import typer

from state.outbox import Outputs
from state.policy import Policy
from streams.backtest.result import Comparison, RunResult
from streams.backtest.run import Hooks, Options, calendars_for, fit_policy, run_backtest
from streams.market import Market
from streams.report import comparison_document, comparison_table, write_report
from topics.codec import encode

from .inputs import (
    AUTO,
    Capital,
    FeeRate,
    Files,
    Policies,
    PositionSize,
    Settings,
    StrategyName,
    UsageError,
    make_strategy,
    output,
    read_data,
    read_policies,
)
from .progress import quotes_progress

REPORT = Path("worksteal-report.html")


def backtest(
    files: Files,
    policies: Policies = None,
    settings: Settings = None,
    capital: Capital = 10_000.0,
    position: PositionSize = 3_500.0,
    strategy: StrategyName = AUTO,
    fee_rate: FeeRate = 0.001,
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
) -> None:
    """Replay market data under several policies and compare what became of the capital.

    Example: `worksteal backtest examples/market/coinbase-2018-04-04.csv --capital 10000`
    """
    chosen = read_policies(policies, settings)
    target = report or (None if as_json else REPORT)
    _check_targets(files, target, commands)
    market = read_data(files, capital, position)
    make_strategy(strategy, market, position)  # one that cannot be used is told before any run
    with _commands_to(commands) as out:
        comparison = compare(
            files, market, chosen, Setup(capital, position, strategy, fee_rate), out
        )
    if target is not None:
        write_report(comparison, target)
    if as_json:
        typer.echo(json.dumps(comparison_document(comparison), indent=2))
        return
    console = output()
    for note in comparison.notes:
        console.print(f"· {note}", style="dim", markup=False, soft_wrap=True)
    console.print(comparison_table(comparison))
    typer.echo(f"report: {target}")


class Setup:
    """What all runs of a comparison share.  Dollars; the fee is a fraction of notional."""

    def __init__(self, capital: float, position: float, strategy: str, fee_rate: float) -> None:
        self.position = position
        self.strategy = strategy
        self.options = Options(capital=capital, fee_rate=fee_rate)


def compare(
    files: list[Path],
    market: Market,
    policies: list[Policy],
    setup: Setup,
    commands: TextIO | None = None,
) -> Comparison:
    """Run the data under each policy, showing progress."""
    times = calendars_for(market)
    runs: dict[str, RunResult] = {}
    name = ""
    with quotes_progress() as progress:
        for policy in policies:
            made = make_strategy(setup.strategy, market, setup.position)
            name = made.name
            task = progress.add_task(policy.name, total=len(market.quotes))
            hooks = Hooks(
                progress=partial(progress.advance, task),
                outputs=_writer(commands, policy.name),
            )
            runs[policy.name] = run_backtest(market, made, policy, setup.options, times, hooks)
    return Comparison(
        files=tuple(path.name for path in files),
        symbols=market.symbols,
        first_us=market.quotes[0].ts_us,
        last_us=market.quotes[-1].ts_us,
        quotes=len(market.quotes),
        capital=setup.options.capital,
        position=setup.position,
        strategy=name,
        notes=(*market.notes, _age_note(policies, market)),
        runs=runs,
    )


def _age_note(policies: list[Policy], market: Market) -> str:
    ages = sorted({f"{fit_policy(policy, market, 0.0).quote_max_age_s:g} s" for policy in policies})
    return f"A quote counts as a price for {' or '.join(ages)} (at least 1.5 bars)."


def _check_targets(files: list[Path], report: Path | None, commands: Path | None) -> None:
    """Find out before the run what would go wrong after it, or destroy something."""
    options = (("--report", report), ("--commands", commands))
    named = [(option, path) for option, path in options if path is not None]
    taken = {path.resolve(): "a market file" for path in files}
    for option, path in named:
        real = path.resolve()
        if real in taken:
            raise UsageError(f"{option} {path}: this is {taken[real]}; name another file.")
        taken[real] = f"the file of {option}"
    if report is None:
        return
    if report.is_dir():
        raise UsageError(f"--report {report}: this is a folder; name a file in it.")
    if report.exists() and not report.is_file():
        raise UsageError(f"--report {report}: this is no plain file; name another one.")
    if not report.parent.is_dir():
        raise UsageError(f"--report {report}: there is no folder {report.parent}; create it first.")


def _writer(commands: TextIO | None, policy: str) -> Callable[[Outputs], None] | None:
    """Return a hook that writes each command as a JSON line that names its run's policy."""
    if commands is None:
        return None

    def write(outputs: Outputs) -> None:
        for command in outputs.commands:
            line = {"policy": policy, **json.loads(encode(command))}
            commands.write(json.dumps(line, separators=(",", ":")) + "\n")

    return write


@contextmanager
def _commands_to(path: Path | None) -> Iterator[TextIO | None]:
    """Open the file for commands, if one is wanted."""
    if path is None:
        yield None
        return
    try:
        with path.open("w", encoding="utf-8") as out:
            yield out
    except OSError as error:
        raise UsageError(
            f"--commands {path}: it cannot be written ({error.strerror}); name another file."
        ) from error
