"""The rooms as the import contracts in pyproject.toml have them: floors from the top down."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("streams", "state", "topics")


def floors(package: str) -> list[list[str]]:
    """Return the rooms of a package by floor; a room imports only what stands on floors below it.

    Raises `LookupError` if pyproject.toml has no layers contract for the package.
    """
    for contract in _contracts():
        if contract["type"] == "layers" and contract.get("containers") == [package]:
            return [
                [room.strip(" ()") for room in layer.replace("|", ":").split(":")]
                for layer in contract["layers"]
            ]
    raise LookupError(f"pyproject.toml has no layers contract whose container is {package}")


def _contracts() -> list[dict[str, list[str] | str]]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found: list[dict[str, list[str] | str]] = tomllib.loads(text)["tool"]["importlinter"][
        "contracts"
    ]
    return found


def says(package: str, room: str) -> str:
    """Return the first line of a room's docstring."""
    path = ROOT / package / room
    file = path / "__init__.py" if path.is_dir() else path.with_name(f"{room}.py")
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return said.split("\n\n")[0].replace("\n", " ")
