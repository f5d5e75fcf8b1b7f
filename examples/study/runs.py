"""Runs the policies on the data and takes down the figures."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

from examples.study.data import CAPITAL, FEE_RATE, MIXED, POSITION, SPLIT, Source, strategy
from examples.study.figures import DEFAULT, Against, Data, Line, Moved, Named, Point, Stretch, Study
from examples.study.policies import Candidate, candidates, moved, ranges
from state.rules.policy import DEFAULT as DEFAULT_POLICY
from state.rules.policy import Policy
from streams.lab.backtest.run import RunOptions
from streams.lab.compare import (
    Compared,
    ComparedPeriod,
    Confidence,
    Hearing,
    Setup,
    compare,
    confidences,
)
from streams.lab.ranges import Swept
from streams.market import Market

MICROS = 1_000_000

Say = Callable[[str], None]


def study(sources: Sequence[Source], workers: int, say: Say, *, sweep: bool = True) -> Study:
    """Run all; `say` hears of each step.  Raises `MarketError`, `CompareError`."""
    policies = candidates()
    data = []
    for source in sources:
        say(f"{source.name}: {len(policies) * len(source.periods)} runs")
        data.append(measured(source, source.read(), policies, workers))
    found: list[Moved] = []
    if sweep:
        (source,) = [one for one in sources if one.name == MIXED] or [sources[0]]
        say(f"one field at a time: {(len(moved()) + 1) * len(source.periods)} runs")
        found = one_at_a_time(source, source.read(), workers)
    return Study(
        CAPITAL, POSITION, FEE_RATE, SPLIT, [described(one) for one in policies], data, found
    )


def measured(source: Source, market: Market, policies: Sequence[Candidate], workers: int) -> Data:
    """Run the policies on one set of data."""
    compared = compare(market, [Swept(one.policy) for one in policies], _setup(source), workers)
    shared = compared.first.comparison
    return Data(
        name=source.name,
        title=source.title,
        files=list(source.files),
        symbols=list(shared.symbols),
        strategy=shared.strategy,
        fee_rate=source.fee_rate,
        notes=list(shared.notes),
        stretches=[
            _stretch(part, compared, change(period.of(market)))
            for part, period in zip(compared.parts, source.periods, strict=True)
        ],
    )


def one_at_a_time(source: Source, market: Market, workers: int) -> list[Moved]:
    """Move each field by itself around `default`, and compare what the venue is told."""
    swept = [Swept(DEFAULT_POLICY), *moved()]
    heard: list[str] = []
    hearing = Hearing(commands=lambda lines: heard.append(told(lines)))
    compared = compare(market, swept, _setup(source), workers, hearing)
    names = [one.policy.name for one in swept]
    by_run = {
        name: [heard[place + part * len(names)] for part in range(len(compared.parts))]
        for place, name in enumerate(names)
    }
    found = []
    rest = iter(swept[1:])
    for each in ranges():
        mine = [(value, next(rest).policy.name) for value in each.values]
        points = [
            Point(
                float(value),
                [round(part.comparison.runs[name].pnl, 2) for part in compared.parts],
                [part.steals[name].settled for part in compared.parts],
                by_run[name],
            )
            for value, name in mine
        ]
        own = float(getattr(DEFAULT_POLICY, each.field))
        found.append(Moved(each.field, own, points, by_run[DEFAULT]))
    return found


def told(lines: Sequence[str]) -> str:
    """Return a digest of commands, without ids and causes: those change no trade."""
    found = blake2b(digest_size=8)
    for line in lines:
        command = json.loads(line)
        rest = {
            key: value
            for key, value in command.items()
            if key not in {"id", "cause", "policy", "period"}
        }
        found.update(json.dumps(rest, sort_keys=True).encode())
    return found.hexdigest()


def described(one: Candidate) -> Named:
    """Say in what a policy differs from `default`."""
    plain: Policy = DEFAULT_POLICY
    differs = [
        f"{field}: {getattr(one.policy, field)}"
        for field in Policy.model_fields
        if field != "name" and getattr(one.policy, field) != getattr(plain, field)
    ]
    return Named(list(one.names), one.policy.protection, differs)


def _setup(source: Source) -> Setup:
    return Setup(
        strategy,
        RunOptions(capital=CAPITAL, fee_rate=source.fee_rate),
        POSITION,
        source.periods,
        source.files,
    )


def change(market: Market) -> float:
    """Return how far the bids moved, as a fraction: the mean of the symbols that have quotes."""
    bids = [track.bids for track in market.quotes.tracks if len(track)]
    return sum(float(prices[-1] / prices[0]) - 1 for prices in bids) / len(bids)


def _stretch(part: ComparedPeriod, compared: Compared, moved_by: float) -> Stretch:
    shared = part.comparison
    others = confidences(part.days, DEFAULT, CAPITAL)
    return Stretch(
        name=part.name,
        first=_date(shared.first_us),
        last=_date(shared.last_us),
        days=len({day for days in part.days.values() for day in days}),
        quotes=shared.quotes,
        change=round(moved_by, 4),
        lines=[_line(part, one.policy.name, others.get(one.policy.name)) for one in compared.swept],
    )


def _line(part: ComparedPeriod, name: str, default: Confidence | None) -> Line:
    run, steals = part.comparison.runs[name], part.steals[name]
    gain = round(steals.gain_micros / MICROS / steals.settled, 2) if steals.settled else None
    return Line(
        policy=name,
        pnl=round(run.pnl, 2),
        fees=round(run.fees, 2),
        interest=round(run.interest, 2),
        max_drawdown=round(run.max_drawdown, 2),
        idle=round(run.idle_fraction, 4),
        entries=run.entries,
        fills=run.fills,
        blocks=run.blocks,
        settled=steals.settled,
        ended=steals.ended,
        gain=gain,
        breaches=run.capacity_breaches,
        none=_against(part.against.get(name)),
        default=_against(default),
    )


def _against(found: Confidence | None) -> Against | None:
    if found is None:
        return None
    if found.low is None or found.high is None or found.above_zero is None:
        return Against(round(found.difference, 2))
    return Against(
        round(found.difference, 2),
        round(found.low, 2),
        round(found.high, 2),
        round(found.above_zero, 4),
    )


def _date(ts_us: int) -> str:
    return datetime.fromtimestamp(ts_us // MICROS, UTC).date().isoformat()
