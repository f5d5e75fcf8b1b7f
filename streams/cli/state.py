"""`worksteal state`: how one account stands, from the worker that has it or from the changelog."""

import asyncio
import json
from difflib import get_close_matches
from typing import Annotated, NamedTuple

import typer

from streams.ground.settings import Settings
from streams.observe.pages.account_view import View, look_up
from streams.observe.pages.address import deployment_of, usual_url
from streams.observe.pages.ask import Answer, ask
from streams.observe.pages.secret import token_of

from .deployment import Bootstrap, Config, Insecure, TopicPrefix, read_deployment
from .inputs import UsageError, messages
from .state_changelog import Durable, read_changelog
from .state_tables import show

FINAL = ("unknown_account", "wrong_host")
"""What a worker that was named may say instead of an answer, and no other source knows better."""


class Found(NamedTuple):
    """An account's view, and where it comes from."""

    view: View
    source: str


def state(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The worker's pages. [default: web_host and web_port]"),
    ] = None,
    from_changelog: Annotated[
        bool,
        typer.Option("--from-changelog", help="Ask no worker: read the last checkpoint's rows."),
    ] = False,
    bootstrap: Bootstrap = None,
    insecure: Insecure = None,
    topic_prefix: TopicPrefix = None,
    group: Annotated[str | None, typer.Option(help="The workers' consumer group.")] = None,
    config: Config = None,
) -> None:
    """Print an account's capital, orders, entries, steals, cooldowns and fights.

    Asks the worker on this machine; if none answers, or that account is not with it, reads the
    changelog from the broker.  Either way it says as of when.

    Example: `worksteal state demo`
    """
    if url is not None and from_changelog:
        raise UsageError("--url and --from-changelog exclude each other; say one of the two.")
    settings = read_deployment(
        config, bootstrap=bootstrap, insecure=insecure, topic_prefix=topic_prefix, group=group
    )
    shown = None if from_changelog else _from_worker(settings, url, account)
    if shown is None:
        shown = _from_changelog(settings, account)
    if as_json:
        typer.echo(json.dumps(shown.view | {"source": shown.source}, indent=2))
    else:
        show(shown.view, shown.source)


def _from_worker(settings: Settings, url: str | None, account: str) -> Found | None:
    """Ask the worker; None if the changelog must be asked instead, and then say why."""
    asked = url or usual_url(settings)
    if asked is None:
        return None
    answer = asyncio.run(ask(asked, account, token_of(settings)))
    if answer is not None and answer.status == 200:
        theirs = answer.body.pop("deployment", None)
        if url is not None or theirs == deployment_of(settings):
            return Found(answer.body, f"worker at {asked}")
        _remark(f"The worker at {asked} belongs to another deployment.")
    elif url is not None:
        if answer is not None and answer.reason in FINAL:
            raise UsageError(str(answer.body["error"]))
        _remark(_why_not(asked, answer))
    return None


def _why_not(url: str, answer: Answer | None) -> str:
    if answer is None:
        return f"No worker answers at {url}."
    return f"The worker at {url} has no answer: {answer.body.get('error', answer.status)}"


def _remark(told: str) -> None:
    messages.print(f"{told} This is from the changelog.", markup=False, soft_wrap=True)


def _from_changelog(settings: Settings, account: str) -> Found:
    """Read the changelog; raises `UsageError` if the account is unknown there, too."""
    durable = asyncio.run(read_changelog(settings, account))
    view = look_up(durable.desks, account)
    if view is None:
        raise UsageError(_unknown(durable, account))
    return Found(view, f"changelog {durable.topic}")


def _unknown(durable: Durable, account: str) -> str:
    if not durable.names:
        return f"there is no account yet: {durable.topic} holds none."
    near = get_close_matches(account, durable.names, 3)
    known = f"did you mean {' or '.join(near)}?" if near else _some(durable.names)
    return f"there is no account {account!r} in {durable.topic}; {known}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"there are {', '.join(names[:5])}{more}."
