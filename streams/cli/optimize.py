"""`worksteal optimize`: searches for a policy, and says whether it holds on data it never saw."""

import json
import os
import shlex
import sys
from functools import partial
from hashlib import blake2b
from pathlib import Path

import typer

from streams.ground.times import read_time
from streams.lab.backtest.run import RunOptions
from streams.lab.drawing.write import write_atomically
from streams.lab.optimize import (
    OBJECTIVES,
    Journal,
    Optimized,
    Plan,
    folds_of,
    ineffective,
    judged_table,
    optimize,
    optimize_document,
    periods_of,
    policy_yaml,
    space_of,
    verdict,
    write_page,
)
from streams.lab.periods import periods
from streams.lab.runs import Work
from streams.market import Market
from streams.strategies import Strategy

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
    messages,
    read_data,
    read_policies,
)
from .progress import runs_progress
from .search_options import (
    POLICY,
    REPORT,
    AsJson,
    BeginWith,
    Evaluations,
    Fixed,
    Folds,
    From,
    ObjectiveChoice,
    PolicyOut,
    Report,
    SearchRanges,
    Seed,
    Split,
    State,
    Until,
    Workers,
)
from .tables import Column, Sheet, output, say

INTERRUPTED = 130
"""What a shell calls the status of a program that Ctrl-C ended."""


def optimize_command(
    files: Files,
    objective: ObjectiveChoice = "pnl",
    ranges: SearchRanges = None,
    fixed: Fixed = None,
    policy: BeginWith = "default",
    settings: Settings = None,
    evaluations: Evaluations = 200,
    split: Split = None,
    folds: Folds = None,
    from_: From = None,
    until: Until = None,
    capital: Capital = 10_000.0,
    position: PositionSize = 3_500.0,
    strategy: StrategyName = AUTO,
    fee_rate: FeeRate = 0.001,
    workers: Workers = None,
    seed: Seed = 0,
    state: State = None,
    policy_out: PolicyOut = POLICY,
    report: Report = None,
    as_json: AsJson = False,
    columns: Columns = None,
) -> None:
    """Search for a policy on one period and judge it on a later one that it never saw.

    Example: `worksteal optimize examples/market/coinbase-2018-04-04.csv --evaluations 20`
    """
    target = report or (None if as_json else REPORT)
    (base,) = read_policies([policy], settings)
    space = space_of(base, ranges or (), fixed or ())
    if objective not in OBJECTIVES:
        raise UsageError(f"--objective {objective}: choose one of {', '.join(OBJECTIVES)}.")
    split_us = _time("--split", split)
    (period,) = periods(_time("--from", from_), _time("--until", until))
    _check_targets(files, {"--report": target, "--policy-out": policy_out, "--state": state})
    market = period.of(read_data(files, capital, position, columns))
    chosen = tuple(folds_of(market, folds, split_us))
    plan = Plan(
        work=Work(
            market,
            partial(_strategy, strategy, position),
            RunOptions(capital=capital, fee_rate=fee_rate),
            periods_of(chosen),
        ),
        space=space,
        objective=OBJECTIVES[objective],
        folds=chosen,
        evaluations=evaluations,
        seed=seed,
        position=position,
        strategy=make_strategy(strategy, market, position).name,
        files=tuple(path.name for path in files),
    )
    journal = state or _unasked(plan)
    optimized = _search(plan, journal, workers or len(os.sched_getaffinity(0)))
    write_atomically(policy_out, policy_yaml(optimized).encode("utf-8", "backslashreplace"))
    if target is not None:
        write_page(optimized, target)
    if state is None:
        journal.unlink(missing_ok=True)
    if as_json:
        typer.echo(json.dumps(optimize_document(optimized), indent=2))
    else:
        _show(optimized)
        typer.echo(f"policy: {policy_out}\nreport: {target}")


def _time(option: str, text: str | None) -> int | None:
    return None if text is None else read_time(option, text)


def _strategy(name: str, position: float, market: Market) -> Strategy:
    """Make a strategy; at the top of a module, so that a worker process finds it."""
    return make_strategy(name, market, position)


def _search(plan: Plan, path: Path, workers: int) -> Optimized:
    """Search with progress; Ctrl-C says how to go on."""
    with Journal(path, plan.asked) as journal:
        if journal.resumed:
            messages.print(
                f"{journal.resumed:,} evaluations are in {path} already",
                markup=False,
                soft_wrap=True,
            )
        try:
            with runs_progress() as progress:
                task = progress.add_task("optimize", total=plan.runs)
                optimized = optimize(plan, journal, workers, partial(progress.advance, task))
                progress.update(task, completed=plan.runs)
        except KeyboardInterrupt:
            again = shlex.join(["worksteal", *sys.argv[1:]])
            messages.print(
                f"stopped; {len(journal.known):,} evaluations are kept in {path}.\n"
                f"To go on: {again}",
                markup=False,
                soft_wrap=True,
            )
            raise typer.Exit(INTERRUPTED) from None
    return optimized


def _unasked(plan: Plan) -> Path:
    """Name a journal after all that was asked, so that the same command finds it again."""
    text = json.dumps(plan.asked, sort_keys=True)
    return Path(f"worksteal-optimize-{blake2b(text.encode(), digest_size=4).hexdigest()}.jsonl")


def _check_targets(files: list[Path], targets: dict[str, Path | None]) -> None:
    """Find out before the search what would go wrong after it, or destroy something."""
    taken = {path.resolve(): "a market file" for path in files}
    for option, path in targets.items():
        if path is None:
            continue
        real = path.resolve()
        if real in taken:
            raise UsageError(f"{option} {path}: this is {taken[real]}; name another file.")
        taken[real] = f"the file of {option}"
        if path.exists() and not path.is_file():
            raise UsageError(f"{option} {path}: this is no plain file; name another one.")
        if not path.parent.is_dir():
            raise UsageError(f"{option} {path}: there is no folder {path.parent}; create it first.")


def _show(optimized: Optimized) -> None:
    for note in optimized.notes:
        say(f"· {note}", style="dim")
    heads, lines = judged_table(optimized)
    columns = [Column(head, figures=place > 1) for place, head in enumerate(heads)]
    output().print(Sheet(title=f"Best {optimized.objective.title}", columns=columns, rows=lines))
    for field, value in optimized.values.items():
        begun = getattr(optimized.space.base, field)
        say(f"{field}: {value:g} (was {begun})")
    idle = ineffective(optimized)
    if idle:
        say(f"Changed nothing on this data: {', '.join(idle)}.")
    for sentence in verdict(optimized):
        say(sentence, style="bold")
