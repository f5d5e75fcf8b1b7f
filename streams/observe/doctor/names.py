"""Whether the import names `topics`, `state` and `streams`, which are general, are ours and whole.

Another distribution of the same name may lie in front of ours, behind it, or in its very files.
"""

import base64
import hashlib
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from .said import Line, fail, ok, warn
from .versions import OURS

NAMES = ("topics", "state", "streams")

HOME = Path(__file__).resolve().parents[3]
"""Where the packages lie that run."""


def check_names(path: Sequence[str] | None = None, home: Path = HOME) -> Iterator[Line]:
    """Look for other packages of our names on the import path; `path` stands for `sys.path`."""
    places = list(dict.fromkeys(Path(place or ".").resolve() for place in path or sys.path))
    found = [*_beside(places, home), *_claimed(places), *_changed(places, home)]
    yield from found
    if not found:
        yield ok("names", f"{', '.join(NAMES)} are {OURS}'s own, in {home}")


def _beside(places: Sequence[Path], home: Path) -> Iterator[Line]:
    """Find packages of our names in other folders of the path."""
    ours = places.index(home) if home in places else len(places)
    for number, place in enumerate(places):
        if place == home:
            continue
        for name in NAMES:
            other = _package(place, name)
            if other is None:
                continue
            if number < ours:
                yield fail(
                    "names",
                    f"{other} is found before {OURS}'s own `{name}`",
                    f"take it out, or give {OURS} an environment of its own",
                )
            else:
                yield warn(
                    "names",
                    f"{other} has the name of {OURS}'s own `{name}`, and is hidden by it",
                    f"give {OURS} an environment of its own",
                )


def _package(place: Path, name: str) -> Path | None:
    """Return the package or module of that name in a folder; a folder of other things is none."""
    for path in (place / name / "__init__.py", place / f"{name}.py"):
        if path.is_file():
            return path.parent if path.name == "__init__.py" else path
    return None


def _claimed(places: Sequence[Path]) -> Iterator[Line]:
    """Find other distributions that say that files of our packages are theirs."""
    for one in distributions(path=[str(place) for place in places]):
        if one.name == OURS:
            continue
        files = one.files or ()
        taken = sorted({file.parts[0] for file in files if file.parts[0].removesuffix(".py") in NAMES})  # fmt: skip
        if taken:
            yield fail(
                "names",
                f"the distribution {one.name} brings a package {', '.join(taken)} of its own",
                f"`pip uninstall {one.name}` and install {OURS} again, or give it an environment of"
                " its own",
            )


def _changed(places: Sequence[Path], home: Path) -> Iterator[Line]:
    """Find installed files of ours that are not as they came; an editable installation has none."""
    for one in distributions(name=OURS, path=[str(place) for place in places]):
        other = sorted(_not_as_installed(one, home))
        if other:
            more = f" and {len(other) - 1} more" if len(other) > 1 else ""
            yield fail(
                "names",
                f"{other[0]}{more} is not as it was installed; another package may lie over it",
                f"`pip install --force-reinstall {OURS}` in an environment of its own",
            )


def _not_as_installed(one: Distribution, home: Path) -> Iterator[str]:
    for file in one.files or ():
        if file.parts[0] not in NAMES or file.hash is None or file.suffix != ".py":
            continue
        path = home / file
        if not path.is_file():
            yield str(file)
            continue
        digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            yield str(file)
