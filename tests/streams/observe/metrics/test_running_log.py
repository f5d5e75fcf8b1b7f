"""What a running worker writes on standard error when that is no terminal: one JSON object a line."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from bench.workload import account
from tests.faults.deployment import Worker, deployed, wait_until
from tests.streams.journal.deployed import everything
from tests.streams.observe.metrics.halves import (
    BLOCKED,
    DEADLINE_S,
    IN_FLIGHT,
    LOST,
    REFUSED,
    SECRETS,
    SETTLED,
    STARTED,
    Halves,
)
from topics.catalogue import EXECUTION, STEALS

pytestmark = pytest.mark.broker

DECISIONS = "worksteal.decisions"

SAYS_NO_MORE_THAN = {
    "time", "level", "logger", "event", "id", "account", "cause", "steal", "entry", "order", "symbol",
    "reason", "attempt", "victims", "funded_by", "unanswered", "won", "pair",
}  # fmt: skip


def lines(worker: Worker) -> list[dict[str, Any]]:
    """Return what it has written so far; the last line may be half written."""
    whole, _, _ = worker.said.rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def decisions(running: Halves, event: str) -> dict[str, dict[str, Any]]:
    """Return the lines of one kind by account."""
    found = (line for line in lines(running.agent) if line["logger"] == DECISIONS)
    return {line["account"]: line for line in found if line["event"] == event}


def test_every_line_is_an_object_that_says_when_how_bad_and_who(running: Halves):
    for worker in (running.sequencer, running.agent):
        told = lines(worker)
        assert told
        for line in told:
            assert list(line)[:4] == ["time", "level", "logger", "event"]
            assert line["level"] in ("debug", "info", "warning", "error", "critical")
            assert line["time"].endswith("Z")
        assert any(line["event"].startswith("ready after") for line in told)


def test_the_libraries_speak_in_the_same_form(running: Halves):
    names = {line["logger"].partition(".")[0] for line in lines(running.agent)}
    assert {"worksteal", "aiokafka"} <= names


def test_a_steal_is_one_line_with_its_id_account_entry_and_victims(running: Halves):
    found = decisions(running, "steal.started")
    assert sorted(found) == [account(number) for number in STARTED]
    line = found[account(IN_FLIGHT[0])]
    assert (line["level"], line["entry"], line["victims"]) == ("info", "e0", ["w0"])
    assert line["steal"]
    assert line["id"].startswith(f"{IN_FLIGHT[0] % 4}-")
    assert line["cause"].startswith("orders:")


def test_what_became_of_it_is_a_line_too(running: Halves):
    assert sorted(decisions(running, "steal.settled")) == [account(n) for n in SETTLED]
    (lost,) = decisions(running, "steal.lost").values()
    assert (lost["account"], lost["reason"]) == (account(LOST[0]), "victim_filled")
    blocked = decisions(running, "entry.blocked")[account(BLOCKED)]
    assert (blocked["level"], blocked["reason"]) == ("debug", "no_steal_candidates")
    (refused,) = decisions(running, "event.refused").values()
    assert (refused["account"], refused["reason"]) == (account(REFUSED), "unknown_entry")


def test_each_message_on_the_topics_has_one_line(running: Halves):
    settings = running.deployment.settings

    def same() -> bool:
        published = []
        for topic in (EXECUTION, STEALS):
            for records in asyncio.run(everything(settings, settings.topic(topic.name))).values():
                published += [msgspec.json.decode(record.value or b"")["id"] for record in records]
        said = [line["id"] for line in lines(running.agent) if line["logger"] == DECISIONS]
        assert len(said) == len(set(said)) > 4 * len(STARTED)
        return sorted(said) == sorted(published)

    wait_until(same, DEADLINE_S, every=0.2)


def test_a_decisions_line_has_no_more_than_what_leads_to_it(running: Halves):
    for line in lines(running.agent):
        if line["logger"] == DECISIONS:
            assert set(line) <= SAYS_NO_MORE_THAN


def test_no_line_has_a_secret_or_what_a_record_holds(running: Halves):
    for worker in (running.sequencer, running.agent):
        for secret in SECRETS.values():
            assert secret not in worker.log()
        assert "limit" not in worker.log()
        assert "not JSON" not in worker.log()


def test_a_worker_speaks_in_that_form_from_its_start_to_its_end(broker, tmp_path):
    with deployed(broker.address, tmp_path) as deployment:
        worker = deployment.start("alone", WORKSTEAL_LOG_FORMAT="json")
        worker.wait_ready()
        assert worker.stop() == 0
        told = lines(worker)
        assert {line["level"] for line in told} == {"info"}
        assert {line["logger"] for line in told} == {"worksteal"}
