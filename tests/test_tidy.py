"""The style guide that runs: each rule is a function with its reason, and must catch its example.

A line that breaks the determinism rules for a good cause ends in `# det-ok: reason`.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

LAYERS = ("topics", "state", "streams")
"""Each may import itself and what stands before it."""
FUNCTIONAL_CORE = ("topics", "state")
BESIDE = ("deploy", "bench", "examples", "docs")
"""What is no layer, but read as often."""
CLIENT = "topics/client"
"""The subscribers' client lies with the messages it hands out, and is no part of the core."""

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
TRACKED_BYTES_MAX = 2 * 1024 * 1024

IMPURE_MODULES = frozenset(
    "aiokafka asyncio faust io logging multiprocessing os pathlib random secrets shutil signal "
    "socket subprocess sys tempfile threading time uuid".split()
)
IMPURE_CALLS = frozenset({"open", "input", "print", "hash", "id", "breakpoint"})
IMPURE_ATTRIBUTES = frozenset(
    "now utcnow today environ getenv urandom read_text read_bytes write_text write_bytes".split()
)
ORDERED_USES = frozenset("list tuple enumerate iter next zip map filter join extend".split())

Fault = tuple[int, str]
Rule = Callable[[ast.Module, str], Iterator[Fault]]


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tracked() -> list[Path]:
    """Return every file that is or would be committed; outside a work tree, all but what is made."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        inside = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        made = re.compile(r"(^|/)(\.|__pycache__/)|report\.html$")
        names = [path.as_posix() for path in inside if not made.search(path.as_posix())]
    else:
        names = listed.stdout.decode().split("\0")
    found = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    assert ROOT / "pyproject.toml" in found
    return found


# ---- the rules for one file ----


def impure(tree: ast.Module, text: str) -> Iterator[Fault]:
    """No clock, randomness, environment or files: the same journal must give the same bytes."""
    for line, module in imported(tree):
        if module.split(".")[0] in IMPURE_MODULES and not excused(text, line):
            yield line, f"{module} is not a function of the journal"
    for node in ast.walk(tree):
        found = None
        if isinstance(node, ast.Attribute) and node.attr in IMPURE_ATTRIBUTES:
            found = f".{node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found = f"{node.func.id}()" if node.func.id in IMPURE_CALLS else None
        if found and isinstance(node, ast.expr) and not excused(text, node.lineno):
            yield node.lineno, f"{found} is not a function of the journal"


def imported(tree: ast.Module) -> Iterator[Fault]:
    """Find every module that is imported by its absolute name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or ""


def set_order(tree: ast.Module, text: str) -> Iterator[Fault]:
    """Never walk a set: its order follows the hash seed, and order picks the victim."""
    names = set(set_names(tree))
    for node in ast.walk(tree):
        walked: list[ast.expr] = []
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            walked = [node.iter]
        elif isinstance(node, ast.Starred):
            walked = [node.value]
        elif isinstance(node, ast.Call):
            called = last_name(node.func)
            if called in ORDERED_USES:
                walked = node.args
            elif called == "pop" and not node.args and isinstance(node.func, ast.Attribute):
                walked = [node.func.value]
        for item in walked:
            if is_set(item, names) and not excused(text, item.lineno):
                yield item.lineno, "walks a set; sort it, or keep a dict or a list"


def set_names(tree: ast.Module) -> Iterator[str]:
    """Find the variables and attributes that this module binds to sets (by name, in any scope)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_set(node.value, set()):
            for target in node.targets:
                yield last_name(target)
        elif isinstance(node, ast.AnnAssign) and is_set_type(node.annotation):
            yield last_name(node.target)
        elif isinstance(node, ast.arg) and node.annotation and is_set_type(node.annotation):
            yield node.arg


def is_set(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in {"set", "frozenset"}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.BitXor):
        return is_set(node.left, names) or is_set(node.right, names)
    named = isinstance(node, ast.Name | ast.Attribute) and last_name(node) in names
    return named or isinstance(node, ast.Set | ast.SetComp)


def is_set_type(node: ast.expr) -> bool:
    base = node.value if isinstance(node, ast.Subscript) else node
    return last_name(base) in {"set", "frozenset", "Set", "AbstractSet", "MutableSet"}


def last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def undocumented(tree: ast.Module, text: str) -> Iterator[Fault]:
    """Each module says why it exists; one that cannot has no reason to."""
    if not ast.get_docstring(tree):
        yield 1, "has no docstring"


def long_file(tree: ast.Module, text: str) -> Iterator[Fault]:
    """A file that long has more than one subject."""
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield FILE_LINES_MAX, f"has {lines} lines, more than {FILE_LINES_MAX}"


def long_function(tree: ast.Module, text: str) -> Iterator[Fault]:
    """A function that does not fit the screen is not read as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield node.lineno, f"{node.name} has {lines} lines, more than {FUNCTION_LINES_MAX}"


def upward(layer: str) -> Rule:
    """Build the rule of one layer; import-linter checks the same, this one needs no installation."""

    def rule(tree: ast.Module, text: str) -> Iterator[Fault]:
        """The core must not know what runs it, or it can no longer be run without it."""
        above = LAYERS[LAYERS.index(layer) + 1 :]
        for line, module in imported(tree):
            if module.split(".")[0] in above:
                yield line, f"{layer} imports {module}"

    return rule


def client(tree: ast.Module, text: str) -> Iterator[Fault]:
    """The core must not be led to input and output by the one folder of it that has some."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # A relative import is meant from the folder `topics`; elsewhere there is no `client`.
            package = ".".join(filter(None, ("topics" if node.level else "", node.module)))
            names = [package, *(f"{package}.{alias.name}" for alias in node.names)]
        else:
            continue
        if any(re.match(r"topics\.client\b", name) for name in names):
            yield node.lineno, "imports the subscribers' client"


def excused(text: str, line: int) -> bool:
    return re.search(r"# det-ok: \w+", text.splitlines()[line - 1]) is not None


NOT_OF_THE_CLIENT: tuple[Rule, ...] = (impure,)
"""Rules of the core that do not hold for the client."""


# ---- applied to this repository ----


def faults(rule: Rule, *folders: str) -> list[str]:
    found = []
    for path in sources(*folders):
        if rule in NOT_OF_THE_CLIENT and path.is_relative_to(ROOT / CLIENT):
            continue
        text = path.read_text(encoding="utf-8")
        for line, fault in rule(ast.parse(text), text):
            found.append(f"{path.relative_to(ROOT)}:{line}: {fault}")
    return found


@pytest.mark.parametrize(
    ("rule", "folders"),
    [
        (impure, FUNCTIONAL_CORE),
        (client, FUNCTIONAL_CORE),
        (set_order, ("state",)),
        (undocumented, (*LAYERS, *BESIDE, "tests")),
        (long_file, (*LAYERS, *BESIDE)),
        (long_function, (*LAYERS, *BESIDE)),
        (upward("topics"), ("topics",)),
        (upward("state"), ("state",)),
    ],
    ids="impure client set_order undocumented long_file long_function topics_up state_up".split(),
)
def test_sources_keep_the_rule(rule: Rule, folders: tuple[str, ...]):
    assert sources(folders[0])
    assert not faults(rule, *folders), rule.__doc__


def test_the_exception_is_the_client_and_it_needs_to_be_one():
    for rule in NOT_OF_THE_CLIENT:
        assert any(
            list(rule(ast.parse(path.read_text("utf-8")), path.read_text("utf-8")))
            for path in sources(CLIENT)
        )


def test_tracked_files_are_small():
    """Every clone carries every byte for ever."""
    big = [path for path in tracked() if path.stat().st_size > TRACKED_BYTES_MAX]
    assert not big


def test_tracked_files_name_no_registry_host():
    """Where packages come from is the machine's business; a lock that names it fails elsewhere."""
    # Written in halves, for this file is tracked too.
    hosts = [
        "py" + "pi.org",
        "python" + "hosted.org",
        "registry." + "npmjs",
        "crates" + ".io",
        "repo." + "maven.apache",
        "repo1." + "maven",
        "proxy." + "golang",
        "deb." + "debian",
    ]
    found = []
    for path in tracked():
        text = path.read_bytes().lower()
        found += [(str(path.relative_to(ROOT)), host) for host in hosts if host.encode() in text]
    assert not found


# ---- each rule catches what it is for ----


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (impure, "import time"),
        (impure, "import os.path as p"),
        (impure, "from random import choice"),
        (impure, "from datetime import datetime\ndatetime.now()"),
        (impure, "datetime.utcnow()"),
        (impure, "date.today()"),
        (impure, "open('x')"),
        (impure, "hash('x')"),
        (impure, "import time  # det-ok:"),
        (set_order, "for x in {1, 2}: pass"),
        (set_order, "[x for x in set(y)]"),
        (set_order, "list(frozenset(y))"),
        (set_order, "seen = set()\nfor x in seen: pass"),
        (set_order, "class A:\n    held: set[str]\n    def f(self): return [*self.held]"),
        (set_order, "def f(held: set[str]): return held.pop()"),
        (set_order, "for x in a | {1}: pass"),
        (set_order, "','.join({'a', 'b'})"),
        (undocumented, "x = 1"),
        (long_file, "x = 1\n" * (FILE_LINES_MAX + 1)),
        (long_function, "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX),
        (upward("topics"), "import state.desk"),
        (upward("topics"), "from streams import cli"),
        (upward("state"), "from streams.cli import main"),
        (client, "import topics.client"),
        (client, "import topics.client.fake"),
        (client, "from topics import client"),
        (client, "from topics.client.marks import Marks"),
        (client, "from . import client"),
        (client, "from .client import subscribe"),
    ],
)
def test_rule_catches(rule: Rule, source: str):
    assert list(rule(ast.parse(source), source))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (impure, "from . import time"),
        (impure, "self.id(order)"),
        (impure, "import sys  # det-ok: interns strings only"),
        (set_order, "for x in sorted({1, 2}): pass"),
        (set_order, "seen = set()\nif x in seen: pass"),
        (set_order, "for x in {'a': 1}: pass"),
        (set_order, "for x in set(y): total += x  # det-ok: addition of ints has no order"),
        (undocumented, '"""Why."""'),
        (long_file, "x = 1\n" * FILE_LINES_MAX),
        (long_function, "def f():\n" + "    x = 1\n" * (FUNCTION_LINES_MAX - 1)),
        (upward("topics"), "from . import state"),
        (upward("state"), "from topics.events import Fill"),
        (client, "from .clients import subscribe"),
        (client, "from topics.facts import Fact"),
    ],
)
def test_rule_allows(rule: Rule, source: str):
    assert not list(rule(ast.parse(source), source))
