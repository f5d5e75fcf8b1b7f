"""What a venue is to whoever drives it: commands and quotes go in, events come out.

    commands ──▶ ┌───────┐
    quotes   ──▶ │ Venue │ ──▶ order.accepted, order.rejected, order.cancelled, fill, snapshots
    time     ──▶ └───────┘

The time is handed in and never goes back, so a venue has no clock, and the same calls give the same
events.  What every venue must do is told by the tests in `tests/streams/venues/kit.py`, which a new
one has only to be given to.
"""

from typing import Protocol

from streams.market import MarketQuote
from topics.commands import AnyCommand
from topics.events import AnyEvent


class Venue(Protocol):
    """One account's venue.  Times in microseconds since 1970 UTC; events come in time order."""

    def command(self, command: AnyCommand, now_us: int) -> bool:
        """Take a command, to be answered by a later `advance`.

        False if it asks for an order that was placed already: then nothing comes of it.
        """
        ...

    def on_quote(self, quote: MarketQuote, now_us: int | None = None) -> list[AnyEvent]:
        """Take a quote that is heard at `now_us`, or as it is made; return all that came due."""
        ...

    def advance(self, now_us: int) -> list[AnyEvent]:
        """Let time pass; return all that came due."""
        ...

    def due_us(self) -> int | None:
        """Return when `advance` next has something to say; None if not before it is asked."""
        ...
