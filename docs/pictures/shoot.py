"""Makes the picture of a report: `python docs/pictures/shoot.py [FOLDER]`; needs Chromium.

It is of the day of the tutorial, and shows two charts of the report without the tables around them.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which

ROOT = Path(__file__).resolve().parents[2]
DAY = ROOT / "examples" / "market" / "coinbase-2018-04-04.csv"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZE = (880, 960)
ONLY_CHARTS = """<style>
main > :not(:has(#capital)):not(:has(#steals-1)), details, [aria-labelledby="steals-0-title"],
section:has(> .panel #equity), section:has(> .panel #worth) { display: none !important }
</style></head>"""


def report(folder: Path) -> Path:
    """Replay the day and return a copy of its report that shows the charts alone."""
    command = [sys.executable, "-m", "streams.cli", "backtest", DAY, "--policy", "none"]
    path = folder / "report.html"
    subprocess.run(  # noqa: S603 - our own program
        [*command, "--policy", "default", "--report", path],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    page = path.read_text(encoding="utf-8").replace("</head>", ONLY_CHARTS, 1)
    path.write_text(page, encoding="utf-8")
    return path


def shoot(page: Path, picture: Path, profile: Path) -> None:
    """Open a page in a browser without a window, and take its picture."""
    browser = next(filter(None, map(which, BROWSERS)), None)
    if browser is None:
        sys.exit("no Chromium: install one (apt-get install chromium).")
    subprocess.run(  # noqa: S603 - the browser
        [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-background-networking", "--no-first-run", f"--user-data-dir={profile}",
            "--virtual-time-budget=10000", f"--window-size={SIZE[0]},{SIZE[1]}",
            f"--screenshot={picture}", page.as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip


def main() -> None:
    """Make `report.png` in the folder that is named, or beside this script."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as folder:
        shoot(report(Path(folder)), target.resolve() / "report.png", Path(folder) / "profile")


if __name__ == "__main__":
    main()
