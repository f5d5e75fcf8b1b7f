"""The compiled wheel says the same as Python, byte for byte; the ordinary one knows nothing of it."""

import fcntl
import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

from deploy.compiled.hook import INSTALL_COMPILER, MODULES, missing_tool
from tests.paths import ROOT

NAMES = [name.removesuffix(".py").replace("/", ".") for name in MODULES]
MISSING = missing_tool()
SWITCH = "HATCH_BUILD_HOOK_ENABLE_CUSTOM"

needs_compiler = pytest.mark.skipif(
    MISSING is not None, reason=INSTALL_COMPILER.format(missing=MISSING)
)


def build(target: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Build a wheel into a folder, as `make compiled` does."""
    inherited = {name: value for name, value in os.environ.items() if name != SWITCH}
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", target],
        cwd=ROOT,
        env=inherited | env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def made_here() -> list[str]:
    """Return what builds have left in the work tree, ours or anybody's."""
    left = [*ROOT.glob("build"), *ROOT.glob("dist/*")]
    for folder in ("topics", "state", "streams"):
        left += [*(ROOT / folder).rglob("*.c"), *(ROOT / folder).rglob("*.so")]
    return sorted(map(str, left))


def unpacked(wheel: Path) -> Path:
    return wheel.with_suffix("")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The compiled wheel, unpacked beside itself; without optimising, which takes four times as long.

    Workers of pytest-xdist share it: they are started by one process, whose number is in the name.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "compiled.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        target = folder / "compiled"
        if not target.exists():
            (folder / "compiled.before").write_text("\n".join(made_here()), encoding="utf-8")
            done = build(target, CFLAGS="-O0", **{SWITCH: "1"})
            assert done.returncode == 0, done.stderr
            (made,) = target.glob("*.whl")
            with zipfile.ZipFile(made) as packed:
                packed.extractall(unpacked(made))
    found: list[Path] = [*target.glob("*.whl")]
    assert len(found) == 1
    return found[0]


def python(first: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder whose modules come before those of the work tree."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=first,
        env=os.environ | {"PYTHONPATH": f"{first}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def played(first: Path) -> dict[str, Any]:
    done = python(first, "-m", "tests.deploy.compiled_runs", *NAMES)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_module_that_is_compiled_exists():
    assert [name for name in MODULES if not (ROOT / name).is_file()] == []
    assert len(set(MODULES)) == len(MODULES)


@needs_compiler
def test_compiled_runs_say_the_same_as_python(wheel):
    compiled, plain = played(unpacked(wheel)), played(ROOT)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    for name, source in zip(NAMES, MODULES, strict=True):
        beside = (unpacked(wheel) / source).with_suffix(suffix)
        assert Path(compiled["files"][name]) == beside
        assert Path(plain["files"][name]) == ROOT / source
    assert compiled["runs"] == plain["runs"]
    runs = plain["runs"]
    assert sum(run.get("steals", 0) for run in runs.values()) > 100
    assert sum(run.get("deleveraged", 0) for run in runs.values()) > 3, "nothing was brought down"


@needs_compiler
def test_the_compiled_wheel_is_for_this_machine_and_keeps_the_sources(wheel):
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert f"-{tag}-{tag}-" in wheel.name
    packed = set(zipfile.ZipFile(wheel).namelist())
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert {name for name in packed if name.endswith(suffix)} == {
        name.removesuffix(".py") + suffix for name in MODULES
    }
    assert set(MODULES) <= packed
    assert not [name for name in packed if name.endswith((".c", ".o"))]


@needs_compiler
def test_nothing_is_left_in_the_work_tree(wheel):
    """`build` and `dist` may be there from before: other targets of make write into them."""
    before = (wheel.parent.parent / "compiled.before").read_text(encoding="utf-8").splitlines()
    assert made_here() == before
    assert not [path for path in before if path.endswith((".c", ".so"))]


@needs_compiler
def test_a_bug_in_compiled_code_names_its_line(wheel):
    """A traceback is all that a user can send; `None` is no amount of dollars."""
    done = python(
        unpacked(wheel), "-c", "from state.rules.money import to_micros\nto_micros(None)\n"
    )
    assert done.returncode == 1
    lines = (ROOT / "state" / "rules" / "money.py").read_text().splitlines()
    start = next(n for n, line in enumerate(lines, 1) if line.startswith("def to_micros"))
    (named,) = [line for line in done.stderr.splitlines() if "state/rules/money.py" in line]
    number = int(named.split(", line ")[1].split(",")[0])
    assert start < number < start + 15
    assert "to_micros" in named
    assert lines[number - 1].strip() in done.stderr


def test_the_ordinary_wheel_is_plain_python(tmp_path):
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.glob("*.whl")
    assert made.name.endswith("-py3-none-any.whl")
    endings = {Path(name).suffix for name in zipfile.ZipFile(made).namelist()}
    assert not endings & {".so", ".pyd", ".c"}


def test_without_a_compiler_one_sentence_says_what_to_do(tmp_path):
    done = build(tmp_path, CC="no-such-compiler", **{SWITCH: "1"})
    assert done.returncode == 1
    said = INSTALL_COMPILER.format(missing='"no-such-compiler"')
    assert (done.stdout + done.stderr).strip() == said
    assert not [*tmp_path.glob("*.whl")]
