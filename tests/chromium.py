"""Finds the browser for what only a browser can tell."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TOLD = "NO CHROMIUM: what pages show was NOT checked; install one (apt-get install chromium)"


def find_chromium() -> str:
    """Return the browser's path, or skip loudly; where all must be tested, that is a failure."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get("CI") == "true":
        pytest.fail(TOLD, pytrace=False)
    pytest.skip(TOLD)
