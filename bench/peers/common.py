"""What both peers' scripts share: their options, their memory, the shape of their figures.

Only the standard library and numpy, and no figure is taken here: each script times itself.
"""

import argparse
import json
import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.quotes import DELAY_US, Workload

QUOTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What one peer did with the workload.  Seconds of wall clock, memory in 10^6 bytes."""

    name: str
    version: str
    workload: str
    """`Workload.digest()`: compare only what says the same here."""
    quotes: int
    orders: int
    withdrawn: int
    """Orders for which a cancel was sent, as they were still open then."""
    filled: int
    """Orders that filled, wholly or in part."""
    fills: int
    """Trades; an order that fills in parts has several."""
    import_s: float
    """From an interpreter that runs until the peer is imported, with all that it imports."""
    data_build_s: float
    """From numpy columns to the engine and all that it is fed with."""
    compile_s: float
    """Translation to machine code before the run; 0 if there is none."""
    run_s: float
    quotes_per_s: float
    peak_rss_mb: float
    """Of the whole process, the numpy columns included."""
    notes: list[str]

    def show(self, *, as_json: bool) -> None:
        """Print one JSON object, or a line for each figure."""
        if as_json:
            print(json.dumps(asdict(self)))
            return
        for name, value in asdict(self).items():
            text = f"{value:,.3f}" if isinstance(value, float) else str(value)
            print(f"{name:>14}  {text}")


def options(summary: str) -> argparse.Namespace:
    """Return `quotes`, `delay_us` and `json` from the command line."""
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument(
        "--quotes", type=int, default=QUOTES, help="how many [default: %(default)s]"
    )
    parser.add_argument(
        "--delay-us", type=int, default=DELAY_US,
        help="how long a request takes to the venue [default: %(default)s]",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    return parser.parse_args()


def peak_rss_mb() -> float:
    """Return the most memory that this process ever held, in 10^6 bytes.

    Linux's own count is asked first: what `getrusage` says begins with the parent's peak.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024) / 1e6


def delay_note(delay_us: int) -> str:
    """Say how long requests take."""
    return f"requests take {delay_us / 1000:g} ms to the venue; answers and quotes take no time"


def reached_note(workload: Workload, delay_us: int) -> str:
    """Say how many fills are to be expected, found by searching the columns."""
    touched = workload.reached(delay_us=delay_us)
    through = workload.reached(delay_us=delay_us, through=True)
    return f"the ask comes down to the limit of {touched} orders, and falls below that of {through}"
