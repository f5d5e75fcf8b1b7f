"""The page of all commands, read off the command line itself."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from streams.cli import app

from .fields import Row, table

_INTRO = """\
# Command line

Every command as its own `--help` has it. `worksteal COMMAND --help` (or `-h`)
shows the same in a terminal; `worksteal --version` says which version this is.

What a command was asked for goes to standard output, all else (progress, remarks, logs) to standard
error. A user's mistake is one sentence and status 2; a traceback is a bug.

| exit status | meaning |
| --- | --- |
| 0 | done, or stopped as told |
| 1 | a difference was found or something was left (`verify`, `topics check`, `schema --check`, `doctor`, `dlq redrive`), or a worker ended itself: start it again |
| 2 | a mistake, or a state that a person must look at; one sentence says what to do |

Options of settings (`--bootstrap`, `--topic-prefix` and so on) stand over the environment, that over the
file of `--config`: [settings](settings.md).
"""

_HEAD = ("argument or option", "takes", "default", "meaning")


def command_line_page() -> str:
    """Render every command that does something, in the order of its name."""
    lines = _INTRO.splitlines()
    for name, command in sorted(_leaves(typer.main.get_command(app), "")):
        lines += ["", *_section(name, command)]
    return "\n".join([*lines, "", "Next: [index](../README.md)"]) + "\n"


def _leaves(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        if hasattr(command, "commands"):
            yield from _leaves(command, path)
        else:
            yield path, command


def _section(name: str, command: Any) -> list[str]:
    told = "\n".join(line.replace("  ", " ") for line in str(command.help).splitlines())
    text, _, example = told.partition("Example: ")
    lines = [f"## {name}", "", *text.strip().splitlines(), ""]
    rows = [_row(param) for param in command.params if not param.hidden and param.name != "help"]
    if rows:
        lines += [*table(_HEAD, rows), ""]
    return [*lines, f"Example: {example.strip()}"]


def _row(param: Any) -> Row:
    option = str(param.opts[0]).startswith("-")
    names = [*param.opts, *param.secondary_opts] if option else [_name(param)]
    told = " ".join(str(param.help or "").split())
    return (
        ", ".join(f"`{name}`" for name in names),
        _takes(param) if option else ("one or more" if param.nargs != 1 else ""),
        "must be there" if param.required else _default(param.default),
        told.replace("[default", "(default").replace("]", ")") if "[default" in told else told,
    )


def _name(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _takes(param: Any) -> str:
    if getattr(param, "is_flag", False):
        return ""
    least, most = getattr(param, "min", None), getattr(param, "max", None)
    bounds = ", ".join(
        f"{sign} {value:,.16g}" for sign, value in (("≥", least), ("≤", most)) if value is not None
    )
    name = _name(param) if param.metavar else "NUMBER" if bounds else "TEXT"
    return f"`{name}` {bounds}".strip()


def _default(value: Any) -> str:
    if value is None or value is False or value in ("", (), []):
        return ""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Path):
        value = value.as_posix()
    return "on" if value is True else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
