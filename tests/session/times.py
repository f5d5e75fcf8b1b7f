"""How long each folder's tests took, at the end of a run that somebody waited for."""

from collections import Counter, defaultdict
from typing import Any

import pytest

WORTH_TELLING_S = 30


def folder_of(nodeid: str) -> str:
    """Return the folder of a test, but no deeper than a package's rooms."""
    folders = nodeid.partition("::")[0].split("/")[:-1]
    return "/".join(folders[: 3 if folders[1:2] == ["streams"] else 2])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    seconds: defaultdict[str, float] = defaultdict(float)
    tests: Counter[str] = Counter()
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if outcome and isinstance(report, pytest.TestReport):
                tests[folder_of(report.nodeid)] += report.when == "call"
            if isinstance(report, pytest.TestReport):
                seconds[folder_of(report.nodeid)] += report.duration
    if sum(seconds.values()) < WORTH_TELLING_S:
        return
    terminalreporter.section("seconds by folder, all workers together")
    for folder, took in sorted(seconds.items(), key=lambda one: -one[1]):
        terminalreporter.line(f"{took:7.1f} s {tests[folder]:6} tests  {folder}")
    terminalreporter.line(f"{sum(seconds.values()):7.1f} s {sum(tests.values()):6} tests")
