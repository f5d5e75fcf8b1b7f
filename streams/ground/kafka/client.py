"""The few words of the Kafka client that other rooms need: its types, and what it raises.

Clients are made in this room, in the journal and in the subscribers' client; everybody else is given
one.  So only there it is known whose client that is.
"""

from typing import Any, TypeAlias

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.partitioner import murmur2

__all__ = [
    "Consumer",
    "KafkaError",
    "OffsetOutOfRangeError",
    "Producer",
    "TopicPartition",
    "partition_of",
]

Consumer: TypeAlias = Any
"""A started consumer; aiokafka ships no types."""

Producer: TypeAlias = Any
"""A started producer."""


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that producers choose for a key: murmur2, as Kafka's own clients do."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
