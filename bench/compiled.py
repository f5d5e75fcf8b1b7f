"""How long a backtest takes in plain Python and compiled, and that both say the same.

    make compiled && python bench/compiled.py [--repeats N]

Plays the 30 days that the study fits on (examples/market/hourly-mixed-2025-12.csv before
2026-01-16, policy `default`) in whole processes, in turns: the Python that runs this, with the work
tree, and `.venv-compiled`.  `python_s` and `compiled_s` are the median processor time of a run,
which is what a search like `worksteal optimize` repeats; `process_python_s` and
`process_compiled_s` that of a whole process, most of which starts up and reads the file.  Below them
`bench/desk.py` in both: `desk_ratio` is quotes a second, compiled to plain.  The last line is JSON.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
COMPILED = ROOT / ".venv-compiled"
DATA = ROOT / "examples" / "market" / "hourly-mixed-2025-12.csv"
UNTIL = "2026-01-16"
POSITION = 3_500.0
"""Dollars of an entry, the default of the command line."""
REPEATS = 5
RUN_S = 600
"""Nothing takes nearly as long; what hangs must end."""


class NotCompiledError(RuntimeError):
    """There is no compiled environment of these sources; says what to do."""


def require_compiled() -> Path:
    """Return the Python of `.venv-compiled`; raises `NotCompiledError` unless it is up to date."""
    python = COMPILED / "bin" / "python"
    if not (COMPILED / ".ready").exists():
        raise NotCompiledError("There is no .venv-compiled: run 'make compiled' first.")
    (site,) = COMPILED.glob("lib/python3*/site-packages")
    for layer in ("topics", "state", "streams"):
        for source in sorted((ROOT / layer).rglob("*.py")):
            installed = site / source.relative_to(ROOT)
            if not installed.exists() or installed.read_bytes() != source.read_bytes():
                name = source.relative_to(ROOT)
                raise NotCompiledError(
                    f"{name} has changed since .venv-compiled was made: run 'make compiled' again."
                )
    return python


def play() -> dict[str, Any]:
    """Play the run in this process; return its digests and what it took."""
    # Only here, for the process that measures needs none of it.
    from state import desk  # noqa: PLC0415
    from state.rules.policy import PRESETS  # noqa: PLC0415
    from streams.ground.times import read_time  # noqa: PLC0415
    from streams.lab.backtest.run import RunOptions, calendars_for, run_backtest  # noqa: PLC0415
    from streams.market import read_market  # noqa: PLC0415
    from streams.strategies import strategy_for  # noqa: PLC0415

    whole = read_market([DATA])
    market = whole.between(int(whole.quotes.ts_us[0]), read_time("--until", UNTIL))
    times = calendars_for(market)
    strategy = strategy_for(market, POSITION)
    began = time.process_time()
    run = run_backtest(market, strategy, PRESETS["default"], RunOptions(), times)
    return {
        "run_s": time.process_time() - began,
        "process_s": time.process_time(),
        "compiled": not str(desk.__file__).endswith(".py"),
        "quotes": len(market.quotes),
        "commands": run.commands,
        "said": [run.digest, run.state_digest],
    }


def in_process(python: Path, *words: str) -> dict[str, Any]:
    """Run a program of this folder with a Python; return the JSON of its last line."""
    compiled = COMPILED in python.parents
    # The compiled modules are in the environment; the plain ones are the work tree's.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {"PYTHONSAFEPATH": "1"} | ({} if compiled else {"PYTHONPATH": str(ROOT)})
    done = subprocess.run(  # noqa: S603 - our own
        [str(python), *words],
        cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, timeout=RUN_S,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(compiled: Path, repeats: int) -> dict[str, Any]:
    """Run both in turns; return the figures."""
    pythons = {"python": Path(sys.executable), "compiled": compiled}
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    for _ in range(repeats):
        for name, python in pythons.items():
            run = in_process(python, str(Path(__file__).resolve()), "--play")
            assert run["compiled"] == (name == "compiled"), f"{name} loaded the other's modules"
            runs[name].append(run)
    desks = {name: in_process(python, "bench/desk.py") for name, python in pythons.items()}
    found: dict[str, Any] = {}
    for key, field in (("{}_s", "run_s"), ("process_{}_s", "process_s")):
        for name in pythons:
            took = statistics.median(run[field] for run in runs[name])
            found[key.format(name)] = round(took, 3)
    said = {json.dumps(run["said"]) for played in runs.values() for run in played}
    rates = {name: desk["quotes_per_s"] for name, desk in desks.items()}
    return {
        "quotes": runs["python"][0]["quotes"],
        "commands": runs["python"][0]["commands"],
        **found,
        "ratio": round(found["compiled_s"] / found["python_s"], 3),
        "digests_equal": len(said) == 1,
        "desk_python_quotes_per_s": round(rates["python"]),
        "desk_compiled_quotes_per_s": round(rates["compiled"]),
        "desk_ratio": round(rates["compiled"] / rates["python"], 3),
    }


def table_of(found: dict[str, Any]) -> Table:
    """Return the figures for people."""
    table = Table(title=f"{found['quotes']:,} quotes, {found['commands']:,} commands")
    for header in ("", "Python", "compiled", "compiled to Python"):
        table.add_column(header, justify="right" if header else "left")
    for name, key in (("a run, CPU s", "{}_s"), ("a whole process, CPU s", "process_{}_s")):
        python, compiled = (found[key.format(way)] for way in ("python", "compiled"))
        table.add_row(name, f"{python:.2f}", f"{compiled:.2f}", f"{compiled / python:.2f}")
    rates = [f"{found[f'desk_{way}_quotes_per_s']:,}" for way in ("python", "compiled")]
    table.add_row("the desk, quotes a second", *rates, f"{found['desk_ratio']:.2f}")
    return table


def main() -> int:
    """Measure, and print a table and one line of JSON; 1 if the two did not say the same."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=REPEATS, help="processes of each")
    parser.add_argument("--play", action="store_true", help="play one run in this process")
    asked = parser.parse_args()
    if asked.play:
        sys.stdout.write(json.dumps(play()) + "\n")
        return 0
    try:
        compiled = require_compiled()
    except NotCompiledError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    found = {"bench": "compiled", "machine": machine, **measure(compiled, asked.repeats)}
    Console(file=sys.stderr).print(table_of(found))
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if found["digests_equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
