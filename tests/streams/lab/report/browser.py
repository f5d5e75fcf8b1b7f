"""A real headless Chromium, for what only a browser can tell."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.chromium import find_chromium


@dataclass(frozen=True, slots=True)
class Page:
    """What became of a page once its scripts had run."""

    dom: str
    console: list[str]
    """Errors, warnings and messages, one line each."""


def load(page: Path, profile: Path) -> Page:
    """Open `page` with a new profile and give its DOM."""
    command = [
        find_chromium(),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--enable-logging=stderr",
        "--virtual-time-budget=10000",
        f"--user-data-dir={profile}",
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Page(done.stdout, console)
