"""Installing is the same on any day: the Makefile's own lines, with an index that has moved on.

The index is a folder of tiny wheels.  `asks` asks for an extra of `gives`, as pytest-cov does of
coverage; the lock has the first release of both, and the index has a newer one of each since.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.paths import ROOT

pytestmark = pytest.mark.slow

BACKEND = '''
"""Installs a project in place without a build backend from anywhere."""

import os, zipfile
from pathlib import Path


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "worksteal-1-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("worksteal.pth", os.getcwd())
        info = "worksteal-1.dist-info/"
        metadata = "Metadata-Version: 2.1\\nName: worksteal\\nVersion: 1\\nRequires-Dist: {asked}\\n"
        wheel.writestr(info + "METADATA", metadata)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\nRoot-Is-Purelib: true\\n")
        wheel.writestr(info + "RECORD", "")
    return name
'''


def add_wheel(index: Path, name: str, version: str, *needs: str, extras: str = "") -> str:
    """Put a release into the index, and return its line of a lock."""
    info = f"{name}-{version}.dist-info"
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {need}" for need in needs)]
    lines += [f"Provides-Extra: {extras}"] if extras else []
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": "\n".join(["Metadata-Version: 2.1", *lines, ""]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},{digest(text.encode())},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    path = index / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in files.items():
            wheel.writestr(inside, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


class Clone:
    """A folder with the Makefile as it stands here, and a project that asks for little."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.index = folder / "clone", folder / "index"
        self.index.mkdir(parents=True)
        (self.folder / "bench" / "peers").mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", self.folder)
        lock = add_wheel(self.index, "asks", "1.0", "gives[extra]>=1.0")
        lock += add_wheel(self.index, "gives", "1.0", 'more; extra=="extra"', extras="extra")
        self.lock(lock + add_wheel(self.index, "more", "1.0"))
        self.project("asks>=1.0")

    def lock(self, text: str) -> None:
        (self.folder / "requirements.lock").write_text(text)
        (self.folder / "bench" / "peers" / "requirements.txt").write_text(text)

    def project(self, asked: str) -> None:
        (self.folder / "backend.py").write_text(BACKEND.replace("{asked}", asked))
        (self.folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "worksteal"\nversion = "1"\ndynamic = ["dependencies"]\n'
        )

    def make(self, target: str) -> subprocess.CompletedProcess[str]:
        """Run one target with this index and no other."""
        told = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index), "PIP_NO_CACHE_DIR": "1"}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["make", target],
            cwd=self.folder,
            env={**os.environ, **told, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def installed(self, home: str = ".venv") -> dict[str, str]:
        """Return the packages of an environment with their versions."""
        listed = subprocess.run(
            [self.folder / home / "bin" / "python", "-m", "pip", "list", "--format=json"],
            capture_output=True,
            check=True,
            timeout=60,
        )
        found = {one["name"]: one["version"] for one in json.loads(listed.stdout)}
        return {name: found[name] for name in found.keys() - {"pip", "setuptools", "worksteal"}}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


LOCKED = {"asks": "1.0", "gives": "1.0", "more": "1.0"}


@pytest.mark.parametrize(
    ("target", "home"),
    [
        ("setup", ".venv"),
        (".venv-compiled/.locked", ".venv-compiled"),
        (".venv-peers/.ready", ".venv-peers"),
    ],
)
def test_a_newer_release_changes_nothing(clone: Clone, target: str, home: str):
    add_wheel(clone.index, "gives", "2.0", 'more; extra=="extra"', extras="extra")
    add_wheel(clone.index, "asks", "2.0", "gives[extra]>=2.0")
    done = clone.make(target)
    assert done.returncode == 0, done.stderr
    assert clone.installed(home) == LOCKED


def test_what_does_not_belong_together_is_refused_by_name(clone: Clone):
    clone.project("asks>=3")
    done = clone.make("setup")
    assert done.returncode == 2
    assert "worksteal 1 has requirement asks>=3, but you have asks 1.0." in done.stdout
    assert clone.make("setup").returncode == 2, "the second time it must not pass for done"


def test_another_lock_is_installed_anew_and_nothing_stays_of_the_old_one(clone: Clone):
    assert clone.make("setup").returncode == 0
    clone.lock(add_wheel(clone.index, "asks", "1.1"))
    done = clone.make("setup")
    assert done.returncode == 0, done.stderr
    assert clone.installed() == {"asks": "1.1"}


def test_a_lock_that_only_looks_newer_costs_nothing(clone: Clone):
    assert clone.make("setup").returncode == 0
    lock = clone.folder / "requirements.lock"
    stamp = (clone.folder / ".venv" / ".ready").stat().st_mtime
    os.utime(lock, (stamp + 10, stamp + 10))
    done = clone.make("setup")
    assert done.returncode == 0
    assert "installs requirements.lock" not in done.stdout


def test_a_download_that_is_not_the_locked_one_is_refused(clone: Clone):
    add_wheel(clone.index, "more", "1.0", "gives")
    done = clone.make("setup")
    assert done.returncode == 2
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_every_environment_of_ours_is_installed_without_a_resolver():
    """Wherever a lock is named, pip may not choose; tests/deploy/test_compose.py looks at the image."""
    for path in [ROOT / "Makefile", ROOT / "deploy" / "client" / "README.md"]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if " -r " in line and "pip" in line:
                assert "--no-deps --require-hashes" in line, (path.name, line)
