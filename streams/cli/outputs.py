"""Where the results of a backtest go: what would go wrong with it is told before any run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .inputs import UsageError


def check_targets(files: list[Path], report: Path | None, commands: Path | None) -> None:
    """Find out before the run what would go wrong after it, or destroy something."""
    options = (("--report", report), ("--commands", commands))
    named = [(option, path) for option, path in options if path is not None]
    taken = {path.resolve(): "a market file" for path in files}
    for option, path in named:
        real = path.resolve()
        if real in taken:
            raise UsageError(f"{option} {path}: this is {taken[real]}; name another file.")
        taken[real] = f"the file of {option}"
    if report is None:
        return
    if report.is_dir():
        raise UsageError(f"--report {report}: this is a folder; name a file in it.")
    if report.exists() and not report.is_file():
        raise UsageError(f"--report {report}: this is no plain file; name another one.")
    if not report.parent.is_dir():
        raise UsageError(f"--report {report}: there is no folder {report.parent}; create it first.")


@contextmanager
def commands_to(path: Path | None) -> Iterator[Callable[[list[str]], None] | None]:
    """Open the file for commands, if one is wanted, and give what writes lines to it."""
    if path is None:
        yield None
        return
    try:
        with path.open("w", encoding="utf-8") as out:
            yield lambda lines: out.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise UsageError(
            f"--commands {path}: it cannot be written ({error.strerror}); name another file."
        ) from error
