"""The study: stealing off, the presets and the sets on record, on all the data that is shipped.

    python examples/study/study.py [--workers N] [--only NAME] [--check]

Writes figures.json, README.md and its pictures beside itself: the same bytes for any number of
workers.  `--check` writes nothing and ends with status 1 if anything would be different.  `--only`
runs one set of data and prints its tables (with `--check`, compares them with figures.json).
"""

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from examples.study import page  # noqa: E402
from examples.study.data import SOURCES, chosen  # noqa: E402
from examples.study.figures import Study, read, written  # noqa: E402
from examples.study.runs import study  # noqa: E402

FIGURES = "figures.json"

messages = Console(stderr=True, highlight=False)
answers = Console(highlight=False, width=200)


def main(words: list[str] | None = None) -> int:
    """Run the study; returns the exit status."""
    options = _options(words)
    begun = time.monotonic()

    def say(step: str) -> None:
        messages.print(f"{time.monotonic() - begun:5.0f} s  {step}", markup=False)

    sources = list(chosen(options.only))
    found = study(sources, options.workers, say, sweep=options.only is None)
    say("done")
    if options.only is not None:
        return _one(found, check=options.check)
    made = {FIGURES: written(found), **page.files(found)}
    if options.check:
        return _compared(made)
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")
    messages.print(f"written: {', '.join(made)}", markup=False)
    return 0


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--workers", type=int, default=1, help="processes that share the runs")
    parser.add_argument(
        "--only",
        metavar="NAME",
        choices=[one.name for one in SOURCES],
        help=f"one set of data: {', '.join(one.name for one in SOURCES)}",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if it differs")
    return parser.parse_args(words)


def _one(found: Study, *, check: bool) -> int:
    (data,) = found.data
    answers.print(page.tables(data), markup=False, soft_wrap=True)
    if not check:
        return 0
    recorded = read((HERE / FIGURES).read_text(encoding="utf-8"))
    return _told([] if recorded.of(data.name) == data else [f"{FIGURES}, {data.name}"])


def _compared(made: dict[str, str]) -> int:
    return _told([name for name, text in made.items() if _recorded(name) != text])


def _told(different: list[str]) -> int:
    said = f"different: {', '.join(different)}" if different else "all as recorded"
    messages.print(said, markup=False)
    return 1 if different else 0


def _recorded(name: str) -> str | None:
    path = HERE / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
