"""An account's name as commands take it: one that may stand on the wire."""

import re
from typing import Annotated

import typer

from topics.limits import ID_PATTERN

from .inputs import UsageError

Account = Annotated[str, typer.Option("--account", metavar="NAME", help="Whose entries these are.")]


def read_account(name: str) -> str:
    """Return the name; raises `UsageError` if no record could carry it."""
    if re.match(ID_PATTERN, name) is None:
        raise UsageError(
            f"--account {name!r}: an account has 1 to 64 of the characters A-Z a-z 0-9 . _ : / @ + -"
            " and begins with a letter or digit; choose another name."
        )
    return name
