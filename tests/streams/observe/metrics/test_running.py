"""`/metrics` of a running worker on a real broker: the values are what it was fed."""

import asyncio
import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from bench.workload import ACCOUNTS, SYMBOLS, account
from streams.observe.metrics.catalogue import METRICS
from streams.observe.metrics.counts import RECORD_REASONS
from streams.observe.metrics.survey import OTHERS
from tests.faults.deployment import PARTITIONS, wait_until
from tests.streams.journal.deployed import everything
from tests.streams.observe.metrics.halves import (
    BLOCKED,
    DEAD,
    DEADLINE_S,
    IN_FLIGHT,
    LOST,
    NAMED,
    REFUSED,
    SETTLED,
    STARTED,
    Halves,
    values,
)
from topics.catalogue import INBOUND, STEALS

pytestmark = pytest.mark.broker

POLICIES = PARTITIONS
"""The opening sends one to each partition."""

ORDERS = 2 * len(STARTED) + 2 * len(SETTLED) + 2
"""Sound records on `orders`: orders and entries, cancels and acceptances, what is refused."""

PLACES = {(str(number),) for number in range(PARTITIONS)}


def test_the_sequencers_counts_are_what_it_was_fed(running: Halves):
    found = running.scrape("sequencer")
    assert values(found, "worksteal_sequencer_records_total", "topic") == {
        ("accounts",): ACCOUNTS + POLICIES,
        ("quotes",): len(SYMBOLS) + DEAD["quotes", "not_json"],
        ("orders",): ORDERS + DEAD["orders", "wrong_topic"],
        ("fills",): len(LOST),
        ("forecasts",): 0,
    }
    letters = values(found, "worksteal_dead_letters_total", "topic", "reason")
    assert {labels: count for labels, count in letters.items() if count} == DEAD
    frames = values(found, "worksteal_sequencer_frames_total", "partition")
    assert set(frames) == PLACES
    assert all(frames.values())
    (polls,) = values(found, "worksteal_sequencing_latency_seconds_count").values()
    (seconds,) = values(found, "worksteal_sequencing_latency_seconds_sum").values()
    assert polls >= 3
    assert 0 < seconds < polls * 60
    assert values(found, "worksteal_ready", "part") == {("sequencer",): 1}
    assert values(found, "worksteal_rebalances_total", "part") == {("sequencer",): 1}


def test_the_agents_counts_are_what_followed(running: Halves):
    found = running.scrape("agent")
    assert values(found, "worksteal_steals_total", "outcome") == {
        ("started",): len(STARTED),
        ("settled",): len(SETTLED),
        ("lost",): len(LOST),
        ("expired",): 0,
    }
    commands = values(found, "worksteal_commands_total", "type")
    assert (commands[("cancel",)], commands[("steal",)]) == (len(STARTED), len(SETTLED))
    refused = values(found, "worksteal_event_refusals_total", "reason")
    assert {reason: count for reason, count in refused.items() if count} == {("unknown_entry",): 1}
    events = values(found, "worksteal_agent_events_total", "partition")
    of_accounts = ACCOUNTS + POLICIES + ORDERS + len(LOST)
    assert sum(events.values()) == of_accounts + PARTITIONS * len(SYMBOLS)
    assert values(found, "worksteal_account_halts_total") == {(): 0}


def test_refusals_are_those_on_the_topic(running: Halves):
    """An entry that waits for capital may be refused anew when time passes."""
    settings = running.deployment.settings
    topic = settings.topic(STEALS.name)

    def same() -> bool:
        told = values(running.scrape("agent"), "worksteal_entry_refusals_total", "reason")
        records = asyncio.run(everything(settings, topic)).values()
        facts = [msgspec.json.decode(record.value or b"") for one in records for record in one]
        said = Counter(fact["reason"] for fact in facts if fact["type"] == "entry.blocked")
        assert set(said) == {"no_steal_candidates", "insufficient_capital"}
        return {reason: count for (reason,), count in told.items() if count} == said

    wait_until(same, DEADLINE_S, every=0.2)


def test_a_decision_counts_once_when_its_commands_are_acknowledged(running: Halves):
    found = running.scrape("agent")
    (count,) = values(found, "worksteal_decision_latency_seconds_count").values()
    (seconds,) = values(found, "worksteal_decision_latency_seconds_sum").values()
    # Several steals of a partition may have come in one frame; none before the venue's answers.
    assert 2 <= count <= len(STARTED) + len(SETTLED)
    assert 0 < seconds < count * 60


def test_the_agents_places_recovery_and_checkpoints(running: Halves):
    found = running.scrape("agent")
    assert values(found, "worksteal_journal_partitions") == {(): PARTITIONS}
    assert values(found, "worksteal_journal_partitions_expected") == {(): PARTITIONS}
    assert set(values(found, "worksteal_journal_lag_frames", "partition")) == PLACES
    assert values(found, "worksteal_recoveries_total") == {(): PARTITIONS}
    assert values(found, "worksteal_recovery_rows", "partition") == dict.fromkeys(PLACES, 0)
    took = values(found, "worksteal_recovery_duration_seconds", "partition")
    assert set(took) == PLACES
    assert all(0 < seconds < 60 for seconds in took.values())
    (checkpoints,) = values(found, "worksteal_checkpoint_duration_seconds_count").values()
    assert checkpoints >= PARTITIONS
    assert values(found, "worksteal_ready", "part") == {("agent",): 1}
    assert values(found, "worksteal_build_info", "version", "python").values()


def test_capital_is_what_the_accounts_pages_say(running: Halves):
    pages = [
        json.loads(running.ask("agent", f"/accounts/{account(number)}").text)
        for number in (*STARTED, BLOCKED, REFUSED)
    ]
    capital = [page["capital"] for page in pages]
    found = running.scrape("agent")
    used = values(found, "worksteal_capital_used_dollars", "partition")
    assert sum(used.values()) == pytest.approx(sum(c["reserved_micros"] for c in capital) / 1e6)
    assert sum(used.values()) > 0
    equity = values(found, "worksteal_equity_dollars", "partition")
    assert sum(equity.values()) == ACCOUNTS * 10_000
    ratios = values(found, "worksteal_capital_used_ratio_max", "partition")
    most = max(c["reserved_micros"] / c["equity_micros"] for c in capital)
    assert max(ratios.values()) == pytest.approx(most)
    for name, wanted in (("accounts", ACCOUNTS), ("steals_in_flight", len(IN_FLIGHT))):
        assert sum(values(found, f"worksteal_{name}", "partition").values()) == wanted
    books = {name: sum(len(page[name]) for page in pages) for name in ("orders", "entries")}
    for name, wanted in books.items():
        assert sum(values(found, f"worksteal_{name}", "partition").values()) == wanted
    blocked = values(found, "worksteal_entries_blocked", "partition")
    assert sum(blocked.values()) >= 1


def test_labels_are_bounded_by_the_codes_own_lists(running: Halves):
    allowed: dict[str, Any] = {
        "partition": {place for (place,) in PLACES},
        "topic": {topic.name for topic in INBOUND},
        "part": {"sequencer", "agent"},
        "account": {account(number) for number in range(NAMED)} | {OTHERS},
    }
    for half in ("sequencer", "agent"):
        found = running.scrape(half)
        names = {metric.name.removesuffix("_total") for metric in METRICS}
        names = {name for name in names if name in found}
        assert names
        for name in names:
            for sample in found[name].samples:
                for label, value in sample.labels.items():
                    assert value in allowed.get(label, {value}), (name, label)
    letters = values(running.scrape("sequencer"), "worksteal_dead_letters_total", "topic", "reason")
    assert {reason for _, reason in letters} == set(RECORD_REASONS)


def test_some_accounts_have_their_own_figures_and_the_rest_are_added_up(running: Halves):
    equity = values(running.scrape("agent"), "worksteal_account_equity_dollars", "account")
    assert equity.pop((OTHERS,)) == (ACCOUNTS - NAMED) * 10_000
    assert equity == {(account(number),): 10_000.0 for number in range(NAMED)}


def test_it_is_prometheus_own_format(running: Halves):
    answer = running.ask("agent")
    assert answer.kind.startswith("text/plain")
    assert "version=" in answer.kind
    assert answer.text.endswith("\n")
