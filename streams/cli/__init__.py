"""The command line: `worksteal COMMAND`.

A user's mistake is one sentence on standard error and exit status 2; anything else is a bug and
keeps its traceback.  What a command was asked for goes to standard output, all else beside it.
"""

import logging
import sys
from collections.abc import Sequence
from importlib.metadata import version
from platform import python_version
from typing import Annotated, Any, NoReturn

import typer

from streams.ground.mistakes import Mistake

from .commands import MARKUP, CommandGroup

# The Kafka client's errors come back as ours; without a handler its lines would be printed beside
# them, whichever command is loaded.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())

app = typer.Typer(
    name="worksteal",
    cls=CommandGroup,
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        faust = version("faust-streaming")
        typer.echo(
            f"worksteal {version('worksteal')} (Python {python_version()}, faust-streaming {faust})"
        )
        raise typer.Exit


@app.callback()
def _app(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Moves scarce trading capital to the entry that is about to trade.

    Example: `worksteal backtest examples/market/coinbase-2018-04-04.csv`
    """


TYPING_MISTAKES: tuple[type[Any], ...] = typer.BadParameter.__bases__
"""What the option parser raises: an unknown option, a missing argument, a value out of range."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line: these words, or those that the process was started with.

    Always ends in `SystemExit`: 0, 1 where a check found something, 2 for a user's mistake.
    """
    words = None if argv is None else list(argv)
    try:
        sys.exit(app(words, prog_name="worksteal", standalone_mode=False) or 0)
    except Mistake as mistake:
        sentence, status = str(mistake), mistake.exit_status
    except TYPING_MISTAKES as mistake:
        sentence, status = _typing_mistake(mistake), 2
    if sentence:
        sys.stderr.write(f"worksteal: {_one_line(sentence)}\n")
    sys.exit(status)


def _typing_mistake(mistake: Any) -> str:
    """Say what was typed wrong, and where the right form stands.

    Nothing if no command was given at all: the help that was printed instead says it.
    """
    fault = str(mistake.format_message())
    if not fault or fault.endswith("?"):
        return fault
    command = mistake.ctx.command_path if mistake.ctx is not None else "worksteal"
    return f"{fault.rstrip('.')}; `{command} --help` shows what it takes."


def _one_line(sentence: str) -> str:
    line = " ".join(sentence.split())
    return line if line.endswith((".", "?")) else f"{line}."
