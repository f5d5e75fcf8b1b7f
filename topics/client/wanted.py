"""Which messages a subscriber wants, and bytes to messages.

Kind and account are looked at first, by four fields that every message has; only what is wanted is
decoded in full.  So a new kind of message that nobody asked for stops nobody.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Generic, NamedTuple, TypeVar, get_args

import msgspec

from ..catalogue import EXECUTION, STEALS, Topic
from ..commands import Command
from ..events import Version
from ..facts import Fact
from ..ids import OutputId, parse_id
from .errors import ClientSettingsError
from .log import Record

M = TypeVar("M", bound=Fact | Command)

TOPICS: dict[str, Topic] = {topic.name: topic for topic in (STEALS, EXECUTION)}

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are no message."""

VERSION: int = max(get_args(Version))
"""The newest version of a message that this release reads."""


class Label(msgspec.Struct, frozen=True):
    """The fields of a message that tell whether it is wanted; its others are left alone."""

    id: str
    ts_us: int
    type: str
    v: int = 1
    account: str | None = None


class Sighting(NamedTuple):
    """A record's label, and its id as numbers."""

    label: Label
    place: OutputId


class Wanted(Generic[M]):
    """A choice of kinds and accounts on one topic; raises `ClientSettingsError` for unknown words.

    None means all of them.  A message about no account is only wanted where all accounts are.
    """

    def __init__(
        self,
        topic: str,
        kinds: Iterable[str | type[M]] | str | type[M] | None,
        accounts: Iterable[str] | str | None,
    ) -> None:
        if topic not in TOPICS:
            raise ClientSettingsError(
                f"there is no topic {topic!r} to subscribe to; it is {' or '.join(TOPICS)}."
            )
        by_name = {str(model.__struct_config__.tag): model for model in TOPICS[topic].models}
        self._models = by_name if kinds is None else _chosen(topic, by_name, _several(kinds))
        self._accounts: frozenset[str] | None = (
            None if accounts is None else frozenset(_several(accounts))
        )
        if self._accounts is not None and not self._accounts:
            raise ClientSettingsError("accounts is empty: name one, or leave it out for all.")
        self._everything = kinds is None
        self._known = frozenset(by_name)
        self._label: msgspec.json.Decoder[Label] = msgspec.json.Decoder(Label)
        self._decoders: dict[str, msgspec.json.Decoder[M]] = {
            name: msgspec.json.Decoder(model) for name, model in self._models.items()
        }

    def sight(self, record: Record) -> Sighting:
        """Read a record's label; raises one of `UNREADABLE`, or `ValueError` for a strange id."""
        label = self._label.decode(record.value)
        place = parse_id(label.id)
        if place is None:
            raise ValueError(f"{label.id!r} is no message's id")
        return Sighting(label, place)

    def takes(self, label: Label) -> bool:
        """Tell whether a message is wanted.  An unknown kind is, by who wants every kind."""
        if self._accounts is not None and label.account not in self._accounts:
            return False
        return label.type in self._models or (self._everything and label.type not in self._known)

    def decode(self, record: Record, label: Label) -> M:
        """Decode a wanted record; raises one of `UNREADABLE`, or `ValueError` if it is newer."""
        if label.v > VERSION:
            raise ValueError(f"it has version {label.v} and this client reads up to {VERSION}")
        if label.type not in self._decoders:
            raise ValueError(f"it is of a kind that this client does not know: {label.type}")
        return self._decoders[label.type].decode(record.value)


def _several(words: Any) -> list[Any]:
    """One word stands for a list of it: a string is iterable, but nobody means its letters."""
    return [words] if isinstance(words, str | type) else list(words)


def _chosen(topic: str, by_name: dict[str, type], kinds: list[str | type]) -> dict[str, type]:
    if not kinds:
        raise ClientSettingsError("kinds is empty: name one, or leave it out for all.")
    chosen = {}
    for kind in kinds:
        name = kind if isinstance(kind, str) else next(
            (name for name, model in by_name.items() if model is kind), kind.__name__
        )  # fmt: skip
        if name not in by_name:
            near = get_close_matches(name, by_name, 1)
            known = f"did you mean {near[0]}?" if near else f"there are {', '.join(by_name)}."
            raise ClientSettingsError(f"topic {topic} has no kind {name!r}; {known}")
        chosen[name] = by_name[name]
    return chosen
