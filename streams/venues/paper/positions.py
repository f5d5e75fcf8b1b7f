"""Where the paper venue begins to read a partition."""

from streams.ground.kafka import Span

from .errors import PaperError


def execution_start(partition: int, stored: int | None, span: Span) -> int:
    """Return the offset to begin at in a partition of `execution`: no command may be left out.

    A new venue begins with the first one, though it may be an earlier venue's: it refuses those
    that are older than itself (see `intake`), where beginning at the end would leave unanswered
    what was sent just before its start.

    Raises `PaperError` if the broker no longer has some, or is another broker.
    """
    if stored is None:
        return span.first
    if stored < span.first:
        raise PaperError(
            f"execution:{partition}: {span.first - stored} commands from offset {stored} were"
            " deleted before the venue read them, and their orders will never be answered; keep"
            " the topic longer (retention.ms), and begin anew with another --data-dir."
        )
    if stored > span.end:
        raise PaperError(
            f"execution:{partition} ends at {span.end}, but the venue has read to {stored}: the"
            " topic was made anew or this is another broker; name another --data-dir."
        )
    return stored


def quotes_start(stored: int | None, span: Span) -> int:
    """Return the offset to begin at in a partition of `quotes`.

    A new venue has nothing that an old quote could fill or mark.  Quotes that are gone are no loss
    to be told: an order that they would have filled waits for the next one.
    """
    if stored is None or stored > span.end:
        return span.end
    return max(stored, span.first)
