"""Every metric of `/metrics`: name, type, unit, labels, meaning.  The reference page is this list.

Names follow Prometheus's rules: base units, `_total` for what only grows.  Labels are bounded: by the
code's own lists of topics and reasons, by the number of partitions, and by a setting for accounts.
"""

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]
Half = Literal["sequencer", "agent", "both"]


class Metric(NamedTuple):
    """One metric; `half` is the part of the worker that has it."""

    name: str
    kind: Kind
    half: Half
    labels: tuple[str, ...]
    unit: str
    meaning: str


PARTITION = ("partition",)

METRICS = (
    Metric("worksteal_build_info", "gauge", "both", ("version", "python"), "", "1, with the version that runs"),
    Metric("worksteal_ready", "gauge", "both", ("part",), "", "1 while a part has its partitions and has recovered, else 0"),
    Metric("worksteal_rebalances_total", "counter", "both", ("part",), "rebalances", "partitions were assigned anew, the first time included"),
    Metric("worksteal_sequencer_records_total", "counter", "sequencer", ("topic",), "records", "records read from a source topic, refused ones included"),
    Metric("worksteal_sequencer_frames_total", "counter", "sequencer", PARTITION, "frames", "frames sent to a journal partition, empty ones included"),
    Metric("worksteal_dead_letters_total", "counter", "sequencer", ("topic", "reason"), "records", "records of a source topic refused at the door and sent to `dead-letters`"),
    Metric("worksteal_sequencing_latency_seconds", "histogram", "sequencer", (), "seconds", "from a record's own time to its frame in the journal, of the first record of each source partition in a poll, which waited longest"),
    Metric("worksteal_agent_events_total", "counter", "agent", PARTITION, "events", "events in frames that were applied"),
    Metric("worksteal_agent_frames_total", "counter", "agent", PARTITION, "frames", "frames that were applied"),
    Metric("worksteal_commands_total", "counter", "agent", ("type",), "commands", "commands for the venue"),
    Metric("worksteal_facts_total", "counter", "agent", ("type",), "facts", "facts for subscribers"),
    Metric("worksteal_steals_total", "counter", "agent", ("outcome",), "steals", "steals that started, settled, were lost or expired"),
    Metric("worksteal_entry_refusals_total", "counter", "agent", ("reason",), "refusals", "entries that triggered and may not go; counted when the reason changes"),
    Metric("worksteal_event_refusals_total", "counter", "agent", ("reason",), "events", "well-formed events that the desk refused"),
    Metric("worksteal_account_halts_total", "counter", "agent", (), "accounts", "accounts halted because an invariant broke"),
    Metric("worksteal_decision_latency_seconds", "histogram", "agent", (), "seconds", "from the broker's time of a frame to the broker's acknowledgement of the last command that it led to; by two clocks, the broker's and the worker's"),
    Metric("worksteal_checkpoint_duration_seconds", "histogram", "agent", (), "seconds", "how long a checkpoint took; its count is that of checkpoints"),
    Metric("worksteal_recoveries_total", "counter", "agent", (), "desks", "desks that came to life from their rows"),
    Metric("worksteal_recovery_duration_seconds", "gauge", "agent", PARTITION, "seconds", "how long the last recovery of a desk took, from assignment on"),
    Metric("worksteal_recovery_rows", "gauge", "agent", PARTITION, "rows", "rows that it found"),
    Metric("worksteal_journal_partitions", "gauge", "agent", (), "partitions", "journal partitions that are assigned to this worker"),
    Metric("worksteal_journal_partitions_expected", "gauge", "agent", (), "partitions", "journal partitions that there are; the assigned ones of all workers add up to it"),
    Metric("worksteal_journal_lag_frames", "gauge", "agent", PARTITION, "frames", "frames in the journal that the desk has not applied"),
    Metric("worksteal_accounts", "gauge", "agent", PARTITION, "accounts", "accounts of a desk"),
    Metric("worksteal_accounts_halted", "gauge", "agent", PARTITION, "accounts", "of these, halted"),
    Metric("worksteal_accounts_awaiting_reconciliation", "gauge", "agent", PARTITION, "accounts", "of these, waiting for a snapshot that says what became of an order"),
    Metric("worksteal_entries", "gauge", "agent", PARTITION, "entries", "entries on the books"),
    Metric("worksteal_entries_blocked", "gauge", "agent", PARTITION, "entries", "of these, triggered and refused for now"),
    Metric("worksteal_orders", "gauge", "agent", PARTITION, "orders", "orders on the books"),
    Metric("worksteal_steals_in_flight", "gauge", "agent", PARTITION, "steals", "steals under way"),
    Metric("worksteal_equity_dollars", "gauge", "agent", PARTITION, "dollars", "equity of all accounts: the capacity that there is"),
    Metric("worksteal_capital_used_dollars", "gauge", "agent", PARTITION, "dollars", "margin bound by positions, orders and steals of all accounts"),
    Metric("worksteal_capital_used_ratio_max", "gauge", "agent", PARTITION, "ratio", "the largest part of its equity that any account has bound; above 1 it is over-committed"),
    Metric("worksteal_account_equity_dollars", "gauge", "agent", ("account",), "dollars", "equity by account; setting `metrics_accounts`"),
    Metric("worksteal_account_capital_used_dollars", "gauge", "agent", ("account",), "dollars", "bound margin by account; the same setting"),
    Metric("worksteal_log_lines_dropped_total", "counter", "agent", (), "lines", "lines about decisions that were too many in their second"),
)  # fmt: skip

BY_NAME = {metric.name: metric for metric in METRICS}

SERIES_OF = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
"""What Prometheus calls the series of a metric: the name with one of these behind it."""
