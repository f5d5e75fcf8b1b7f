"""Which tests run beside which: `-n 2 --dist loadfile`, the longest first.

A file's tests stay together, for what they share is made once; so do those of a folder whose
conftest.py starts processes for all of it.  What waits for a broker or is slow begins first, so that
no worker has a long file left when the other is done.
"""

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/streams/feeds",
    "tests/streams/observe/metrics",
    "tests/streams/observe/pages",
)
SLOW, BROKER, OTHER = 100, 10, 1
"""What a test is taken to cost."""


def unit(nodeid: str) -> str:
    """Return what a test is handed to a worker with."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)


def cost(item: pytest.Item) -> int:
    if item.get_closest_marker("slow"):
        return SLOW
    return BROKER if item.get_closest_marker("broker") else OTHER


class LongestFirst(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
    """Hands out whole units, in the order in which the workers collected them."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # it would begin with whatever has most tests
    return LongestFirst(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    costs: Counter[str] = Counter()
    for item in items:
        costs[unit(item.nodeid)] += cost(item)
    items.sort(key=lambda item: (-costs[unit(item.nodeid)], unit(item.nodeid)))
