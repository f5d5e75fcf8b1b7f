"""Nothing stands in the packages that only tests use, or nobody: a check of all files at once.

A name counts as used where the program, its examples, its benchmarks or a code block of the docs
says it.  That a module says it of itself only inside its own definition does not count, nor does
the list of a package's face.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeGuard

from tests.paths import ROOT

PACKAGES = ("topics", "state", "streams")
BESIDE = ("bench", "deploy", "docs", "examples")

CALLED_BY_OTHERS = {
    # Faust and its parts call these on what is theirs.
    *("_build_highwaters", "_build_offsets", "_new_consumer_thread", "_new_store"),
    *("_new_transport", "assign_partitions", "on_start"),
    # aiohttp's protocol, typer's group, pydantic-settings' model.
    *("connection_lost", "list_commands", "settings_customise_sources"),
    # A subscriber's own tests make these happen to the broker in memory.
    *("delete_before", "rebalance"),
}

QUIET_DECORATORS = frozenset(
    "asynccontextmanager cache cached_property classmethod contextmanager dataclass final lru_cache "
    "overload property runtime_checkable staticmethod total_ordering".split()
)
"""Any other decorator may hand a function to somebody, as typer's and pydantic's do."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def handed_over(node: Definition) -> bool:
    named = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
    return any(
        getattr(one, "attr", getattr(one, "id", "")) not in QUIET_DECORATORS for one in named
    )


def is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def defined(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Yield name, line, and whether it is a method, of what a module defines."""
    for node in tree.body:
        if isinstance(node, DEFINITIONS) and not handed_over(node):
            yield node.name, node.lineno, False
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, DEFINITIONS) and not handed_over(inner):
                    yield inner.name, inner.lineno, True
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for inside in (one for target in targets for one in ast.walk(target)):
                if isinstance(inside, ast.Name):
                    yield inside.id, node.lineno, False


def is_face(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        for node in tree.body
    )


def said_at(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yield each name that is read, with the top-level definition that it is read in."""
    for top in tree.body:
        where = getattr(top, "name", None)
        for node in ast.walk(top):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id, where
            elif is_annotation(node) and not is_face_list(top):
                yield from ((word, where) for word in re.findall(r"\w+", str(node.value)))


def is_annotation(node: ast.AST) -> TypeGuard[ast.Constant]:
    """Tell whether a node is a text that may be a type in quotes."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[\w.\[\], |]+", node.value) is not None
    )


def is_face_list(top: ast.stmt) -> bool:
    return isinstance(top, ast.Assign) and getattr(top.targets[0], "id", "") == "__all__"


def said_anywhere(tree: ast.Module) -> Iterator[str]:
    """Yield what a module says of others: imports, attributes, keywords, names in quotes."""
    face = is_face(tree)
    for top in tree.body:
        for node in ast.walk(top):
            if isinstance(node, ast.ImportFrom) and not face:
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.keyword) and node.arg:
                yield node.arg
            elif isinstance(node, ast.MatchClass):
                yield from node.kwd_attrs
            elif isinstance(node, ast.Constant) and not is_face_list(top):
                if isinstance(node.value, str) and node.value.isidentifier():
                    yield node.value
            elif face and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id


def unused(module: ast.Module, everywhere: set[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name of what nobody uses."""
    own: dict[str, set[str | None]] = {}
    for name, where in said_at(module):
        own.setdefault(name, set()).add(where)
    for name, line, is_method in defined(module):
        elsewhere = not is_method and own.get(name, set()) - {name}
        excused = is_dunder(name) or name in CALLED_BY_OTHERS
        if name not in everywhere and not elsewhere and not excused:
            yield line, name


def words(paths: Iterable[Path], form: str) -> Iterator[str]:
    for path in paths:
        for block in re.findall(form, path.read_text(encoding="utf-8"), re.DOTALL):
            yield from re.findall(r"\w+", block)


def modules(*folders: str) -> dict[Path, ast.Module]:
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def test_what_the_packages_define_is_used_by_the_program():
    packages = modules(*PACKAGES)
    everywhere: set[str] = set()
    for tree in [*packages.values(), *modules(*BESIDE).values()]:
        everywhere |= set(said_anywhere(tree))
    pages = [path for folder in (".", "docs", *BESIDE) for path in (ROOT / folder).glob("**/*.md")
             if ".venv" not in path.parts]  # fmt: skip
    everywhere |= set(words(pages, r"```python\n(.*?)```"))
    everywhere |= set(words((ROOT / "streams").rglob("*.j2"), r".+"))
    everywhere |= set(words([ROOT / "pyproject.toml"], r"[:.]\w+\""))
    faults = [
        f"{path.relative_to(ROOT)}:{line}: nobody but a test uses {name}"
        for path, tree in packages.items()
        for line, name in unused(tree, everywhere)
    ]
    assert not faults, "\n".join(faults)


def test_the_exceptions_are_still_there():
    found = {name for tree in modules(*PACKAGES).values() for name, *_ in defined(tree)}
    assert found >= CALLED_BY_OTHERS


def test_it_finds_what_nobody_uses():
    source = """
DEAD = 1
ALIVE = 2
def again(): return again()
def helper(): return ALIVE
class Thing:
    def used(self): return helper()
    def left(self): return self.used()
@app.command()
def command(): ...
"""
    tree = ast.parse(source)
    found = {name for _, name in unused(tree, set(said_anywhere(tree)))}
    assert found == {"DEAD", "again", "Thing", "left"}


def test_the_list_of_a_face_is_no_use():
    face = ast.parse('from .rooms import hall, stairs\n__all__ = ["hall", "stairs"]\nhall()')
    assert set(said_anywhere(face)) == {"hall"}


def test_no_two_classes_of_the_packages_have_one_name():
    """Whoever reads a class's name in one room should not think of another's."""
    homes: dict[str, list[str]] = {}
    for path, tree in modules(*PACKAGES).items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    twice = {name: where for name, where in homes.items() if len(where) > 1}
    assert not twice, twice
