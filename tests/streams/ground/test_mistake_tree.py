"""The tree of mistakes that is drawn for the reader is the one that the code has."""

import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest

import streams
from streams.ground import mistakes
from streams.ground.mistakes import Mistake

DRAWN = re.compile(r"^ {4}(?P<branch>[│├└ ]*(?:── )?)(?P<name>\w+(?:Error)?) {2,}\S", re.MULTILINE)


def import_everything() -> None:
    for module in pkgutil.walk_packages(streams.__path__, "streams."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def tree(kind: type[Mistake], depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, kind.__name__
    for child in sorted(kind.__subclasses__(), key=lambda one: one.__name__):
        if child.__module__.startswith("streams."):
            yield from tree(child, depth + 1)


def test_the_tree_is_drawn_as_it_is():
    import_everything()
    drawn = [
        (len(found["branch"]) // 4, found["name"])
        for found in DRAWN.finditer(mistakes.__doc__ or "")
    ]
    assert drawn == list(tree(Mistake))


@pytest.mark.parametrize(
    ("error", "status", "traceback"),
    [
        ("streams.journal.standing.claims.ClaimsError", 2, False),
        ("streams.journal.standing.claims.FencedError", 1, False),
        ("builtins.ValueError", 1, True),
    ],
)
def test_a_worker_ends_with_the_status_of_its_error(error, status, traceback):
    module, _, name = error.rpartition(".")
    program = f"from {module} import {name}\nfrom streams.worker import die\ndie({name}('the why'))"
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == status
    assert "the why" in done.stderr
    assert ("ValueError" in done.stderr) is traceback
