"""`--desk-coverage=PERCENT`: branches of state/ that the desk's own tests run through, in any run.

Measuring makes all that runs meanwhile several times slower, so it is on for these tests alone, and
off while the others have their turn in the same process.
"""

import importlib
import os
import pkgutil
from pathlib import Path
from typing import Any

import coverage
import pytest

import state
from tests.broker import FOLDER

DESK = ("tests/conformance/", "tests/state/", "tests/streams/lab/backtest/", "tests/topics/")
DATA = "desk"
MEASURED = pytest.StashKey["Measured"]()


class Measured:
    """The measurement of one process, switched on and off."""

    def __init__(self, folder: Path) -> None:
        self._coverage = coverage.Coverage(
            data_file=folder / f"{DATA}.{os.getpid()}", branch=True, source=["state"]
        )
        self._on = False
        self.switch(on=True)
        for module in pkgutil.walk_packages(state.__path__, "state."):
            importlib.import_module(module.name)
        self.switch(on=False)

    def switch(self, *, on: bool) -> None:
        if on and not self._on:
            self._coverage.start()
        elif self._on and not on:
            self._coverage.stop()
        self._on = on

    def save(self) -> None:
        self.switch(on=False)
        self._coverage.save()


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "measure the branches of state/ in the desk's tests, and fail below PERCENT"
    parser.addoption("--desk-coverage", type=float, metavar="PERCENT", help=told)


def _measures(config: pytest.Config) -> bool:
    """Tell whether tests run in this process: those of a controller run elsewhere."""
    is_worker = hasattr(config, "workerinput")
    return bool(config.getoption("--desk-coverage") and (is_worker or not _workers(config)))


def _workers(config: pytest.Config) -> int:
    return int(config.getoption("numprocesses", 0) or 0)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if _measures(config):
        config.stash[MEASURED] = Measured(config.stash[FOLDER])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    measured = item.config.stash.get(MEASURED, None)
    if measured is not None:
        measured.switch(on=item.nodeid.startswith(DESK))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    measured = session.config.stash.get(MEASURED, None)
    if measured is not None:
        measured.save()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    wanted = config.getoption("--desk-coverage")
    if not wanted or hasattr(config, "workerinput"):
        return
    terminalreporter.section("branches of state/ that the desk's tests run through")
    read = coverage.Coverage(data_file=config.stash[FOLDER] / DATA, branch=True, source=["state"])
    read.combine()
    found = read.report(file=terminalreporter, skip_covered=True, show_missing=True)
    if found < wanted:
        terminalreporter.line(
            f"{found:.1f} % is less than the {wanted:g} % that are wanted", red=True
        )
        terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED
