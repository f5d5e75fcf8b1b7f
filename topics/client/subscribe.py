"""`subscribe`: the words a subscriber says, checked, and what they make."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypedDict, TypeVar, Unpack, overload

from ..commands import AnyCommand, Command
from ..facts import AnyFact, Fact
from .errors import ClientSettingsError
from .kafka_log import KafkaLog
from .log import Log
from .settings import ClientSettings
from .start import Start, checked
from .subscription import Skip, Subscription
from .wanted import Wanted

M = TypeVar("M", bound=Fact | Command)

_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Options(TypedDict, total=False):
    """What every subscription may be told.

    `accounts`: their names; None is all.  `start`: where to begin, unless the group remembers.
    `group`: a name under which acknowledgements outlast a restart and several processes share the
    partitions; None reads everything and remembers nothing.  `auto_ack`: a message is acknowledged
    when the next one is asked for.  `on_unreadable`: takes a record that cannot be read, and why;
    it is then passed over.  `allow_gaps`: go on where messages are gone.
    """

    accounts: Iterable[str] | str | None
    start: Start
    group: str | None
    auto_ack: bool
    on_unreadable: Skip | None
    allow_gaps: bool


@overload
def subscribe(
    settings: ClientSettings,
    *,
    topic: Literal["steals", "execution"] = ...,
    kinds: Iterable[type[M]] | type[M],
    **options: Unpack[Options],
) -> Subscription[M]: ...
@overload
def subscribe(
    settings: ClientSettings,
    *,
    topic: Literal["steals"] = ...,
    kinds: Iterable[str] | str | None = ...,
    **options: Unpack[Options],
) -> Subscription[AnyFact]: ...
@overload
def subscribe(
    settings: ClientSettings,
    *,
    topic: Literal["execution"],
    kinds: Iterable[str] | str | None = ...,
    **options: Unpack[Options],
) -> Subscription[AnyCommand]: ...
def subscribe(
    settings: ClientSettings,
    *,
    topic: str = "steals",
    kinds: Any = None,
    **options: Unpack[Options],
) -> Subscription[Any]:
    """Subscribe to facts (`steals`) or to commands (`execution`).

    `kinds` are message classes or their names (`steal.started`), one or several; None is all of
    them.  See `Options` for the other words.  Raises `ClientSettingsError` for words that cannot be
    meant; nothing is connected yet.
    """

    def on_broker(group: str | None, start: Start, allow_gaps: bool) -> Log:
        name = None if group is None else settings.topic(group)
        return KafkaLog(
            settings, settings.topic(topic), group=name, start=start, allow_gaps=allow_gaps
        )

    return subscription(on_broker, topic, kinds, options)


def subscription(
    log: Callable[[str | None, Start, bool], Log], topic: str, kinds: Any, options: Options
) -> Subscription[Any]:
    """Check the words, and subscribe to the log that `log` makes of group, start and allow_gaps."""
    wanted: Wanted[Any] = Wanted(topic, kinds, options.get("accounts"))
    group = options.get("group")
    if group is not None and not _GROUP.fullmatch(group):
        raise ClientSettingsError("group: use up to 64 letters, digits and ._-, no sign first.")
    return Subscription(
        log(group, checked(options.get("start", "latest")), options.get("allow_gaps", False)),
        wanted,
        auto_ack=options.get("auto_ack", False),
        on_unreadable=options.get("on_unreadable"),
    )
