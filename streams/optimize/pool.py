"""Evaluations in this process or in workers that live as long as the search does.

`streams.compare` has a pool for one list of jobs; a search has a list for each generation, and the
next follows from what the last came to.  Otherwise alike: workers are started anew (`spawn`), are
sent the data once, never hear of Ctrl-C, and end when this process does.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait

from .errors import OptimizeError
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
    before = {process.pid for process in multiprocessing.active_children()}
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, (work,))
    complete = False
    try:
        yield lambda jobs: _in_workers(pool, jobs)
        complete = True
    except BrokenProcessPool as error:
        raise OptimizeError(
            "a worker process was ended from outside, perhaps for want of memory:"
            " start again with fewer --workers; what was evaluated is kept."
        ) from error
    finally:
        if not complete:
            for process in multiprocessing.active_children():
                if process.pid not in before:
                    process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def _in_workers(pool: ProcessPoolExecutor, jobs: Sequence[Job]) -> Iterator[tuple[int, Outcome]]:
    with _deaf_children():
        places = {pool.submit(_run, job): place for place, job in enumerate(jobs)}
    for future in as_completed(places):
        yield places[future], future.result()


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Keep SIGINT from processes that are started here: they inherit the mask."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


# ---- in a worker ----

_evaluators: list[Evaluator] = []


def _begin(work: Work) -> None:
    """Take the data; a worker's first step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _evaluators.append(Evaluator(work))


def _end_with_parent() -> None:
    """End this process when the one that started it has gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run(job: Job) -> Outcome:
    return _evaluators[-1].run(job)
