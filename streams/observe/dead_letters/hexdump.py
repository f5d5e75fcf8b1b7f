"""A record's bytes for a terminal: text if all of it can be shown as it is, else a hex dump."""

from collections.abc import Iterator

from topics.limits import RECORD_BYTES_MAX

WIDTH = 16
DUMP_BYTES_MAX = 4096
TEXT_CHARS_MAX = RECORD_BYTES_MAX
"""What is longer is no record and was refused for that."""

WORD_CHARS_MAX = 200


def word(text: str) -> str:
    """Return text that a stranger chose so that it moves no cursor and is no page long."""
    told = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return told if len(told) <= WORD_CHARS_MAX else f"{told[:WORD_CHARS_MAX]}…"


def shown(value: bytes) -> list[str]:
    """Return the lines to print; nothing in them moves a cursor or hides what follows."""
    text = _plain(value)
    if text is not None:
        lines, left = text[:TEXT_CHARS_MAX].split("\n"), len(text[TEXT_CHARS_MAX:].encode())
    else:
        lines, left = [*_dump(value[:DUMP_BYTES_MAX])], max(0, len(value) - DUMP_BYTES_MAX)
    return [*lines, f"… {left:,} bytes more; --raw writes all of them"] if left else lines


def is_plain(value: bytes) -> bool:
    """Tell whether `shown` gives the record as text."""
    return _plain(value) is not None


def _plain(value: bytes) -> str | None:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not text or not all(char.isprintable() or char in "\n\t" for char in text):
        return None
    return text


def _dump(value: bytes) -> Iterator[str]:
    for at in range(0, len(value), WIDTH):
        row = value[at : at + WIDTH]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{at:08x}  {row.hex(' '):<{3 * WIDTH - 1}}  {letters}"
