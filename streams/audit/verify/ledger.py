"""What one journal partition's desk should have said, in 26 bytes an output.

Bodies are kept as checksums: a day has millions, and a difference is replayed once more to be shown.
"""

from array import array
from bisect import bisect_left
from hashlib import blake2b

from streams.audit.replay.said import Said
from topics.digests import DIGEST_BYTES
from topics.ids import OutputId

INDEX_BITS = 24
"""Of a key: the index of an id has seven digits at most, a stranger's on the topic as well."""

NOT_FOUND = 0
FOUND = 1


def key_of(offset: int, index: int) -> int:
    """Return a number that rises as ids of one partition do."""
    assert index < 1 << INDEX_BITS
    return offset << INDEX_BITS | index


def body_checksum(topic: str, value: bytes) -> bytes:
    """Return what stands for an output; one on the wrong topic is another output."""
    return blake2b(value, digest_size=DIGEST_BYTES, key=topic.encode()).digest()


class Ledger:
    """The outputs expected of one journal partition; they come in rising order."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self._keys = array("Q")
        self._checksums = bytearray()
        self._topics = bytearray()
        self._topic_names: list[str] = []
        self.found = bytearray()
        """For each output, whether it was found as expected."""

    def __len__(self) -> int:
        return len(self._keys)

    def expect(self, said: Said) -> None:
        """Add the next output."""
        key = key_of(said.id.offset, said.id.nth)
        assert not self._keys or self._keys[-1] < key, "ids rise"
        if said.topic not in self._topic_names:
            self._topic_names.append(said.topic)
        self._keys.append(key)
        self._checksums += body_checksum(said.topic, said.value)
        self._topics.append(self._topic_names.index(said.topic))
        self.found.append(NOT_FOUND)

    def place(self, output: OutputId) -> int | None:
        """Return where an output stands in the ledger; None if it is not expected."""
        key = key_of(output.offset, output.nth)
        place = bisect_left(self._keys, key)
        return place if place < len(self._keys) and self._keys[place] == key else None

    def key(self, place: int) -> int:
        """Return the key of an output."""
        return self._keys[place]

    def output(self, place: int) -> OutputId:
        """Return the id of an output."""
        key = self._keys[place]
        return OutputId(self.partition, key >> INDEX_BITS, key & ((1 << INDEX_BITS) - 1))

    def topic(self, place: int) -> str:
        """Return where an output should be."""
        return self._topic_names[self._topics[place]]

    def checksum(self, place: int) -> bytes:
        """Return the checksum of an output's body."""
        return bytes(self._checksums[DIGEST_BYTES * place : DIGEST_BYTES * (place + 1)])
