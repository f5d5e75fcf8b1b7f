"""Searches on each fold's fit, judges on what follows it, and asks what each field changes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from state.rules.policy import DEFAULT, NONE, Policy
from streams.lab.compare.confidence import confidences
from streams.lab.errors import OptimizeError
from streams.lab.runs import Job, Work

from .folds import Fold
from .journal import Journal
from .objective import Objective
from .outcome import Evaluate, Outcome, evaluations, market_checksum
from .result import FoldResult, Judged, Optimized, Sensitivity
from .search import Tried, best_of, search
from .space import OPTIMIZED, Space

EVALUATIONS_MIN = 10
VERSION = 1
"""Of the journal's form, and of what a figure in it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked for; together with the data it decides every byte of the answer."""

    work: Work
    space: Space
    objective: Objective
    folds: tuple[Fold, ...]
    evaluations: int
    """Of each fold."""
    seed: int
    position: float
    """Dollars of one entry, for the report."""
    strategy: str
    files: tuple[str, ...] = ()

    @property
    def asked(self) -> dict[str, Any]:
        """Return the plan as plain values, the data as its checksum."""
        return {
            "worksteal_optimize": VERSION,
            "data": market_checksum(self.work.market),
            "strategy": self.strategy,
            "position": self.position,
            "options": asdict(self.work.options),
            "policy": self.space.base.model_dump(mode="json"),
            "ranges": {one.field: [one.low, one.high] for one in self.space.dimensions},
            "objective": self.objective.name,
            "periods": [
                [one.fit.from_us, one.fit.until_us, one.unseen.until_us] for one in self.folds
            ],
            "evaluations": self.evaluations,
            "seed": self.seed,
        }

    @property
    def runs(self) -> int:
        """Return how many runs this asks for; equal ones are played once."""
        probes = sum(len(one.probes) for one in self.space.dimensions)
        return len(self.folds) * (self.evaluations + 2 * (len(self.beside) + 1)) + probes

    @property
    def beside(self) -> list[Policy]:
        """Return the policies that the best is shown beside."""
        named = {policy.name: policy for policy in (self.space.base, DEFAULT, NONE)}
        return [policy for name, policy in named.items() if name != OPTIMIZED]


class Player:
    """Plays jobs, each once: what the journal knows is taken from it."""

    def __init__(
        self, evaluate: Evaluate, journal: Journal, progress: Callable[[int], None]
    ) -> None:
        self._evaluate, self._journal, self._progress = evaluate, journal, progress

    def play(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Return the outcomes in the order of the jobs."""
        known = self._journal.known
        fresh = list({job.key: job for job in jobs if job.key not in known}.values())
        self._progress(len(jobs) - len(fresh))
        for place, outcome in self._evaluate(fresh) if fresh else ():
            self._journal.add(fresh[place].key, outcome)
            self._progress(1)
        return [known[job.key] for job in jobs]

    def check(self, job: Job) -> None:
        """Play a known job once more: a journal of another version of the program is refused."""
        known = self._journal.known.get(job.key)
        if known is not None and any(found != known for _, found in self._evaluate([job])):
            raise OptimizeError(
                f"--state {self._journal.path}: the same run comes to something else now, so the"
                " program or the strategy has changed since; name another file."
            )


def optimize(
    plan: Plan,
    journal: Journal,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Optimized:
    """Carry out a plan; neither `workers` nor what the journal knows already changes the answer.

    `progress` hears of runs, `Plan.runs` at most.  Raises `OptimizeError` when a worker is lost or
    the journal is another program's, and what a run raises.
    """
    if plan.evaluations < EVALUATIONS_MIN:
        raise OptimizeError(f"a search needs at least {EVALUATIONS_MIN} evaluations: ask for more.")
    with evaluations(plan.work, workers) as evaluate:
        player = Player(evaluate, journal, progress or (lambda _: None))
        if journal.resumed:
            start = plan.space.policy(plan.space.values(plan.space.start), OPTIMIZED)
            player.check(Job(start, 0))
        folds = tuple(_fold(plan, number, player) for number in range(len(plan.folds)))
        sensitivity = _sensitivity(plan, folds[-1].best, player)
    market = plan.work.market
    return Optimized(
        asked=plan.asked,
        files=plan.files,
        symbols=market.symbols,
        notes=market.notes,
        strategy=plan.strategy,
        capital=plan.work.options.capital,
        position=plan.position,
        objective=plan.objective,
        space=plan.space,
        folds=folds,
        sensitivity=sensitivity,
        policy=plan.space.policy(folds[-1].best.values, OPTIMIZED),
    )


def _score(plan: Plan) -> Callable[[Outcome], float]:
    capital = plan.work.options.capital
    return lambda outcome: plan.objective.score(outcome, capital)


def _fold(plan: Plan, number: int, player: Player) -> FoldResult:
    fit, unseen = 2 * number, 2 * number + 1
    space, score = plan.space, _score(plan)
    tried = search(
        space,
        lambda wanted: player.play([Job(space.policy(one, OPTIMIZED), fit) for one in wanted]),
        score,
        plan.evaluations,
        np.random.default_rng([plan.seed, number]),
    )
    best = best_of(tried)
    shown = [space.policy(best.values, OPTIMIZED), *plan.beside]
    jobs = [Job(policy, place) for place in (fit, unseen) for policy in shown]
    outcomes = player.play(jobs)
    names = [policy.name for policy in shown]
    fits = dict(zip(names, outcomes[: len(shown)], strict=True))
    unseens = dict(zip(names, outcomes[len(shown) :], strict=True))
    days = {name: outcome.days for name, outcome in unseens.items()}
    against = confidences(days, space.base.name, plan.work.options.capital)
    judged = {
        name: Judged(
            fit=fits[name],
            unseen=unseens[name],
            fit_score=score(fits[name]),
            unseen_score=score(unseens[name]),
            against=against.get(name),
        )
        for name in names
    }
    return FoldResult(plan.folds[number], tuple(tried), best, judged)


def _sensitivity(plan: Plan, best: Tried, player: Player) -> tuple[Sensitivity, ...]:
    """Move one field at a time, on the last fit; no rule is repaired, so nothing else moves."""
    fit, score = 2 * len(plan.folds) - 2, _score(plan)
    jobs = [
        Job(plan.space.policy({**best.values, one.field: value}, OPTIMIZED), fit)
        for one in plan.space.dimensions
        for value in one.probes
    ]
    outcomes = iter(player.play(jobs))
    found = []
    for one in plan.space.dimensions:
        taken = [next(outcomes) for _ in one.probes]
        found.append(
            Sensitivity(
                field=one.field,
                best=best.values[one.field],
                values=one.probes,
                scores=tuple(map(score, taken)),
                distinct=len({best.outcome.digest, *(outcome.digest for outcome in taken)}),
            )
        )
    return tuple(found)
