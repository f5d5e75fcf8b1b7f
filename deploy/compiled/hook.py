"""Builds a wheel whose busiest modules are compiled by Cython, when hatchling is asked for one.

    HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 python -m hatchling build --target wheel      (see: make compiled)

Without that switch nothing here is loaded, and the wheel and the editable install are plain Python.
The sources are compiled as they stand, in a temporary folder, and stay in the wheel beside what was
made of them: Python prefers the extension module, and a traceback finds its lines in the `.py` file.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES = (
    *(
        f"state/{room}{name}.py"
        for room, names in (
            ("", "desk"),
            ("handlers/", "answers reminders requests upkeep"),
            ("stealing/", "attempt ladder settling starting"),
            ("overnight/", "closing"),
            (
                "dealing/",
                "accounts board clock entries look outbox placing policies timers waiting",
            ),
            ("market/", "triggers"),
            ("books/", "capacity invariants"),
            ("rules/", "cooldowns fights money ranks victims"),
        )
        for name in names.split()
    ),
    *(
        f"streams/lab/backtest/{name}.py"
        for name in "checker engine exchange frames seat tally".split()
    ),
)
"""What is compiled: the path of a decision and the backtest around it.

Modules of pydantic models and msgspec structs are not among them: those libraries read the
annotations of classes that Python itself has made.
"""

DIRECTIVES = {
    "annotation_typing": False,  # annotations are mypy's, not a promise of C types
    "binding": True,  # functions look like Python's: signatures, pickling
    "language_level": 3,
}

INSTALL_COMPILER = (
    "The compiled build needs a C compiler and Python's header files, and {missing} is missing: "
    "install them (Debian: apt install gcc python3-dev; macOS: xcode-select --install), or use "
    "worksteal uncompiled."
)


def missing_tool() -> str | None:
    """Return what a C extension cannot be built without here and is not there; None if all is."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC")
    if compiler and shutil.which(compiler.split()[0]) is None:
        return f'"{compiler.split()[0]}"'
    header = Path(sysconfig.get_path("include"), "Python.h")
    return None if header.exists() else f'"{header}"'


def compiler_flags() -> list[str]:
    """Return Python's own flags, then the user's, then what the same bytes and a quiet build ask for.

    They are written out because setuptools takes `CFLAGS` in the place of Python's own.
    """
    python = (sysconfig.get_config_var("CFLAGS") or "").split()
    exact = "-ffp-contract=off"  # a product and a sum in one rounding would be another float
    quiet = "-w"  # the compiler warns of what Cython writes, and nobody here writes C
    return [*python, "-g0", *os.environ.get("CFLAGS", "").split(), exact, quiet]


def compile_modules(root: Path, folder: Path) -> dict[str, str]:
    """Compile `MODULES` of the project at `root` in a folder outside it.

    Returns where each extension module is, and its place in the wheel.  Raises
    `subprocess.CalledProcessError` if Cython or the compiler fails; they say themselves why.
    """
    for name in MODULES:
        for source in (Path(name), *(up / "__init__.py" for up in Path(name).parents[:-1])):
            (folder / source.parent).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / source, folder / source)
    settings = [word for key, value in DIRECTIVES.items() for word in ("-X", f"{key}={value}")]
    command = [sys.executable, "-m", "Cython.Build.Cythonize", "--inplace", "--quiet"]
    jobs = ["--parallel", str(os.cpu_count() or 1)]
    env = os.environ | {"CFLAGS": " ".join(compiler_flags())}
    subprocess.run([*command, *jobs, *settings, *MODULES], cwd=folder, env=env, check=True)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    made = [Path(name).with_suffix(suffix) for name in MODULES]
    return {str(folder / one): one.as_posix() for one in made}


class CompiledModules(BuildHookInterface[BuilderConfig]):
    """Puts the extension modules into the wheel, and the machine that they are for in its name."""

    _folder: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is packed; an editable one is left as it is."""
        if self.target_name != "wheel" or version == "editable":
            return
        missing = missing_tool()
        if missing is not None:
            self.app.abort(INSTALL_COMPILER.format(missing=missing))
        self._folder = tempfile.TemporaryDirectory(prefix="worksteal-compiled-")
        made = compile_modules(Path(self.root), Path(self._folder.name))
        build_data["force_include"].update(made)
        build_data["infer_tag"] = True
        build_data["pure_python"] = False

    def finalize(
        self,
        version: str,  # noqa: ARG002
        build_data: dict[str, Any],  # noqa: ARG002
        artifact_path: str,  # noqa: ARG002
    ) -> None:
        """Remove what was compiled, which is in the wheel now."""
        if self._folder is not None:
            self._folder.cleanup()
