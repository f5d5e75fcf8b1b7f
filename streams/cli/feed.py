"""`worksteal feed`: publishes market data and a strategy's entries, as their producers would."""

import asyncio
import math
import signal
from dataclasses import replace
from typing import Annotated

import typer

from streams.feeds.file.run import FeedOptions, FileFeed
from streams.feeds.file.session import Published, run_feed
from streams.ground.settings import Settings
from streams.market import Market, read_columns, read_market

from .account import Account, read_account
from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .inputs import (
    AUTO,
    Columns,
    Files,
    PositionSize,
    StrategyName,
    UsageError,
    make_strategy,
    messages,
)
from .progress import quotes_progress

MAX = "max"
SPEED_MAX = 1e9


def feed(
    files: Files,
    speed: Annotated[
        str,
        typer.Option(
            metavar="N|max",
            help="Seconds of the file that pass in one second; max: as fast as the broker takes"
            " records, and then entries end by the desk's rule and not by the strategy's.",
        ),
    ] = "60",
    account: Account = "demo",
    position: PositionSize = 3_500.0,
    strategy: StrategyName = AUTO,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after so many quotes.")
    ] = None,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    config: Config = None,
    columns: Columns = None,
) -> None:
    """Publish market data to `quotes`, and a strategy's entries and forecasts, at the file's pace.

    Every record carries the time of its publication.  Exits are not sent: a bot sends them to the
    venue itself.  Ctrl-C and SIGTERM end it cleanly.

    Example: `worksteal feed examples/market/coinbase-2018-04-04.csv --speed max`
    """
    options = FeedOptions(read_account(account), read_speed(speed))
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix
    )
    market = read_market(files, [read_columns(path) for path in columns or ()])
    made = make_strategy(strategy, market, position)
    if limit is not None:
        market = first_quotes(market, limit)
    with quotes_progress() as progress:
        task = progress.add_task("published", total=len(market.quotes))
        run = FileFeed(
            market,
            made,
            settings,
            options,
            remark=lambda told: messages.print(told, markup=False, soft_wrap=True),
            progress=lambda count: progress.advance(task, count),
        )
        done = asyncio.run(_until_signal(run, settings, options.account))
    counts = ", ".join(f"{count} {name}" for name, count in done.counts.items())
    typer.echo(f"{'stopped: ' if done.stopped else ''}published {counts}")


def read_speed(text: str) -> float | None:
    """Return seconds of the file per second, None for as fast as it goes."""
    if text == MAX:
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= SPEED_MAX:
        raise UsageError(f"--speed {text}: give a number above 0 and up to {SPEED_MAX:g}, or max.")
    return speed


def first_quotes(market: Market, count: int) -> Market:
    """Return the market up to its first quotes, with the bars that ended before the next one."""
    if count >= len(market.quotes):
        return market
    end_us = market.quotes[count].ts_us
    ended = int(market.bars.end_us.searchsorted(end_us))
    return replace(market, quotes=market.quotes[:count], bars=market.bars[:ended])


async def _until_signal(run: FileFeed, settings: Settings, account: str) -> Published:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return await run_feed(run, settings, account, stop)
