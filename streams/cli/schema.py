"""`worksteal schema`: what is said on the wire, for programs in any language."""

from pathlib import Path
from typing import Annotated

import typer

from streams.schema import FOLDER, broken, stale, write


def schema(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the files are or shall be.")
    ] = FOLDER,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit status 1 if a file differs.")
    ] = False,
) -> None:
    """Write the AsyncAPI document and a JSON Schema for each message.

    Example: `worksteal schema --out schema`
    """
    if not check:
        typer.echo(f"{write(out)} files in {out}")
        return
    problems = broken(out) or [
        f"{path} is not as the code has it: run `worksteal schema --out {out}`."
        for path in stale(out)
    ]
    for problem in problems:
        typer.echo(f"worksteal: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{out} is as the code has it")
