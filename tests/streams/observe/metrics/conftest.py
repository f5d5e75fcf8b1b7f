"""Two halves of a worker for all tests of what they show and log: starting them takes seconds."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.streams.observe.metrics.halves import Halves, halves


@pytest.fixture(scope="package")
def running(broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Halves]:
    """Run a sequencer and an agent whose accounts are in known states."""
    with halves(broker.address, tmp_path_factory.mktemp("halves")) as found:
        yield found
