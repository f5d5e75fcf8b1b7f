"""The page of rooms: every folder and file of the three packages in its own words."""

from pathlib import Path

from .layout import PACKAGES, ROOT, floors, says

_INTRO = """\
# Rooms

Every room of the three packages and every file in it, each in the first line of its own docstring.
A room imports only from floors below its own, and `topics ← state ← streams`: import-linter holds
it (`pyproject.toml`), and the floors here are read from that contract. [Internals](../internals.md)
explains how it hangs together.
"""


def rooms_page() -> str:
    """Render the rooms of each package from the top floor down."""
    lines = _INTRO.splitlines()
    for package in PACKAGES:
        lines += ["", f"## {package}", "", _says(ROOT / package)]
        for floor in floors(package):
            for room in floor:
                lines += _room(ROOT / package, room)
    return "\n".join([*lines, "", "Next: [durability](../durability.md)"]) + "\n"


def _room(package: Path, room: str) -> list[str]:
    """Return the lines of one room: a module by itself, or a folder with what lies in it."""
    file = package / f"{room}.py"
    if file.is_file():
        return ["", f"### {_name(file)}", "", _says(file)]
    folder = package / room
    lines = ["", f"### {_name(folder)}/", "", _says(folder), "", "| file | subject |", "|---|---|"]
    for path in sorted(folder.rglob("*.py")):
        if path.name != "__init__.py":
            inside = path.relative_to(folder).as_posix()
            lines.append(f"| `{inside}` | {_says(path)} |")
    return lines


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _says(path: Path) -> str:
    """Return the first line of a docstring, without what would end a table's cell."""
    inside = path.relative_to(ROOT)
    return says(inside.parent.as_posix(), inside.stem).replace("|", "\\|")
