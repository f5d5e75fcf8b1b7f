"""`python -m docs.render [--check] [FOLDER]`: writes the reference pages, or says which are stale."""

import argparse
import sys
from pathlib import Path

from . import FOLDER, stale, write


def main() -> int:
    """Write the pages; with `--check` write nothing, and fail if one is not as the code has it."""
    parser = argparse.ArgumentParser(prog="python -m docs.render", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    asked = parser.parse_args()
    if not asked.check:
        write(asked.folder)
        return 0
    found = stale(asked.folder)
    for path in found:
        sys.stderr.write(f"{path} is stale: run `python -m docs.render`.\n")
    return 1 if found else 0


sys.exit(main())
