"""What is kept of a run for a comparison: the same in this process and in a worker."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from state.dealing.outbox import Outputs
from streams.lab.backtest.result import RunResult, Series
from streams.lab.backtest.run import Hooks
from streams.lab.runs import Job, Runs, Work
from topics.codec import encode

from .confidence import days_of
from .counterfactual import Judge, StealWorth, horizon_us

WHOLE_RUNS = 8
"""So many runs keep their series and their steals whole; of more, only what figures need is kept."""
SAMPLES_MAX = 500
"""Points of a series that is not kept whole."""


@dataclass(frozen=True, slots=True)
class Task:
    """What all runs of a comparison share; a worker is sent it once."""

    work: Work
    whole: bool = True
    """Keep series and steals, for charts."""
    commands: bool = False
    """Keep the commands, as JSON lines."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is over, with what only its whole course could tell."""

    result: RunResult
    days: dict[int, int]
    """Equity at the end of each day, micro-dollars."""
    steals: StealWorth
    commands: list[str] = field(default_factory=list)
    """A JSON object each, if they were asked for."""


class Finisher:
    """Carries out the jobs of one task, one after the other."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._runs = Runs(task.work)
        self._judge: Callable[[int], Judge] = lru_cache(maxsize=None)(self._made_judge)

    def run(self, job: Job, progress: Callable[[int], None] | None = None) -> Finished:
        """Run one policy on one period; `progress` hears of quotes.

        Raises what `run_backtest` and the strategy raise.
        """
        task, periods = self._task, self._task.work.periods
        said: list[str] = []
        about = {"period": periods[job.period].name} if len(periods) > 1 else {}
        hooks = Hooks(
            progress=progress,
            outputs=_teller({**about, "policy": job.policy.name}, said) if task.commands else None,
        )
        result = self._runs.play(job, hooks)
        return Finished(
            result=result if task.whole else _figures(result),
            days=days_of(result.series),
            steals=self._judge(job.period).steals(result.timeline),
            commands=said,
        )

    def _made_judge(self, period: int) -> Judge:
        market = self._runs.market(period)
        return Judge(market.quotes, horizon_us(market), self._task.work.options.fee_rate)


def _teller(about: dict[str, str], said: list[str]) -> Callable[[Outputs], None]:
    """Return a hook that keeps each command as a JSON object that names its run."""

    def tell(outputs: Outputs) -> None:
        for command in outputs.commands:
            line = {**about, **json.loads(encode(command))}
            said.append(json.dumps(line, separators=(",", ":")))

    return tell


def _figures(result: RunResult) -> RunResult:
    """Drop the steals, and all but some samples: hundreds of runs must fit into memory."""
    series = result.series
    step = -(-len(series.ts_us) // SAMPLES_MAX) or 1
    # From the end: the last sample is what the run came to.
    kept = range(len(series.ts_us) - 1, -1, -step)[::-1]
    fewer = Series(
        [series.ts_us[place] for place in kept],
        [series.equity[place] for place in kept],
        [series.in_use[place] for place in kept],
        [series.capacity[place] for place in kept],
    )
    return replace(result, series=fewer, timeline=())
