"""`worksteal venue`: where orders go when no broker is behind the desk."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from state.market.hours import exchange_sessions
from state.rules.policy import DEFAULT
from streams.ground.settings import Settings
from streams.venues import paper as paper_venue
from streams.venues.simulated.interest import Interest
from topics.catalogue import EXECUTION

from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .inputs import FeeRate

app = typer.Typer(
    help="Run a venue that answers the desk's commands.\n\n"
    "Example: `worksteal venue paper --account demo=10000`",
    no_args_is_help=True,
)

MS = 1000
"""Microseconds in a millisecond."""

BorrowRate = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=1.0,
        help="A year, charged at each close for borrowed stock capital; 0: nothing.",
    ),
]


@app.command("paper")
def paper(
    account: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=CASH",
            help="Open an account with so many dollars; may be repeated. [default: demo=10000]",
        ),
    ] = None,
    ack_delay_ms: Annotated[
        int, typer.Option(min=0, max=60_000, help="Every answer takes so long.")
    ] = 200,
    fee_rate: FeeRate = 0.001,
    funds_delay_ms: Annotated[
        int,
        typer.Option(min=0, max=600_000, help="A confirmed cancel's money is free so much later."),
    ] = 0,
    partial_fills: Annotated[
        bool, typer.Option("--partial-fills", help="Fill no more than a quote has on offer.")
    ] = False,
    snapshot_ms: Annotated[
        int, typer.Option(min=10, max=60_000, help="Show every account so often.")
    ] = 1000,
    hold_ms: Annotated[
        int,
        typer.Option(
            min=0,
            max=86_400_000,
            help="Close what a fill opened after so long, as a bot would; 0: leave it open.",
        ),
    ] = 0,
    borrow_rate: BorrowRate = DEFAULT.borrow_rate,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The venue's own folder. [default: DATA_DIR/venue]"),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Tell each second what was done.")
    ] = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
) -> None:
    """Trade many accounts on paper: take commands, fill by quotes, answer.

    It goes on where it stopped, however it was stopped.

    Example: `worksteal venue paper --account demo=10000 --ack-delay-ms 50`
    """
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    options = paper_venue.PaperOptions(
        fee_rate=fee_rate,
        ack_delay_us=ack_delay_ms * MS,
        funds_delay_us=funds_delay_ms * MS,
        snapshot_every_us=snapshot_ms * MS,
        partial_fills=partial_fills,
        hold_us=hold_ms * MS,
        interest=_interest(borrow_rate, settings),
    )
    accounts = paper_venue.read_accounts(account or ())
    with closing(paper_venue.Store(data_dir or settings.data_dir / "venue")) as store:
        venue = paper_venue.PaperVenue(
            store, options, accounts, topic=settings.topic(EXECUTION.name), say=_remark
        )
        report = _remark if verbose else None
        asyncio.run(paper_venue.run(venue, settings, typer.echo, _remark, report))


def _interest(rate: float, settings: Settings) -> Interest | None:
    """Return the terms for borrowed capital: New York's closes of the years that a worker knows."""
    if not rate:
        return None
    years = settings.calendar_years
    if years is None:
        now = datetime.now(UTC).year
        years = now - 1, now + 1
    return Interest(
        rate, DEFAULT.trading_days, exchange_sessions(*years).closes, DEFAULT.asset_class
    )


def _remark(line: str) -> None:
    typer.echo(line, err=True)
