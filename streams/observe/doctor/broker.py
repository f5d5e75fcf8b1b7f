"""The brokers: who they are, and whether they are old enough, or too old, for what we ask of them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .said import Line, fail, ok, warn

PRODUCE, JOIN_GROUP, INIT_PRODUCER_ID = 0, 11, 22
"""Keys of requests, from Kafka's protocol guide."""

STATIC_MEMBERS = 5
"""Version of JoinGroup, from Kafka 2.3 on: a worker that is back soon gets its partitions back."""

RELEASES = {9: "3.6", 10: "3.7", 11: "3.9", 12: "4.0", 13: "4.1"}
"""Highest version of Produce, and the latest release that has it."""

TESTED = 13


class Cluster(NamedTuple):
    """What the brokers say of themselves; `requests` maps a request to its versions."""

    brokers: list[str]
    controller: int
    requests: Mapping[int, tuple[int, int]]


async def ask_cluster(client: Any) -> Cluster:
    """Ask a started admin client."""
    told = await client.describe_cluster()
    nodes = [f"{one['host']}:{one['port']}" for one in told["brokers"]]
    # The client has asked for them when it connected, and shows them nowhere.
    connections = client._client._conns.values()  # noqa: SLF001
    known = [one._versions for one in connections]  # noqa: SLF001
    return Cluster(nodes, int(told["controller_id"]), next(filter(None, known), {}))


def check_cluster(cluster: Cluster) -> Iterator[Line]:
    """Judge the brokers by what they can do, for they do not tell their version."""
    produce = cluster.requests.get(PRODUCE, (0, 0))[1]
    join = cluster.requests.get(JOIN_GROUP, (0, 0))[1]
    count = len(cluster.brokers)
    yield ok("broker", f"{count} broker{'' if count == 1 else 's'}: {', '.join(cluster.brokers)}")
    release = RELEASES.get(produce, "before 3.6" if produce < TESTED else "")
    if join < STATIC_MEMBERS or INIT_PRODUCER_ID not in cluster.requests:
        do = "upgrade the brokers; 4.1 is tested"
        yield fail("broker", "Kafka is older than 2.3, which workers need", do)
    elif produce < TESTED:
        do = "upgrade the brokers, or run `make faults` against such a one before you trust it"
        yield warn("broker", f"Kafka {release} was not tested, 4.1 was", do)
    elif produce > TESTED:
        do = "look for a newer worksteal, or run `make faults` against such a one"
        yield warn("broker", "Kafka is newer than 4.1, the latest that was tested", do)
    else:
        yield ok("broker", f"speaks as Kafka {release} does, which was tested")
