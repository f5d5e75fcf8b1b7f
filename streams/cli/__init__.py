"""The command line: `worksteal COMMAND`.

A user's mistake is one sentence on standard error and exit status 2; anything else is a bug and
keeps its traceback.  What a command was asked for goes to standard output, all else beside it.
"""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer

from streams.audit.recording.errors import ReplayError
from streams.ground.kafka import BrokerError
from streams.ground.settings import SettingsError
from streams.lab.compare import CompareError
from streams.lab.optimize import OptimizeError
from streams.lab.report import ReportError
from streams.market import MarketError
from streams.observe.dead_letters.errors import DeadLetterError
from streams.observe.pages.errors import WebError
from streams.observe.tail import TailError
from streams.schema import SchemaError
from streams.strategies import StrategyError
from streams.venues.paper import PaperError

from . import (
    backtest,
    config,
    dlq,
    doctor,
    explain,
    feed,
    optimize,
    page,
    policy,
    record,
    replay,
    schema,
    state,
    tail,
    topics,
    venue,
    verify,
    worker,
)
from .inputs import UsageError

app = typer.Typer(
    name="worksteal",
    help="Moves scarce trading capital to the entry that is about to trade.\n\n"
    "Example: `worksteal backtest examples/market/coinbase-2018-04-04.csv`",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("backtest")(backtest.backtest)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.command("feed")(feed.feed)
app.command("optimize")(optimize.optimize_command)
app.command("page")(page.page)
app.command("record")(record.record)
app.command("replay")(replay.replay)
app.command("schema")(schema.schema)
app.command("state")(state.state)
app.command("tail")(tail.tail)
app.command("verify")(verify.verify)
app.command("worker")(worker.worker)
app.add_typer(config.app, name="config")
app.add_typer(dlq.app, name="dlq")
app.add_typer(policy.app, name="policy")
app.add_typer(topics.app, name="topics")
app.add_typer(venue.app, name="venue")

MISTAKES = (
    BrokerError,
    CompareError,
    DeadLetterError,
    MarketError,
    OptimizeError,
    PaperError,
    ReplayError,
    ReportError,
    SchemaError,
    SettingsError,
    StrategyError,
    TailError,
    UsageError,
    WebError,
)

TYPING_MISTAKES: tuple[type[Any], ...] = typer.BadParameter.__bases__
"""What the option parser raises: an unknown option, a missing argument, a value out of range."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line: these words, or those that the process was started with.

    Always ends in `SystemExit`: 0, 1 where a check found something, 2 for a user's mistake.
    """
    words = None if argv is None else list(argv)
    try:
        sys.exit(app(words, prog_name="worksteal", standalone_mode=False) or 0)
    except MISTAKES as mistake:
        told = str(mistake)
    except TYPING_MISTAKES as mistake:
        told = _typing_mistake(mistake)
    if told:
        sys.stderr.write(f"worksteal: {_sentence(told)}\n")
    sys.exit(2)


def _typing_mistake(mistake: Any) -> str:
    """Say what was typed wrong, and where the right form stands.

    Nothing if no command was given at all: the help that was printed instead says it.
    """
    told = str(mistake.format_message())
    if not told or told.endswith("?"):
        return told
    command = mistake.ctx.command_path if mistake.ctx is not None else "worksteal"
    return f"{told.rstrip('.')}; `{command} --help` shows what it takes."


def _sentence(told: str) -> str:
    line = " ".join(told.split())
    return line if line.endswith((".", "?")) else f"{line}."
