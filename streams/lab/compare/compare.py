"""Runs any number of policies on the same data, and puts what they came to side by side."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from streams.lab.backtest.result import Comparison
from streams.lab.backtest.run import RunOptions, fit_policy
from streams.lab.errors import CompareError
from streams.lab.periods import WHOLE, Period
from streams.lab.pool import WorkerLostError, worker_pool
from streams.lab.ranges import Swept
from streams.lab.runs import Job, StrategyMaker, Work
from streams.market import Market

from .compared import Compared, ComparedPeriod, baseline_of, with_digest
from .confidence import Days, confidences
from .counterfactual import horizon_us
from .finished import WHOLE_RUNS, Finished, Finisher, Task

Progress = Callable[[int], None]
"""Called with the quotes replayed (one process) or the runs finished (workers) since last time."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What all runs share besides the data.  `position` in dollars of one entry, for the report."""

    make: StrategyMaker
    options: RunOptions
    position: float
    periods: tuple[Period, ...] = WHOLE
    files: tuple[str, ...] = ()
    """Names of the files that the data came from, for the report."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who wants to listen while the runs go on."""

    progress: Progress | None = None
    """Hears of quotes replayed with one worker, of runs finished with several."""
    commands: Callable[[list[str]], None] | None = None
    """Called with the commands of a run, JSON objects that name policy and period, in order."""


def compare(
    market: Market,
    swept: Sequence[Swept],
    setup: Setup,
    workers: int = 1,
    hearing: Hearing | None = None,
) -> Compared:
    """Run every policy on every period; the result does not depend on `workers`.

    With more than one worker, call it from under `if __name__ == "__main__":` and with a strategy
    maker that is picklable.  Raises `MarketError` for a period without quotes, `CompareError` when a
    worker is lost, and what a run raises.
    """
    hearing = hearing or Hearing()
    markets = [period.of(market) for period in setup.periods]  # an empty one is told at once
    jobs = [Job(one.policy, place) for place in range(len(markets)) for one in swept]
    task = Task(
        Work(market, setup.make, setup.options, setup.periods),
        whole=len(jobs) <= WHOLE_RUNS,
        commands=hearing.commands is not None,
    )
    progress = hearing.progress or (lambda _: None)
    if workers > 1 and len(jobs) > 1:
        finished = _in_workers(task, jobs, workers, progress)
    else:
        finished = _here(task, jobs, progress)
    with closing(finished):
        kept = iter(list(_heard(finished, hearing.commands)))
    parts = tuple(
        _part(period.name, own, swept, setup, list(islice(kept, len(swept))))
        for period, own in zip(setup.periods, markets, strict=True)
    )
    baseline = baseline_of(one.policy.name for one in swept)
    return with_digest(Compared(parts, tuple(swept), baseline))


def _here(task: Task, jobs: Sequence[Job], progress: Progress) -> Generator[Finished, None, None]:
    """Yield the results of the jobs in their order."""
    finisher = Finisher(task)
    for job in jobs:
        yield finisher.run(job, progress)


def _in_workers(
    task: Task, jobs: Sequence[Job], workers: int, progress: Progress
) -> Generator[Finished, None, None]:
    """Yield the results of the jobs in their order, whichever is ready first.

    Close it, or take all of it: its last step ends the workers.
    """
    try:
        with worker_pool(min(workers, len(jobs)), _begin, task) as pool:
            yield from pool.in_order(jobs, lambda: progress(1))
    except WorkerLostError as error:
        raise CompareError(
            "a worker process was ended from outside, perhaps for want of memory:"
            " try again with fewer --workers."
        ) from error


def _begin(task: Task) -> Callable[[Job], Finished]:
    """Take the task; a worker's first step."""
    return Finisher(task).run


def _heard(
    finished: Iterable[Finished], commands: Callable[[list[str]], None] | None
) -> Iterator[Finished]:
    for one in finished:
        if commands is not None:
            commands(one.commands)
        yield one


def _part(
    name: str, market: Market, swept: Sequence[Swept], setup: Setup, finished: list[Finished]
) -> ComparedPeriod:
    capital = setup.options.capital
    names = [one.policy.name for one in swept]
    by_name = dict(zip(names, finished, strict=True))
    baseline = baseline_of(names)
    days: dict[str, Days] = {policy: one.days for policy, one in by_name.items()}
    return ComparedPeriod(
        name=name,
        comparison=Comparison(
            files=setup.files,
            symbols=market.symbols,
            first_us=market.quotes[0].ts_us,
            last_us=market.quotes[-1].ts_us,
            quotes=len(market.quotes),
            capital=capital,
            position=setup.position,
            strategy=setup.make(market).name,
            notes=(*market.notes, _age_note(swept, market)),
            runs={policy: one.result for policy, one in by_name.items()},
        ),
        steals={policy: one.steals for policy, one in by_name.items()},
        against=confidences(days, baseline, capital) if baseline is not None else {},
        horizon_us=horizon_us(market),
        days=days,
    )


def _age_note(swept: Sequence[Swept], market: Market) -> str:
    fitted = (fit_policy(one.policy, market, 0.0).quote_max_age_s for one in swept)
    ages = [f"{age:g} s" for age in sorted(set(fitted))]
    return f"A quote counts as a price for {' or '.join(ages)} (at least 1.5 bars)."
