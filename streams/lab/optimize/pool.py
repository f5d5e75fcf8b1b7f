"""Evaluations in this process or in workers that live as long as the search does.

`streams.lab.compare` has one list of jobs; a search has a list for each generation, and the next follows
from what the last came to.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from streams.ground.processes import submit, worker_pool
from streams.lab.errors import OptimizeError

from .outcome import Evaluator, Job, Outcome, Work

Evaluate = Callable[[Sequence[Job]], Iterator[tuple[int, Outcome]]]
"""Jobs → the place of each and its outcome, in the order in which they are ready."""


@contextmanager
def evaluations(work: Work, workers: int) -> Iterator[Evaluate]:
    """Give what carries out jobs; with several workers, call it from under a `__main__` guard."""
    if workers == 1:
        evaluator = Evaluator(work)
        yield lambda jobs: ((place, evaluator.run(job)) for place, job in enumerate(jobs))
        return
    try:
        with worker_pool(workers, _begin, work) as pool:
            yield lambda jobs: _in_workers(pool, jobs)
    except BrokenProcessPool as error:
        raise OptimizeError(
            "a worker process was ended from outside, perhaps for want of memory:"
            " start again with fewer --workers; what was evaluated is kept."
        ) from error


def _in_workers(pool: ProcessPoolExecutor, jobs: Sequence[Job]) -> Iterator[tuple[int, Outcome]]:
    futures = submit(pool, _run, jobs)
    places = {future: place for place, future in enumerate(futures)}
    for future in as_completed(places):
        yield places[future], future.result()


# ---- in a worker ----

_evaluators: list[Evaluator] = []


def _begin(work: Work) -> None:
    """Take the data; a worker's first step."""
    _evaluators.append(Evaluator(work))


def _run(job: Job) -> Outcome:
    return _evaluators[-1].run(job)
