"""Start, stop, status: what the command does to the broker of a folder."""

import sys

from . import process
from .files import write_whole
from .home import Home, occupied
from .libraries import java, libraries
from .ports import HOST
from .properties import PROPERTIES, choose_ports
from .trouble import EXIT_NOT_RUNNING, Trouble, say

TRIES_MAX = 3
"""A port that was free when it was picked may be taken when the broker asks for it."""


def start(home: Home, wanted: int | None) -> None:
    """Start the broker unless it runs, wait until it answers, and print its address."""
    with occupied(home):
        pid = home.pid()
        if pid is None:
            bring_up(home, [java(), "-cp", f"{libraries()}/*"], wanted)
        elif process.await_answer(home, lambda: home.pid() == pid):
            say(f"already running (process {pid})")
        else:
            process.halt(home)
            say(home.tail())
            raise Trouble(f"the broker (process {pid}) ran but did not answer, so it was stopped.")
    sys.stdout.write(f"{home.address}\n")


def bring_up(home: Home, command: list[str], wanted: int | None) -> None:
    """Start the process, and leave it behind only if it answers."""
    for left in reversed(range(TRIES_MAX)):
        port, controller = choose_ports(home, wanted)
        write_whole(home.properties, PROPERTIES.format(host=HOST, port=port, controller=controller))
        process.format_data(home, command)
        kafka = process.launch(home, command)
        alive = process.child_lives(kafka)
        try:
            write_whole(home.pid_file, f"{kafka.pid}\n")
            if process.await_answer(home, alive):
                # It outlives us, and nobody shall warn of that.
                kafka.returncode = 0
                return
            died = not alive()
        except BaseException:
            process.end(kafka.pid, alive)
            home.pid_file.unlink(missing_ok=True)
            raise
        process.end(kafka.pid, alive)
        home.pid_file.unlink(missing_ok=True)
        collided = "Address already in use" in home.log.read_text(errors="replace")
        if died and collided and left:
            continue
        say(home.tail())
        how = (
            "ended before it answered"
            if died
            else f"did not answer within {process.START_SECONDS_MAX} s"
        )
        raise Trouble(f"the broker {how}; the end of {home.log} is above.")


def stop(home: Home) -> None:
    """Stop the broker; there is nothing wrong with one that does not run."""
    if not home.folder.is_dir():
        say("not running")
        return
    with occupied(home):
        say("stopped" if process.halt(home) else "not running")


def status(home: Home) -> None:
    """Print whether the broker runs, and where."""
    if home.pid() is None:
        raise Trouble("not running", EXIT_NOT_RUNNING)
    if not home.answers():
        raise Trouble(f"process {home.pid()} runs but does not answer", EXIT_NOT_RUNNING)
    sys.stdout.write(f"running {home.address}\n")
