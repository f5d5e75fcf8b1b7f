"""The catalogue is what creates topics and what subscribers read: it must be whole and unambiguous."""

import re

import msgspec
import pytest

from topics.catalogue import (
    ACCOUNTS,
    CATALOGUE,
    DEAD_LETTERS,
    EXECUTION,
    FILLS,
    FORECASTS,
    INBOUND,
    JOURNAL,
    ORDERS,
    QUOTES,
    STEALS,
    TOPIC_OF,
    Topic,
)
from topics.commands import COMMAND_TYPES
from topics.events import EVENT_TYPES
from topics.facts import FACT_TYPES
from topics.frames import Frame

BY_NAME = pytest.mark.parametrize("topic", CATALOGUE, ids=[topic.name for topic in CATALOGUE])


def test_every_message_type_has_exactly_one_topic():
    carried = [model for topic in CATALOGUE for model in topic.models]
    assert len(carried) == len(set(carried))
    assert set(carried) == {*EVENT_TYPES, *COMMAND_TYPES, *FACT_TYPES, Frame}
    for topic in CATALOGUE:
        for model in topic.models:
            assert TOPIC_OF[model] is topic


def test_every_topic_is_listed_once_under_its_own_name():
    names = [topic.name for topic in CATALOGUE]
    assert names == [
        *("orders", "fills", "accounts", "quotes", "forecasts"),
        *("journal", "execution", "steals", "dead-letters"),
    ]


@BY_NAME
def test_names_are_legal_and_distinct_in_metrics(topic: Topic):
    """Kafka allows dots and underscores and then confuses the two in metric names."""
    assert re.fullmatch(r"[a-z][a-z-]*", topic.name)
    assert topic.purpose


def test_inbound_topics_carry_the_events_and_nothing_else_does():
    assert {model for topic in INBOUND for model in topic.models} == set(EVENT_TYPES)
    assert EXECUTION.models == COMMAND_TYPES
    assert STEALS.models == FACT_TYPES


@pytest.mark.parametrize("topic", [ORDERS, FILLS, ACCOUNTS, EXECUTION, STEALS])
def test_account_topics_are_keyed_by_an_account_that_every_message_has(topic: Topic):
    """Account events of raw partition *i* go to journal partition *i*: the key decides the desk."""
    assert topic.key == "account"
    assert topic.partitions is None, "they share the journal's partition count"
    for model in topic.models:
        assert "account" in model.__struct_fields__


@pytest.mark.parametrize("topic", [QUOTES, FORECASTS])
def test_market_topics_are_keyed_by_symbol_and_know_no_account(topic: Topic):
    assert topic.key == "symbol"
    for model in topic.models:
        fields = model.__struct_fields__
        assert "symbol" in fields
        assert "account" not in fields


def test_the_journal_is_stamped_by_the_broker_and_never_compacted():
    """Its time is the desk's clock, and the cursor relies on offsets without holes."""
    assert JOURNAL.append_time
    assert JOURNAL.cleanup == "delete"
    assert JOURNAL.partitions is None
    assert [topic for topic in CATALOGUE if topic.append_time] == [JOURNAL]


def test_what_explains_a_decision_is_kept_as_long_as_the_journal():
    assert DEAD_LETTERS.retention_ms >= JOURNAL.retention_ms
    assert all(topic.retention_ms <= JOURNAL.retention_ms for topic in INBOUND)


def test_tags_are_unique_over_all_messages():
    """A subscriber to several topics tells messages apart by `type` alone."""
    models = [*EVENT_TYPES, *COMMAND_TYPES, *FACT_TYPES]
    tags = [model.__struct_config__.tag for model in models]
    assert len(tags) == len(set(tags))
    assert all(isinstance(tag, str) and re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", tag) for tag in tags)


@BY_NAME
def test_every_message_has_the_version_of_its_topic(topic: Topic):
    for model in topic.models:
        (version,) = (field for field in msgspec.structs.fields(model) if field.name == "v")
        assert version.default == topic.version


def test_messages_refuse_fields_that_they_do_not_know():
    """A misspelt optional field would otherwise be an order at the wrong price."""
    for model in TOPIC_OF:
        assert model.__struct_config__.forbid_unknown_fields
        assert model.__struct_config__.frozen
