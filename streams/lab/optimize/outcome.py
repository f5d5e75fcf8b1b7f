"""What is kept of a run for a search, and who carries out its runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from state.dealing.outbox import Outputs
from streams.lab.backtest.result import RunResult
from streams.lab.backtest.run import Hooks
from streams.lab.compare.confidence import days_of
from streams.lab.errors import OptimizeError
from streams.lab.pool import WorkerLostError, worker_pool
from streams.lab.runs import Job, Runs, Work
from streams.market import Market
from topics.codec import encode
from topics.digests import OutputDigest


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an evaluation came to.  Dollars, unless a name says otherwise."""

    pnl: float
    max_drawdown: float
    idle: float
    """Share of the capacity that was not in use."""
    fees: float
    steals: int
    settled: int
    blocks: int
    commands: int
    breaches: int
    """Times that more was in use than there was; always 0."""
    digest: str
    """Of what the venue was told, see `Told`."""
    days: dict[int, int]
    """Equity at the end of each day (since 1970 UTC), micro-dollars."""


@dataclass(slots=True)
class Told:
    """Digest of the commands without ids and causes.

    Those follow from what else the desk said in the same instant, which changes no trade.
    """

    _digest: OutputDigest = field(default_factory=OutputDigest)

    def outputs(self, outputs: Outputs) -> None:
        """Take in the commands of one instant."""
        for command in outputs.commands:
            self._digest.take(encode(msgspec.structs.replace(command, id="0-0-0", cause="clock")))

    @property
    def digest(self) -> str:
        """Return it, as hexadecimal digits."""
        return self._digest.value()


Evaluate = Callable[[Sequence[Job]], Iterator[tuple[int, Outcome]]]
"""Jobs → the place of each and its outcome, in the order in which they are ready."""


class Evaluator:
    """Carries out jobs, here or in a worker."""

    def __init__(self, work: Work) -> None:
        self._runs = Runs(work)

    def run(self, job: Job) -> Outcome:
        """Play one job; raises what `run_backtest` and the strategy raise."""
        told = Told()
        result = self._runs.play(job, Hooks(outputs=told.outputs, digest=False))
        return _outcome(result, told.digest)


@contextmanager
def evaluations(work: Work, workers: int) -> Iterator[Evaluate]:
    """Give what carries out jobs; with several workers, call it from under a `__main__` guard.

    The workers live as long as the search: it has a list of jobs for each generation, and the next
    follows from what the last came to.
    """
    if workers == 1:
        evaluator = Evaluator(work)
        yield lambda jobs: ((place, evaluator.run(job)) for place, job in enumerate(jobs))
        return
    try:
        with worker_pool(workers, _begin, work) as pool:
            yield pool.as_ready
    except WorkerLostError as error:
        raise OptimizeError(
            "a worker process was ended from outside, perhaps for want of memory:"
            " start again with fewer --workers; what was evaluated is kept."
        ) from error


def _begin(work: Work) -> Callable[[Job], Outcome]:
    """Take the data; a worker's first step."""
    return Evaluator(work).run


def _outcome(run: RunResult, digest: str) -> Outcome:
    return Outcome(
        pnl=run.pnl,
        max_drawdown=run.max_drawdown,
        idle=run.idle_fraction,
        fees=run.fees,
        steals=run.steals,
        settled=run.steals_settled,
        blocks=run.blocks,
        commands=run.commands,
        breaches=run.capacity_breaches,
        digest=digest,
        days=days_of(run.series),
    )


def market_checksum(market: Market) -> str:
    """Return a checksum of every price, time and forecast of the data."""
    quotes, bars = market.quotes, market.bars
    taken = blake2b(repr((quotes.names, bars.names, market.symbols, market.bar_us)).encode())
    for column in (
        *(quotes.ts_us, quotes.codes, quotes.bids, quotes.asks),
        *(quotes.bid_sizes, quotes.ask_sizes),
        *(bars.codes, bars.start_us, bars.end_us, bars.prices),
    ):
        taken.update(column.tobytes())
    if bars.forecasts is not None:
        taken.update(bars.forecasts.tobytes())
    return taken.hexdigest()[:32]
