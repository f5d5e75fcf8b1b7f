"""Plays what test_compiled.py compares, in a process of its own: whatever `state` is found first.

    python -m tests.deploy.compiled_runs MODULE…

Prints one line of JSON: what each run came to, and the file that each module was loaded from.
"""

import json
import random
import sys
from dataclasses import asdict
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

from state.rules.policy import PRESETS
from streams.lab.backtest.run import Hooks, RunOptions, calendars_for, run_accounts, run_backtest
from streams.market import read_market
from streams.strategies import strategy_for
from tests.state.nights import STOCKS, SYMBOLS, Night
from tests.streams.lab.backtest.worlds import make_bots, make_market, make_policy
from topics.codec import encode
from topics.facts import DeleverageDone

DAY = Path(__file__).parents[2] / "examples" / "market" / "coinbase-2018-04-04.csv"


def example_day(preset: str) -> dict[str, Any]:
    """Return the figures of the example day, with the digests of all that was said and is known."""
    market = read_market([DAY])
    strategy = strategy_for(market, 3_500.0)
    run = run_backtest(market, strategy, PRESETS[preset], RunOptions(), calendars_for(market))
    kept = asdict(run)
    return {name: kept[name] for name in ("digest", "state_digest", "commands", "steals", "pnl")}


def random_day(seed: int) -> dict[str, Any]:
    """Return the same of restless bots on a random market, passing over quotes."""
    market = make_market(seed, 900, 5, 0.3)
    said = blake2b()

    def outputs(outputs: Any) -> None:
        for one in (*outputs.commands, *outputs.facts):
            said.update(encode(one))

    bots, options = make_bots(seed, 3, 0.8), RunOptions(plain=False)
    hooks = Hooks(outputs=outputs)
    runs = run_accounts(market, bots, make_policy(seed), options, calendars_for(market), hooks)
    digests = [[run.digest, run.state_digest, run.pnl] for run in runs.values()]
    return {
        "said": said.hexdigest(),
        "runs": digests,
        "steals": sum(r.steals for r in runs.values()),
    }


def random_evening(seed: int) -> dict[str, Any]:
    """Return what the desk said in a random last hour before a close, with too much stock held."""
    dice = random.Random(seed)
    moves: list[tuple[Any, ...]] = []
    for _ in range(60):
        moves += [
            ("quote", dice.choice(SYMBOLS), round(100 * dice.uniform(0.95, 1.05), 2)),
            ("want", dice.choice(SYMBOLS), 99.5, dice.choice((900.0, 6000.0)), dice.randrange(4)),
            ("forecast", dice.choice(STOCKS), dice.randrange(-2, 3)),
            ("answer", dice.choice(("yes", "yes", "no", "lost"))),
            ("fill", dice.randrange(9), dice.choice((0.5, 1.0))),
            ("wait", dice.choice((0.1, 1.0, 11.0))),
        ]
    dice.shuffle(moves)
    night = Night((300.0, dice.choice((60.0, -100.0)), 10.0))
    night.play(moves[:80])
    night.come_to_rest()
    said = blake2b(b"".join(map(encode, night.outputs)))
    return {
        "said": said.hexdigest(),
        "state": night.world.desk.digest(),
        "outputs": len(night.outputs),
        "deleveraged": sum(isinstance(one, DeleverageDone) for one in night.outputs),
    }


def main(modules: list[str]) -> None:
    """Play everything and print it."""
    found: dict[str, Any] = {f"example {name}": example_day(name) for name in PRESETS}
    found |= {f"day {seed}": random_day(seed) for seed in range(6)}
    found |= {f"evening {seed}": random_evening(seed) for seed in range(6)}
    files = {name: import_module(name).__file__ for name in modules}
    sys.stdout.write(json.dumps({"runs": found, "files": files}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
