"""One worker for all tests of pages that leave it as it is: starting one takes seconds."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.streams.web.standing import Standing, standing


@pytest.fixture(scope="session")
def worker(broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Run a worker whose accounts stand still."""
    with standing(broker.address, tmp_path_factory.mktemp("standing")) as found:
        yield found
