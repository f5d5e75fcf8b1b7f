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
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import TypeVar

Given = TypeVar("Given")
Job = TypeVar("Job")
Result = TypeVar("Result")


@contextmanager
def worker_pool(
    workers: int, begin: Callable[[Given], None], given: Given
) -> Iterator[ProcessPoolExecutor]:
    """Start a pool whose workers call `begin` with what they are given, and end it.

    Left by an exception, it ends workers in the middle of their work.  A worker that is lost shows as
    `BrokenProcessPool` at the next result.
    """
    before = {process.pid for process in multiprocessing.active_children()}
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _begin, (begin, given))
    complete = False
    try:
        yield pool
        complete = True
    finally:
        if not complete:
            for process in multiprocessing.active_children():
                if process.pid not in before:
                    process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def submit(
    pool: ProcessPoolExecutor, run: Callable[[Job], Result], jobs: Sequence[Job]
) -> list[Future[Result]]:
    """Hand jobs to a pool; the futures of their results, in their order."""
    with _deaf_children():
        return [pool.submit(run, job) for job in jobs]


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


def _begin(begin: Callable[[Given], None], given: Given) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(given)


def _end_with_parent() -> None:
    """End this process when the one that started it has gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
