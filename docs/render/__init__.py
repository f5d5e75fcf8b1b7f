"""The reference pages, rendered from the code so that they cannot say anything else."""

from pathlib import Path

from .command_line import command_line_page
from .lists import policy_page, topics_page
from .messages import messages_page
from .metrics import metrics_page
from .refusals import refusals_page
from .rooms import rooms_page
from .settings import settings_page

FOLDER = Path("docs") / "reference"


def pages() -> dict[str, str]:
    """Return the text of each page by its file name."""
    return {
        "messages.md": messages_page(),
        "topics.md": topics_page(),
        "refusals.md": refusals_page(),
        "policy.md": policy_page(),
        "settings.md": settings_page(),
        "command-line.md": command_line_page(),
        "metrics.md": metrics_page(),
        "rooms.md": rooms_page(),
    }


def stale(folder: Path) -> list[Path]:
    """Return the files that are missing or say something else than the code."""
    return [
        folder / name
        for name, text in pages().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
