"""The wire for programs: JSON Schemas, AsyncAPI, and the lock of versions.

    docs/schema/asyncapi.json              topics, who sends and who receives, keys, headers
    docs/schema/messages/<type>.json       one message each
    docs/schema/versions.json              the form of every field by message and version

Equal code gives equal bytes.
"""

from pathlib import Path

from streams.ground.mistakes import Mistake

from .asyncapi import asyncapi
from .lock import Lock, faults, merged, parsed, text_of
from .messages import MESSAGES, rendered, schemas

__all__ = ["FOLDER", "MESSAGES", "SchemaError", "broken", "documents", "stale", "write"]

FOLDER = Path("docs") / "schema"
VERSIONS = "versions.json"


class SchemaError(Mistake):
    """The files cannot be read or written, or a version would have to rise first."""


def documents(lock: Lock) -> dict[str, str]:
    """Return the text of each file by its path in the folder; `lock` is what the folder has now."""
    messages = schemas()
    return {
        "asyncapi.json": rendered(asyncapi()),
        **{f"messages/{name}.json": rendered(schema) for name, schema in messages.items()},
        VERSIONS: text_of(merged(lock, messages)),
    }


def broken(folder: Path) -> list[str]:
    """Return a sentence for each field that changed while the version of its message did not."""
    return faults(_lock_of(folder), schemas())


def stale(folder: Path) -> list[Path]:
    """Return the files that are missing, say something else than the code, or are of no message."""
    wanted = documents(_lock_of(folder))
    found = [folder / name for name, text in wanted.items() if _read(folder / name) != text]
    known = {folder / name for name in wanted}
    return found + [path for path in sorted((folder / "messages").glob("*")) if path not in known]


def write(folder: Path) -> int:
    """Write all files and return how many; raises `SchemaError` if a version would have to rise.

    A version that is locked keeps its fields: what changed needs a new one.
    """
    lock = _lock_of(folder)
    problems = faults(lock, schemas())
    if problems:
        raise SchemaError(problems[0])
    texts = documents(lock)
    try:
        (folder / "messages").mkdir(parents=True, exist_ok=True)
        for path in (folder / "messages").glob("*.json"):
            if f"messages/{path.name}" not in texts:
                path.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SchemaError(
            f"{folder} cannot be written: {error.strerror}; name another folder with --out."
        ) from error
    return len(texts)


def _lock_of(folder: Path) -> Lock:
    text = _read(folder / VERSIONS)
    try:
        return {} if text is None else parsed(text)
    except ValueError as error:
        raise SchemaError(
            f"{folder / VERSIONS} is not what `worksteal schema` writes: take it from the"
            " repository again."
        ) from error


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path} cannot be read: give a folder that can be.") from error
