"""Logging of a process: our lines and the libraries' in one form, without secrets.

On a terminal lines are for people, else each is one JSON object, the last one of a worker that ends
itself as well.  What ends it before it is at work is the plain sentence that every command ends with.
"""

import logging
import sys
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, TextIO

import msgspec
import structlog
from pydantic import SecretStr
from structlog.typing import Processor

from .settings import Settings

Form = Literal["json", "console"]

STARS = "**********"
"""In place of a secret."""

OURS = "worksteal"
"""Our own loggers' name; libraries say less."""

Event = MutableMapping[str, Any]

log = logging.getLogger(OURS)


def form_of(settings: Settings, stream: TextIO) -> Form:
    """Return the form that is asked for; `auto` looks at where the lines go."""
    if settings.log_format == "auto":
        return "console" if stream.isatty() else "json"
    return settings.log_format


def start_logging(
    settings: Settings, *, verbose: bool = False, stream: TextIO | None = None
) -> None:
    """Send every log line of this process to `stream`, standard error if there is none.

    Libraries are heard from warnings on, with `verbose` from info on.  Never below: Kafka's client
    shows the records that it sends there.
    """
    stream = stream or sys.stderr
    form = form_of(settings, stream)
    secrets = secrets_of(settings)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without(secrets),
                *_rendered(form, stream),
            ],
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    theirs = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(handlers=[handler], level=max(level, theirs), force=True)
    log.setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _crashed


def _rendered(form: Form, stream: TextIO) -> list[Processor]:
    if form == "json":
        return [_in_order, structlog.processors.JSONRenderer(serializer=_json)]
    colors = stream.isatty()
    # No rich tracebacks: they show local variables, and a password is one somewhere.
    plain = structlog.dev.plain_traceback
    return [
        structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=plain, timestamp_key="time"
        )
    ]


FIRST = ("time", "level", "logger", "event")


def _in_order(_logger: Any, _name: str, event: Event) -> Event:
    """Put what every line has before what only this one has."""
    first: dict[str, Any] = {key: event.pop(key) for key in FIRST if key in event}
    return first | dict(event)


def _json(event: Any, **_options: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Return every secret of these settings; the longest first, for one may hold another."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    found = {one.get_secret_value() for one in values if isinstance(one, SecretStr)}
    if settings.web_token_file is not None:
        # A file that cannot be read holds no token; the server says so in a sentence of its own.
        with suppress(OSError, ValueError):
            found.add(settings.web_token_file.read_text(encoding="ascii").strip())
    return tuple(sorted(found - {""}, key=len, reverse=True))


def without(secrets: Iterable[str]) -> Processor:
    """Return a processor that puts stars in place of secrets, wherever they stand in a line."""
    known = tuple(secrets)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in known:
                value = value.replace(secret, STARS)
            return value
        if isinstance(value, dict):
            return {clean(key): clean(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [clean(one) for one in value]
        return value if value is None or isinstance(value, int | float) else clean(str(value))

    def process(_logger: Any, _name: str, event: Event) -> Event:
        for key in event:
            event[key] = clean(event[key])
        return event

    return process


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log what nobody caught, where Python would print it."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("it crashed", exc_info=(kind, error, trace))


def last_words(told: str | BaseException) -> None:
    """Say why a worker ends itself: a sentence, or a bug with its traceback.

    A sentence is plain text, like that of every command, unless lines are JSON.
    """
    if isinstance(told, BaseException):
        log.critical("it crashed", exc_info=told)
    elif _is_json():
        log.critical(told)
    else:
        sys.stderr.write(f"worksteal: {told}\n")


def _is_json() -> bool:
    for handler in logging.getLogger().handlers:
        formatter = handler.formatter
        if isinstance(formatter, structlog.stdlib.ProcessorFormatter):
            return any(
                isinstance(one, structlog.processors.JSONRenderer) for one in formatter.processors
            )
    return False
