"""Every command that does something, by the words that a user types."""

from collections.abc import Iterator
from typing import Any

import typer


def leaves(app: typer.Typer) -> Iterator[tuple[str, Any]]:
    """Yield name and command."""
    yield from _below(typer.main.get_command(app), "")


def _below(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        if hasattr(command, "commands"):
            yield from _below(command, path)
        else:
            yield path, command
