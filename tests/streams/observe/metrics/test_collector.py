"""What a scrape gets: text that Prometheus's own parser reads, and every metric as the catalogue has it."""

import re
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from streams.observe.metrics.catalogue import METRICS
from streams.observe.metrics.collector import AgentSeen, SequencerSeen, Snapshot, registry_of
from streams.observe.metrics.counts import EDGES_S, AgentCounts, SequencerCounts
from streams.observe.metrics.survey import DeskTotals, Money, Survey

UNITS = {
    "seconds", "dollars", "ratio", "frames", "rows", "partitions", "accounts", "entries", "orders",
    "steals", "commands", "facts", "events", "records", "lines", "desks", "refusals", "rebalances", "",
}  # fmt: skip


def agent(**values: Any) -> AgentSeen:
    standing = DeskTotals()
    standing.accounts, standing.money, standing.ratio_max = 2, Money(3_500_000, 1_250_000), 0.5
    seen = AgentSeen(
        ready=True,
        counts=AgentCounts(),
        partitions=1,
        partitions_in_all=4,
        lags={2: 7},
        survey=Survey({2: standing}, {"demo": Money(3_500_000, 1_250_000)}),
        lines_dropped=3,
    )
    return seen._replace(**values)


def scraped(snapshot: Snapshot) -> dict[str, Family]:
    text = generate_latest(registry_of(snapshot)).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(families: dict[str, Family], name: str, **labels: str) -> float:
    (found,) = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return float(found)


@pytest.mark.parametrize("metric", METRICS, ids=[metric.name for metric in METRICS])
def test_a_name_says_type_and_unit_as_prometheus_wants_it(metric):
    assert re.fullmatch(r"worksteal_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.unit in UNITS
    for unit in ("seconds", "dollars"):
        assert (unit in metric.name) == (metric.unit == unit)
    assert not re.search(r"_(ms|us|micros|millis|percent)\b", metric.name)
    assert metric.meaning
    assert "\n" not in metric.meaning


def test_names_are_told_once():
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("half", ["sequencer", "agent"])
def test_every_metric_of_a_half_is_there_and_none_of_the_other(half):
    sequencer = SequencerSeen(ready=True, counts=SequencerCounts())
    of_agent = half == "agent"
    found = scraped(
        Snapshot(None if of_agent else sequencer, agent() if of_agent else None, [half])
    )
    wanted = [metric for metric in METRICS if metric.half in (half, "both")]
    ours = {name for name in found if name.startswith("worksteal_")}
    assert ours == {metric.name.removesuffix("_total") for metric in wanted}
    for metric in wanted:
        family = found[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind, metric.meaning)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels), metric.name
    assert value(found, "worksteal_ready", part=half) == 1
    assert "process_start_time_seconds" in found


def test_a_part_that_is_yet_to_start_is_not_ready_and_counts_nothing():
    found = scraped(Snapshot(None, None))
    for part in ("sequencer", "agent"):
        assert value(found, "worksteal_ready", part=part) == 0
        assert value(found, "worksteal_rebalances_total", part=part) == 0
    assert found["worksteal_steals"].samples == []


def test_micro_dollars_are_shown_as_dollars():
    found = scraped(Snapshot(None, agent()))
    assert value(found, "worksteal_equity_dollars", partition="2") == 3.5
    assert value(found, "worksteal_capital_used_dollars", partition="2") == 1.25
    assert value(found, "worksteal_account_equity_dollars", account="demo") == 3.5
    assert value(found, "worksteal_account_capital_used_dollars", account="demo") == 1.25
    assert value(found, "worksteal_capital_used_ratio_max", partition="2") == 0.5
    assert value(found, "worksteal_accounts", partition="2") == 2


def test_the_agents_places_are_shown():
    counts = AgentCounts()
    counts.recovery(2, 1.5, 12)
    counts.recovery(2, 0.5, 13)
    counts.rebalances = 3
    found = scraped(Snapshot(None, agent(counts=counts)))
    assert value(found, "worksteal_journal_lag_frames", partition="2") == 7
    assert value(found, "worksteal_journal_partitions") == 1
    assert value(found, "worksteal_journal_partitions_expected") == 4
    assert value(found, "worksteal_recoveries_total") == 2
    assert value(found, "worksteal_recovery_duration_seconds", partition="2") == 0.5
    assert value(found, "worksteal_recovery_rows", partition="2") == 13
    assert value(found, "worksteal_rebalances_total", part="agent") == 3
    assert value(found, "worksteal_log_lines_dropped_total") == 3


def test_a_histogram_adds_up():
    counts = AgentCounts()
    for seconds in (0.0005, 0.001, 0.3, 99.0):
        counts.checkpointed(seconds)
    found = scraped(Snapshot(None, agent(counts=counts)))
    name = "worksteal_checkpoint_duration_seconds"
    buckets = [
        (sample.labels["le"], sample.value)
        for sample in found[name].samples
        if sample.name == f"{name}_bucket"
    ]
    assert [float(edge) for edge, _ in buckets] == [*EDGES_S, float("inf")]
    assert dict(buckets) | {"0.001": 2, "0.25": 2, "0.5": 3, "30.0": 3, "+Inf": 4} == dict(buckets)
    assert value(found, f"{name}_count") == 4
    assert value(found, f"{name}_sum") == pytest.approx(99.3015)


def test_a_name_with_odd_characters_does_not_break_the_text():
    odd = 'a"b\\c\nd'
    found = scraped(Snapshot(None, agent(survey=Survey({}, {odd: Money(1_000_000, 0)}))))
    assert value(found, "worksteal_account_equity_dollars", account=odd) == 1
