"""Where the repository and its example files stand, for every test however deep it lies."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKET = ROOT / "examples" / "market"
