"""Carries out jobs, here or in worker processes: the same results in the same order."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures.process import BrokenProcessPool

from streams.ground.processes import submit, worker_pool
from streams.lab.errors import CompareError

from .runs import Finished, Job, Runs, Task

Progress = Callable[[int], None]
"""Called with the quotes replayed (one process) or the runs finished (workers) since last time."""


def run_here(
    task: Task, jobs: Sequence[Job], progress: Progress
) -> Generator[Finished, None, None]:
    """Yield the results of the jobs in their order."""
    runs = Runs(task)
    for job in jobs:
        yield runs.run(job, progress)


def run_in_workers(
    task: Task, jobs: Sequence[Job], workers: int, progress: Progress
) -> Generator[Finished, None, None]:
    """Yield the results of the jobs in their order, whichever is ready first.

    Raises what a job raises, the first in that order, and `CompareError` when a worker is lost.
    Close it, or take all of it: its last step ends the workers.
    """
    try:
        with worker_pool(min(workers, len(jobs)), _begin, task) as pool:
            futures = submit(pool, _run, jobs)
            for future in futures:
                future.add_done_callback(lambda _: progress(1))
            for future in futures:
                yield future.result()
    except BrokenProcessPool as error:
        raise CompareError(
            "a worker process was ended from outside, perhaps for want of memory:"
            " try again with fewer --workers."
        ) from error


# ---- in a worker ----

_runs: list[Runs] = []


def _begin(task: Task) -> None:
    """Take the task; a worker's first step."""
    _runs.append(Runs(task))


def _run(job: Job) -> Finished:
    return _runs[-1].run(job)
