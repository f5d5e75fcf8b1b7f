"""The commands by name: each is imported when it is called, or when all are listed.

Importing every command costs more than a second of processor time, most of it for libraries that the
command which was typed does not use.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

MARKUP: Literal["markdown"] = "markdown"
"""How docstrings become help."""

COMMANDS = {
    "backtest": "backtest",
    "doctor": "doctor",
    "explain": "explain",
    "feed": "feed",
    "optimize": "optimize_command",
    "page": "page",
    "record": "record",
    "replay": "replay",
    "schema": "schema",
    "state": "state",
    "tail": "tail",
    "verify": "verify",
    "worker": "worker",
    "config": "app",
    "dlq": "app",
    "policy": "app",
    "topics": "app",
    "venue": "app",
}
"""What each module of this folder calls its command (or group), in the order of the help."""


class CommandGroup(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Loaded()

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """Return the names, without importing what they name."""
        return list(self.commands)


class _Loaded(MutableMapping[str, Any]):
    """The commands of `COMMANDS`, imported as they are asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, TyperCommand | TyperGroup] = {}

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        if name not in self._loaded:
            self._loaded[name] = _load(name, COMMANDS[name])
        return self._loaded[name]

    def __setitem__(self, name: str, command: TyperCommand | TyperGroup) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        raise TypeError("commands stay")

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _load(name: str, attribute: str) -> Any:
    """Import a command and make of it what the parser knows."""
    imported = getattr(import_module(f"{__package__}.{name}"), attribute)
    holder = typer.Typer(rich_markup_mode=MARKUP)
    if isinstance(imported, typer.Typer):
        holder.add_typer(imported, name=name)
    else:
        holder.command(name)(imported)
    return get_group(holder).commands[name]
