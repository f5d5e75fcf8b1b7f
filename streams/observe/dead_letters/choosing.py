"""Which letters a command means: by reason, source topic and time, or by their places."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from streams.ground.times import read_since
from streams.observe.errors import DeadLetterError
from topics.catalogue import INBOUND

from .advice import MEANING
from .letter import Letter


class WantedLetters(NamedTuple):
    """A choice of letters; None wants any.  `since_ms` is milliseconds since 1970."""

    reason: str | None = None
    topic: str | None = None
    since_ms: int | None = None

    def takes(self, letter: Letter) -> bool:
        """Tell whether a letter is meant."""
        if self.reason is not None and letter.reason != self.reason:
            return False
        if self.topic is not None and (letter.origin is None or letter.origin.topic != self.topic):
            return False
        return self.since_ms is None or letter.ts_ms >= self.since_ms


def wanted(
    reason: str | None = None,
    topic: str | None = None,
    since: str | None = None,
    *,
    now_ms: int = 0,
) -> WantedLetters:
    """Make a choice from what was typed; `now_ms` is milliseconds since 1970.

    Raises `DeadLetterError` for a reason or topic that does not exist, `TimeError` for what is no
    time.
    """
    _known("--reason", reason, list(MEANING))
    _known("--topic", topic, [source.name for source in INBOUND])
    return WantedLetters(
        reason, topic, None if since is None else read_since("--since", since, now_ms)
    )


def _known(option: str, name: str | None, names: Sequence[str]) -> None:
    if name is None or name in names:
        return
    near = get_close_matches(name, names, 1)
    told = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."
    raise DeadLetterError(f"{option} {name}: there is no such thing; {told}")


def in_their_order(letters: Sequence[Letter]) -> list[Letter]:
    """Order letters as their records stood, and leave out those that stand there a second time."""
    chosen: dict[object, Letter] = {}
    for letter in letters:
        chosen.setdefault(letter.origin or letter.place, letter)
    return sorted(chosen.values(), key=_order)


def _order(letter: Letter) -> tuple[object, ...]:
    at = letter.ts_ms if letter.origin_ts_ms is None else letter.origin_ts_ms
    return (at, letter.origin or ("", 0, 0), letter.place)
