"""An environment in which nothing but the test's own words is said."""

import os
from pathlib import Path

import pytest

from streams.ground.settings.model import PREFIX


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in an empty folder, with none of our variables set."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
