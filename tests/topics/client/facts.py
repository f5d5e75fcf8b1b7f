"""Facts as a desk would publish them, for tests of subscribers."""

from topics.facts import CooldownStarted, FightDetected, StealSettled, StealStarted, Victim

TS = 1_700_000_000_000_000
STEP_US = 1_000_000


def started(
    offset: int,
    number: int = 0,
    *,
    journal: int = 0,
    account: str = "acct-1",
    ts_us: int | None = None,
) -> StealStarted:
    return StealStarted(
        id=f"{journal}-{offset}-{number}",
        ts_us=TS + offset * STEP_US if ts_us is None else ts_us,
        account=account,
        cause="quotes:0:1",
        steal=f"{account}.{offset}",
        entry="bot:1",
        symbol="BTCUSD",
        needed_micros=3_500_000_000,
        free_micros=0,
        victims=[
            Victim(order=f"{account}.1", symbol="ETHUSD", distance=0.01, pnl=2.0, freed_micros=3)
        ],
    )


def settled(
    offset: int, number: int = 0, *, journal: int = 0, account: str = "acct-1"
) -> StealSettled:
    return StealSettled(
        id=f"{journal}-{offset}-{number}",
        ts_us=TS + offset * STEP_US,
        account=account,
        cause="orders:0:1",
        steal=f"{account}.{offset}",
        entry="bot:1",
        order=f"{account}.2",
    )


def cooling(offset: int, *, journal: int = 0, account: str | None = "acct-1") -> CooldownStarted:
    return CooldownStarted(
        id=f"{journal}-{offset}-0",
        ts_us=TS + offset * STEP_US,
        account=account,
        cause="clock",
        symbol="BTCUSD",
        until_us=TS + 2 * offset * STEP_US,
    )


def fight(offset: int, ts_us: int, pair: tuple[str, str] = ("BTCUSD", "ETHUSD")) -> FightDetected:
    return FightDetected(
        id=f"0-{offset}-0",
        ts_us=ts_us,
        account="acct-1",
        cause="clock",
        entry="bot:1",
        pair=pair,
        steals=3,
        won=False,
    )
