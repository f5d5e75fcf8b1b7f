"""The digest of what was said: 128 bits, by which two runs are told apart or known to be one.

A *digest* is of outputs, a *state digest* of a desk's rows (`Desk.digest`); whatever else is summed
up in a few bytes (a file's records, a policy, market data) has a *checksum*.
"""

from collections.abc import Mapping
from hashlib import blake2b

DIGEST_BYTES = 16


class OutputDigest:
    """A running digest of encoded commands and facts, in the order in which they are taken in."""

    __slots__ = ("_behind", "_total")

    def __init__(self, behind: bytes = b"") -> None:
        """Begin; `behind` is put behind every message, so that one cannot run into the next."""
        self._total = blake2b(digest_size=DIGEST_BYTES)
        self._behind = behind

    def take(self, value: bytes) -> None:
        """Take in the next message's bytes."""
        self._total.update(value + self._behind)

    def value(self) -> str:
        """Return the digest of what was taken in so far, in hexadecimal."""
        return self._total.hexdigest()


def combined(digests: Mapping[str, str]) -> str:
    """Return one digest of several of a kind, by name in the order given."""
    total = blake2b(digest_size=DIGEST_BYTES)
    for name, digest in digests.items():
        total.update(f"{name}={digest}\n".encode())
    return total.hexdigest()


def checksum(content: bytes) -> str:
    """Return what tells two contents apart that are no outputs, in hexadecimal."""
    return blake2b(content, digest_size=DIGEST_BYTES).hexdigest()
