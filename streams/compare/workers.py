"""Carries out jobs, here or in worker processes: the same results in the same order.

Workers are started anew (`spawn`), so that nothing of this process but the task reaches them.  They
never hear of Ctrl-C, which a terminal sends to everybody: this process ends them.  If it is killed
itself, they notice and end, so that none is left behind.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait

from .errors import CompareError
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
    before = {process.pid for process in multiprocessing.active_children()}
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)), multiprocessing.get_context("spawn"), _begin, (task,)
    )
    futures: list[Future[Finished]] = []
    complete = False
    try:
        with _deaf_children():
            futures.extend(pool.submit(_run, job) for job in jobs)
        for future in futures:
            future.add_done_callback(lambda _: progress(1))
        for future in futures:
            yield future.result()
        complete = True
    except BrokenProcessPool as error:
        raise CompareError(
            "a worker process was ended from outside, perhaps for want of memory:"
            " try again with fewer --workers."
        ) from error
    finally:
        if not complete:
            for process in multiprocessing.active_children():
                if process.pid not in before:
                    process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Keep SIGINT from processes that are started here: they inherit the mask."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


# ---- in a worker ----

_runs: list[Runs] = []


def _begin(task: Task) -> None:
    """Take the task; a worker's first step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _runs.append(Runs(task))


def _end_with_parent() -> None:
    """End this process when the one that started it has gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run(job: Job) -> Finished:
    return _runs[-1].run(job)
