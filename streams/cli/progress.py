"""How far a command has come in its market data, on standard error and only for people."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .inputs import messages


def quotes_progress() -> Progress:
    """Return a display that counts quotes; it shows nothing unless a terminal looks."""
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("quotes"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=messages, disable=not messages.is_terminal)
