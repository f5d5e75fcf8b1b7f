"""Kafka's settings for one small node, and the choice of its two ports."""

from .home import Home
from .ports import HOST, free_port, why_still_taken
from .trouble import EXIT_MISTAKE, Trouble

PORT = 9092
PROPERTIES = """\
# Written anew at every start by deploy/kafka/broker.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
# Relative to this folder, so that it may be moved.
log.dirs=data

auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0

# After a kill -9 the controller lets the broker back in only when its old session has ended.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# A small footprint: few threads, and 16 instead of 128 MiB for the log cleaner.
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
"""


def choose_ports(home: Home, wanted: int | None) -> tuple[int, int]:
    """Choose the port for clients (the last one unless told otherwise) and the controller's."""
    last, last_controller = home.ports() or (None, None)
    port = wanted or last or (PORT if wanted is None else free_port())
    reason = why_still_taken(port)
    if reason and wanted == 0:
        port = free_port()
    elif reason:
        raise Trouble(
            f"nobody can listen on {HOST}:{port} ({reason}); "
            "name another with --port, or let --port 0 pick one.",
            EXIT_MISTAKE,
        )
    if last_controller and last_controller != port and not why_still_taken(last_controller):
        return port, last_controller
    return port, free_port(but=port)
