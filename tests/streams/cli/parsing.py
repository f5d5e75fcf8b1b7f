"""Whether the command line takes some words, without doing what they ask for."""

from collections.abc import Sequence
from typing import Any

from typer.main import get_command

from streams.cli import app


def parsed(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the command that these words name, and its options' values.

    `words` stand after `worksteal`.  Raises what the parser raises for an unknown command or option,
    a missing argument, or a value of the wrong type.
    """
    command: Any = get_command(app)
    context = command.make_context("worksteal", list(words))
    while hasattr(command, "resolve_command"):
        left = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, left)
        context = command.make_context(name, rest, parent=context)
    return context.command_path.removeprefix("worksteal "), dict(context.params)
