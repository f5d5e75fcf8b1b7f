"""Measures both peers on the workload of `bench/quotes.py`, each in a process of its own.

    python bench/peers/run.py [--quotes N]          (or: make peers)

The peers are installed into `.venv-peers`, at the versions of `bench/peers/requirements.txt`, by the
Makefile, as every environment is; nothing of ours depends on them.  That takes a minute or two and
1.4 GB the first time.  A table for people goes to standard error, one JSON object to standard output.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = ROOT / ".venv-peers"
PYTHON = HOME / "bin" / "python"
REQUIREMENTS = ROOT / "bench" / "peers" / "requirements.txt"
SCRIPTS = ("nautilus.py", "hft.py")
QUOTES = 1_000_000
DELAY_US = 200_000
INSTALL_S = 1800
RUN_S = 1800
"""Nothing takes nearly as long; what hangs must end."""
COLUMNS = ("name", "version", "filled", "import_s", "data_build_s", "compile_s", "run_s",
           "quotes_per_s", "peak_rss_mb")  # fmt: skip


class PeerError(RuntimeError):
    """A peer could not be installed, or its run failed; carries what it said."""


def installed() -> bool:
    """Say whether `.venv-peers` holds the versions that are asked for."""
    lock = HOME / ".locked"
    return (
        (HOME / ".ready").exists()
        and lock.exists()
        and lock.read_bytes() == REQUIREMENTS.read_bytes()
    )


def install() -> None:
    """Make `.venv-peers`, unless it is there; raises `PeerError` if that fails."""
    if installed():
        return
    print(
        f"==> installing the peers into {HOME.name} (1.4 GB, only the first time)", file=sys.stderr
    )
    _run(["make", f"{HOME.name}/.ready"], INSTALL_S)


def measure(quotes: int = QUOTES, delay_us: int = DELAY_US) -> dict[str, dict[str, Any]]:
    """Install and run the peers one after the other; return the figures of each by its name.

    See `Figures` in `common.py` for what they mean.  `delay_us` is how long a request takes to the
    venue, in microseconds.  Raises `PeerError`.
    """
    install()
    found = {}
    for script in SCRIPTS:
        path = ROOT / "bench" / "peers" / script
        told = ["--json", "--quotes", str(quotes), "--delay-us", str(delay_us)]
        said = _run([str(PYTHON), str(path), *told], RUN_S)
        figures = json.loads(said.splitlines()[-1])
        found[figures["name"]] = figures
    return found


def _run(command: list[str], most_s: float) -> str:
    """Return what a program prints; what it says beside that is shown only if it fails."""
    try:
        done = subprocess.run(  # noqa: S603  (our own programs)
            command, cwd=ROOT, capture_output=True, text=True, timeout=most_s, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise PeerError(f"{' '.join(command)} did not end within {most_s:,.0f} s") from late
    if done.returncode:
        raise PeerError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def table(peers: dict[str, dict[str, Any]]) -> str:
    """Return the main figures, one line for each, the peers beside each other."""
    lines = []
    for name in COLUMNS:
        values = [figures[name] for figures in peers.values()]
        texts = [f"{v:,.2f}" if isinstance(v, float) else f"{v}" for v in values]
        lines.append(f"{name:>14}" + "".join(f"{text:>18}" for text in texts))
    for figures in peers.values():
        lines += ["", f"{figures['name']}:", *(f"  {note}" for note in figures["notes"])]
    return "\n".join(lines)


def main() -> None:
    """Measure, print a table for people and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--quotes", type=int, default=QUOTES, help="how many [default: %(default)s]"
    )
    peers = measure(parser.parse_args().quotes)
    print(table(peers), file=sys.stderr)
    print(json.dumps({"peers": peers}))


if __name__ == "__main__":
    main()
