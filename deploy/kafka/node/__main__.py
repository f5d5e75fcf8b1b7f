"""The command line: `deploy/kafka/broker start|stop|status`."""

import argparse
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from .home import Home
from .libraries import KAFKA
from .ports import HOST
from .properties import PORT
from .running import start, status, stop
from .trouble import EXIT_FAILED, Trouble, say

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def port_number(text: str) -> int:
    """Read a port; raises `ValueError` if it is none."""
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError
    return port


def terminated(number: int, _frame: FrameType | None) -> None:
    """End as if asked in order, so that what was begun is cleared away."""
    raise SystemExit(128 + number)


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="deploy/kafka/broker",
        description=f"A real Kafka {KAFKA} on this machine: one node, on {HOST} only.",
    )
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument(
        "--port",
        type=port_number,
        metavar="N",
        help=f"where to listen: the last port of this folder, or {PORT}; 0 picks a free one",
    )
    parser.add_argument(
        "--dir",
        type=Path,
        default=ROOT / ".kafka",
        metavar="PATH",
        help="the folder of its data (.kafka in the repository)",
    )
    given = parser.parse_args(arguments)
    home = Home(given.dir.resolve())
    try:
        if given.action == "start":
            start(home, given.port)
        elif given.action == "stop":
            stop(home)
        else:
            status(home)
    except Trouble as trouble:
        say(str(trouble))
        return trouble.status
    except OSError as error:
        say(f"{error.strerror}: {error.filename}" if error.filename else str(error))
        return EXIT_FAILED
    except subprocess.TimeoutExpired as error:
        say(f"{error.cmd[0]} did not end within {error.timeout:.0f} s.")
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminated)
    sys.exit(main())
