"""A comparison made by arithmetic alone: the same one on every machine, hostile where it can be."""

from dataclasses import replace

from state.rules.policy import DEFAULT, policy_from
from streams.lab.backtest.result import Comparison, RunResult, Series, StealLine
from streams.lab.compare import Compared, ComparedPeriod, Confidence, StealWorth
from streams.lab.ranges import Swept

HOSTILE = "</script><b>pwned</b>&amp;'\"<img src=x onerror=alert(1)>[red]"
START_US = 1_741_786_200_000_000
MINUTE_US = 60_000_000
CAPITAL = 100_000.0
OUTCOMES = ("settled", "settled", "lost", "expired", "open")
SYMBOLS = ("AAPL", "BTCUSD", "ETHUSD", "NVDA", "SOLUSD")


def series(minutes: int, slope: float) -> Series:
    """Give a saw on a slope; the capital in use stays below capacity."""
    made = Series()
    for minute in range(minutes):
        equity = CAPITAL + slope * minute + 40 * (minute % 37) - 25 * (minute % 53)
        made.ts_us.append(START_US + minute * MINUTE_US)
        made.equity.append(equity)
        made.in_use.append(min(198_000.0, 1_500.0 * minute) - 900.0 * (minute % 29))
        made.capacity.append(200_000.0 if minute < minutes // 2 else 2 * CAPITAL - 20_000)
    return made


def timeline(steals: int, minutes: int, symbols: tuple[str, ...]) -> tuple[StealLine, ...]:
    """Give steals spread over the minutes, each outcome among them."""
    return tuple(
        StealLine(
            ts_us=START_US + (index * minutes // max(1, steals)) * MINUTE_US + 123_456,
            id=f"0-{4_000 + index}-1",
            steal=f"steal-{index}",
            entry=f"entry-{index}",
            thief=symbols[index % len(symbols)],
            victims=(symbols[(index + 1) % len(symbols)], symbols[(index + 2) % len(symbols)]),
            freed_micros=1_234_567_890 + index,
            outcome=OUTCOMES[index % len(OUTCOMES)],
        )
        for index in range(steals)
    )


def run(
    policy: str,
    *,
    pnl: float = 0.0,
    steals: int = 0,
    minutes: int = 390,
    refusals: dict[str, int] | None = None,
    symbols: tuple[str, ...] = SYMBOLS,
    breaches: int = 0,
) -> RunResult:
    """Give one run; its counts follow from its arguments."""
    reasons = refusals or {}
    return RunResult(
        policy=policy,
        entries=1_240,
        fills=2_210,
        steals=steals,
        steals_settled=steals * 2 // 5,
        steals_lost=steals // 5,
        blocks=sum(reasons.values()),
        commands=5_120,
        pnl=pnl,
        fees=77.4,
        interest=0.0,
        max_drawdown=1_234.5,
        max_drawdown_fraction=0.0123,
        capital_mean=81_234.56,
        capital_peak=198_765.43,
        idle_fraction=0.25,
        capacity_breaches=breaches,
        refusals=reasons,
        digest="0123456789abcdef" * 2,
        state_digest="fedcba9876543210" * 2,
        series=series(minutes, pnl / max(1, minutes)),
        timeline=timeline(steals, minutes, symbols),
    )


def comparison(
    *runs: RunResult,
    symbols: tuple[str, ...] = SYMBOLS,
    notes: tuple[str, ...] = (),
    part: str = "all",
) -> Compared:
    """Put runs side by side, in one period."""
    period = Comparison(
        files=("examples/2025-03-12.csv.gz",),
        symbols=symbols,
        first_us=START_US,
        last_us=START_US + 389 * MINUTE_US,
        quotes=123_456,
        capital=CAPITAL,
        position=5_000.0,
        strategy="dip: buy 0.5 % below the last close, leave after 60 minutes",
        notes=notes,
        runs={one.policy: one for one in runs},
    )
    baseline = runs[0] if runs else None
    against = {
        one.policy: Confidence(31, one.pnl - baseline.pnl, -50.25, 1_234.5, 0.875)
        for one in runs
        if baseline is not None and one is not baseline
    }
    made = ComparedPeriod(
        part, period, {one.policy: worth(one) for one in runs}, against, 3_600_000_000
    )
    swept = tuple(Swept(policy_from({"name": one.policy[:64]})) for one in runs)
    return Compared((made,), swept, baseline.policy if baseline else None, "d" * 32)


def worth(one: RunResult) -> StealWorth:
    """Judge a run's steals by arithmetic alone."""
    return StealWorth(
        settled=one.steals_settled,
        lost=one.steals_lost,
        thieves_filled=one.steals_settled // 2,
        victims_filled=one.steals_settled // 4,
        thieves_micros=one.steals_settled * 3_000_000,
        victims_micros=one.steals_settled * -1_500_000,
        better=one.steals_settled // 2,
    )


def with_comparison(compared: Compared, **changes: object) -> Compared:
    """Change fields of the comparison of the only period."""
    (part,) = compared.parts
    period = replace(part.comparison, **changes)  # type: ignore[arg-type]
    return replace(compared, parts=(replace(part, comparison=period),))


def swept(count: int, *, parts: int = 1, minutes: int = 390, steals: int = 0) -> Compared:
    """Give `none`, `default`, and `default` with as many values of its protection."""
    names = [
        "none",
        "default",
        *(f"default protection={n / 10_000:g}" for n in range(1, count + 1)),
    ]
    periods: list[ComparedPeriod] = []
    for number in range(parts):
        runs = [
            run(
                name,
                pnl=float((place * 37 + number) % 101),
                minutes=minutes,
                steals=steals,
                refusals={"no_capital": place},
            )
            for place, name in enumerate(names)
        ]
        periods += comparison(*runs, part=("fit", "unseen")[number] if parts > 1 else "all").parts
    policies = [Swept(policy_from({"name": name})) for name in names[:2]]
    for n, name in enumerate(names[2:], 1):
        policy = policy_from({"name": name, "protection": n / 10_000}, DEFAULT)
        policies.append(Swept(policy, {"protection": n / 10_000}, "default"))
    return Compared(tuple(periods), tuple(policies), "none", "e" * 32)


def full() -> Compared:
    """Give three runs as a backtest makes them."""
    return comparison(
        run("none", pnl=-1_234.567, refusals={"no_capital": 812}),
        run(
            "reference",
            pnl=0.0,
            steals=60,
            refusals={"entrant_on_cooldown": 12, "no_steal_candidates": 190, "stale_quote": 7},
        ),
        run(
            "default",
            pnl=1_234_567.891,
            steals=140,
            refusals={"insufficient_capital": 55, "no_steal_candidates": 20},
        ),
        notes=("Bars of one minute, sampled at their close.", "quote_max_age is 90 s here."),
    )


def hostile() -> Compared:
    """Give a comparison in which every free word tries to leave its place."""
    symbols = (HOSTILE, "AAPL")
    one = run("none", steals=30, symbols=symbols, refusals={HOSTILE: 3})
    two = run(f"p{HOSTILE}", steals=30, symbols=symbols, breaches=2)
    return comparison(one, two, symbols=symbols, notes=(HOSTILE,))


def quiet() -> Compared:
    """Give runs in which nothing happened: no sample, no steal, no refusal."""
    return comparison(run("none", minutes=0), run("default", minutes=0))
