"""How far a command has come, on standard error and only for people."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .inputs import messages


def quotes_progress() -> Progress:
    """Return a display that counts quotes; it shows nothing unless a terminal looks."""
    return _progress("quotes")


def runs_progress() -> Progress:
    """Return a display that counts runs, where several go on at once."""
    return _progress("runs")


def _progress(unit: str) -> Progress:
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=messages, disable=not messages.is_terminal)
