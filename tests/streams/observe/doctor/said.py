"""What the doctor said, taken apart."""

from collections.abc import Iterable

from streams.observe.doctor import Line

Said = tuple[str, str, str, str]


def only(lines: Iterable[Line], check: str = "") -> Line:
    """Return the one line (of this check)."""
    (line,) = [line for line in lines if not check or line.check == check]
    return line


def bad(lines: Iterable[Line]) -> list[Line]:
    """Return what is not ok; each of them says what to do."""
    found = [line for line in lines if line.level != "ok"]
    assert all(line.do or ": " in line.told or ". " in line.told for line in found), found
    return found
