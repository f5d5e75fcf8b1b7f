"""A pool of worker processes for runs: they get their data once, and nobody is left behind.

Workers are started anew (`spawn`), so that nothing of this process but what they are given reaches
them.  They never hear of Ctrl-C, which a terminal sends to everybody: this process ends them.  If it
is killed itself, they notice and end.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

Given = TypeVar("Given")
Job = TypeVar("Job")
Result = TypeVar("Result")


class WorkerLostError(Exception):
    """A worker process was ended from outside, perhaps for want of memory."""


class Pool(Generic[Job, Result]):
    """Worker processes that carry out jobs."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def in_order(self, jobs: Sequence[Job], ready: Callable[[], None]) -> Iterator[Result]:
        """Yield the results in the order of the jobs; `ready` is called as each is there.

        Raises what a job raises, the first in that order.
        """
        futures = self._submit(jobs)
        for future in futures:
            future.add_done_callback(lambda _: ready())
        for future in futures:
            yield future.result()

    def as_ready(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Result]]:
        """Yield each job's place and its result, whichever is ready first."""
        places = {future: place for place, future in enumerate(self._submit(jobs))}
        for future in as_completed(places):
            yield places[future], future.result()

    def _submit(self, jobs: Sequence[Job]) -> list[Future[Result]]:
        with _deaf_children():
            return [self._executor.submit(_carry_out, job) for job in jobs]


@contextmanager
def worker_pool(
    workers: int, begin: Callable[[Given], Callable[[Job], Result]], given: Given
) -> Iterator[Pool[Job, Result]]:
    """Start a pool whose workers carry out jobs by what `begin` makes of what they are given.

    Call it from under a `__main__` guard.  Left by an exception, it ends workers in the middle of
    their work.  Raises `WorkerLostError` at the next result after a worker was lost.
    """
    before = {process.pid for process in multiprocessing.active_children()}
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, context, _begin, (begin, given))
    complete = False
    try:
        yield Pool(executor)
        complete = True
    except BrokenProcessPool as error:
        raise WorkerLostError from error
    finally:
        if not complete:
            for process in multiprocessing.active_children():
                if process.pid not in before:
                    process.terminate()
        executor.shutdown(wait=True, cancel_futures=True)


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


_carriers: list[Callable[[Any], Any]] = []
"""In a worker: what carries out its jobs."""


def _begin(begin: Callable[[Given], Callable[[Job], Result]], given: Given) -> None:
    """Take the data; a worker's first step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _carriers.append(begin(given))


def _carry_out(job: Any) -> Any:
    return _carriers[-1](job)


def _end_with_parent() -> None:
    """End this process when the one that started it has gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
