"""Makes Prometheus's families out of what was counted and seen."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import prometheus_client
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector, CollectorRegistry

from topics.facts import AccountHalted, StealExpired, StealLost, StealSettled, StealStarted

from .catalogue import BY_NAME, METRICS, Half
from .counts import EDGES_S, AgentCounts, Histogram, SequencerCounts
from .survey import DeskTotals, Money, Survey

OUTCOMES = {
    "started": StealStarted,
    "settled": StealSettled,
    "lost": StealLost,
    "expired": StealExpired,
}

Values = Mapping[tuple[Any, ...], float]
"""By the values of the labels, in the order of the catalogue."""


class SequencerSeen(NamedTuple):
    """What a scrape finds of the sequencer."""

    ready: bool
    counts: SequencerCounts


class AgentSeen(NamedTuple):
    """What a scrape finds of the agent; `lags` is of the partitions where it is known."""

    ready: bool
    counts: AgentCounts
    partitions: int
    partitions_in_all: int
    lags: Mapping[int, int]
    survey: Survey
    lines_dropped: int


class Snapshot(Collector):
    """The metrics of one scrape; a half that does not run has none."""

    def __init__(
        self,
        sequencer: SequencerSeen | None,
        agent: AgentSeen | None,
        halves: Sequence[Half] = ("sequencer", "agent"),
    ) -> None:
        """`halves` are those that run here, though they may not have started yet."""
        self._values: dict[str, Values | Histogram] = {}
        self._halves = ("both", *halves)
        parts = {"sequencer": sequencer, "agent": agent}
        self._put_worker({name: part for name, part in parts.items() if name in halves})
        if sequencer is not None:
            self._put_sequencer(sequencer.counts)
        if agent is not None:
            self._put_agent(agent)
            self._put_recovery(agent.counts)
            self._put_accounts(agent.survey)

    def collect(self) -> Iterator[Metric]:
        """Give every family of the catalogue, also one without a value."""
        for metric in METRICS:
            if metric.half in self._halves:
                yield _family(metric.name, self._values.get(metric.name, {}))

    def _put(self, name: str, values: Values | Histogram) -> None:
        self._values[f"worksteal_{name}"] = values

    def _put_worker(self, parts: Mapping[str, SequencerSeen | AgentSeen | None]) -> None:
        self._put("build_info", {(version("worksteal"), platform.python_version()): 1})
        self._put(
            "ready", {(name,): int(seen is not None and seen.ready) for name, seen in parts.items()}
        )
        self._put(
            "rebalances_total",
            {(name,): seen.counts.rebalances if seen else 0 for name, seen in parts.items()},
        )

    def _put_sequencer(self, counts: SequencerCounts) -> None:
        self._put("sequencer_records_total", _by(counts.records))
        self._put("sequencer_frames_total", _by(counts.frames))
        letters = {
            (topic, reason): number
            for topic, reasons in counts.refused.items()
            for reason, number in reasons.items()
        }
        self._put("dead_letters_total", letters)
        self._put("sequencing_latency_seconds", counts.latency)

    def _put_agent(self, agent: AgentSeen) -> None:
        counts = agent.counts
        self._put("agent_events_total", _by(counts.events))
        self._put("agent_frames_total", _by(counts.frames))
        self._put("commands_total", _by_tag(counts.commands))
        self._put("facts_total", _by_tag(counts.facts))
        steals = {(outcome,): counts.facts[fact] for outcome, fact in OUTCOMES.items()}
        self._put("steals_total", steals)
        self._put("entry_refusals_total", _by(counts.blocked))
        self._put("event_refusals_total", _by(counts.refused))
        self._put("account_halts_total", {(): counts.facts[AccountHalted]})
        self._put("decision_latency_seconds", counts.latency)
        self._put("checkpoint_duration_seconds", counts.checkpoints)
        self._put("journal_partitions", {(): agent.partitions})
        self._put("journal_partitions_expected", {(): agent.partitions_in_all})
        self._put("journal_lag_frames", _by(agent.lags))
        self._put("log_lines_dropped_total", {(): agent.lines_dropped})

    def _put_recovery(self, counts: AgentCounts) -> None:
        self._put("recoveries_total", {(): counts.recoveries})
        recovered = counts.recovered.items()
        self._put(
            "recovery_duration_seconds", {(number,): took_s for number, (took_s, _) in recovered}
        )
        self._put("recovery_rows", {(number,): rows for number, (_, rows) in recovered})

    def _put_accounts(self, survey: Survey) -> None:
        desks = survey.desks
        for name, value in _TOTALS.items():
            self._put(name, {(number,): value(totals) for number, totals in desks.items()})
        for name, money in _MONEY.items():
            self._put(name, {(number,): money(totals.money) for number, totals in desks.items()})
            self._put(
                f"account_{name}", {(account,): money(its) for account, its in survey.named.items()}
            )


_TOTALS: dict[str, Callable[[DeskTotals], float]] = {
    "accounts": lambda totals: totals.accounts,
    "accounts_halted": lambda totals: totals.halted,
    "accounts_awaiting_reconciliation": lambda totals: totals.awaiting,
    "entries": lambda totals: totals.entries,
    "entries_blocked": lambda totals: totals.blocked,
    "orders": lambda totals: totals.orders,
    "steals_in_flight": lambda totals: totals.steals,
    "capital_used_ratio_max": lambda totals: totals.ratio_max,
}
_MONEY: dict[str, Callable[[Money], float]] = {
    "equity_dollars": lambda money: money.equity_micros / 1e6,
    "capital_used_dollars": lambda money: money.used_micros / 1e6,
}


def _by(counts: Mapping[Any, int]) -> Values:
    return {(key,): number for key, number in counts.items()}


def _by_tag(counts: Mapping[type[Any], int]) -> Values:
    return {(str(kind.__struct_config__.tag),): number for kind, number in counts.items()}


def _family(name: str, values: Values | Histogram) -> Metric:
    metric = BY_NAME[name]
    if metric.kind == "histogram":
        return _histogram(
            name, metric.meaning, values if isinstance(values, Histogram) else Histogram()
        )
    assert not isinstance(values, Histogram)
    made = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = made(name.removesuffix("_total"), metric.meaning, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric([str(label) for label in labels], value)
    return family


def _histogram(name: str, meaning: str, values: Histogram) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=())
    buckets, total = [], 0
    for edge, count in zip((*EDGES_S, "+Inf"), values.counts, strict=True):
        total += count
        buckets.append((str(edge), float(total)))
    family.add_metric([], buckets, values.sum_s)
    return family


def registry_of(snapshot: Snapshot) -> CollectorRegistry:
    """Return a registry of these metrics and of the process's own (`process_*`)."""
    registry = CollectorRegistry(auto_describe=False)
    prometheus_client.ProcessCollector(registry=registry)
    registry.register(snapshot)
    return registry
