"""What tests of pages share, because starting it takes seconds: two workers and a browser.

It ends with the folder: a worker that stands about takes part of a core from all tests after it.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.streams.observe.pages.chromium import Chromium, chromium
from tests.streams.observe.pages.standing import Standing, standing
from tests.streams.observe.pages.trading import Trading, trading


@pytest.fixture(scope="package")
def worker(broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Run a worker whose accounts stand still."""
    with standing(broker.address, tmp_path_factory.mktemp("standing")) as found:
        yield found


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Run a browser; skip loudly if there is none."""
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture(scope="package")
def trade(
    browser: Chromium,
    broker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Trading]:
    """Run a worker whose accounts trade, for the page to show."""
    with trading(broker.address, tmp_path_factory.mktemp("trading")) as found:
        yield found
