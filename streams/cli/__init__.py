"""The command line: `worksteal COMMAND`.

A user's mistake is one sentence on standard error and exit status 2; anything else is a bug and
keeps its traceback.  What a command was asked for goes to standard output, all else beside it.
"""

import sys

import typer

from streams.backtest.market import MarketError
from streams.report import ReportError
from streams.strategies import StrategyError

from . import backtest, explain, policy
from .inputs import UsageError

app = typer.Typer(
    name="worksteal",
    help="Moves scarce trading capital to the entry that is about to trade.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("backtest")(backtest.backtest)
app.command("explain")(explain.explain)
app.add_typer(policy.app, name="policy")

MISTAKES = (MarketError, ReportError, StrategyError, UsageError)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except MISTAKES as mistake:
        sys.stderr.write(f"worksteal: {mistake}\n")
        sys.exit(2)
    except BrokenPipeError:
        # The reader of a pipe went away (`… | head`): nobody is left to tell.
        sys.stderr.close()
        sys.exit(1)
