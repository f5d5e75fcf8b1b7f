"""The policy is data: presets, overrides, and one sentence for what cannot be used."""

import pytest
from pydantic import ValidationError

from state.rules.policy import DEFAULT, NONE, PRESETS, REFERENCE, Policy, PolicyError, policy_from


@pytest.mark.parametrize(
    ("field", "default", "reference"),
    [
        ("normal_tolerance", 0.0066, 0.0066),
        ("crypto_ooh_tolerance", 0.02, 0.02),
        ("entry_tolerance", 0.0066, 0.0066),
        ("crypto_force_count", 2, 2),
        ("protection", 0.001, 0.004),
        ("cooldown_s", 120.0, 120.0),
        ("fight_threshold", 5, 5),
        ("fight_window_s", 1800.0, 1800.0),
        ("fight_cooldown_s", 600.0, 600.0),
        ("probe_notional", 500.0, 500.0),
        ("distance", "directional", "side_blind"),
        ("calendar", "XNYS", "weekdays"),
        ("rank_source", "desk", "request"),
        ("trigger_decided", "each_time", "on_request"),
        ("tolerance_decimals", None, 4),
        ("probe_by_mode", True, False),
        ("victim_intents", "entry", "any"),
        ("spare_same_side", True, False),
        ("max_victims", 3, 1),
        ("must_free_enough", True, False),
        ("on_fight_lost", "next", "end"),
        ("protect_age_s", 0.0, 0.0),
        ("crypto_fights_exempt", False, False),
        ("stock_leverage", 4.0, 4.0),
        ("stock_leverage_overnight", 2.0, 2.0),
        ("crypto_leverage", 1.0, 1.0),
    ],
)
def test_presets_differ_where_the_rules_say(field, default, reference):
    assert getattr(DEFAULT, field) == default
    assert getattr(REFERENCE, field) == reference


def test_none_is_the_default_with_stealing_off():
    changed = {
        name: value for name, value in NONE.model_dump().items() if value != getattr(DEFAULT, name)
    }
    assert changed == {"name": "none", "enabled": False}
    assert list(PRESETS) == ["none", "reference", "default"]


def test_every_field_says_what_it_means():
    assert all(field.description for field in Policy.model_fields.values())


def test_a_policy_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        DEFAULT.protection = 0.5  # type: ignore[misc]


def test_overrides_lie_on_top_of_a_base():
    policy = policy_from({"protection": 0.0013}, REFERENCE)
    assert (policy.protection, policy.max_victims, policy.name) == (0.0013, 1, "reference")
    assert policy_from({"protection": 0.0013}).max_victims == 3
    assert policy_from({}) == DEFAULT


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"portection": 1}, "portection is no field of a policy"),
        (
            {"protection": 1.5},
            "protection: input should be less than or equal to 1, got 1.5",
        ),
        (
            {"max_victims": 0},
            "max_victims: input should be greater than or equal to 1, got 0",
        ),
        ({"cooldown_s": float("nan")}, "cooldown_s: input should be a finite number, got nan"),
        (
            {"calendar": "LSE"},
            "calendar: input should be 'XNYS' or 'weekdays', got 'LSE'",
        ),
        (
            {"crypto_symbols": [1]},
            "crypto_symbols.0: input should be a valid string, got 1",
        ),
    ],
)
def test_a_bad_policy_is_one_sentence_that_names_the_field(values, sentence):
    with pytest.raises(PolicyError) as caught:
        policy_from(values)
    assert str(caught.value) == sentence


def test_symbols_of_a_policy_take_the_normal_form():
    policy = policy_from({"crypto_symbols": ["btc/usd", "Eth-Usd"], "ranked_symbols": ["sol_usd"]})
    assert policy.crypto_symbols == ("BTCUSD", "ETHUSD")
    assert policy.ranked_symbols == ("SOLUSD",)


def test_a_symbol_on_the_crypto_list_is_crypto_whatever_it_looks_like():
    policy = policy_from({"crypto_symbols": ["DOGE"]})
    assert policy.asset_class("DOGE") == "crypto"
    assert DEFAULT.asset_class("DOGE") == "stock"
    assert policy.asset_class("BTCUSD") == "crypto"


@pytest.mark.parametrize(
    ("kind", "session_open", "leverage"),
    [("crypto", True, 1.0), ("crypto", False, 1.0), ("stock", True, 4.0), ("stock", False, 2.0)],
)
def test_leverage_follows_asset_class_and_time_of_day(kind, session_open, leverage):
    assert DEFAULT.leverage(kind, session_open) == leverage


def test_durations_are_given_in_microseconds_too():
    assert DEFAULT.cooldown_us == 120_000_000
    assert DEFAULT.fight_window_us == 1_800_000_000
    assert DEFAULT.fight_cooldown_us == 600_000_000
    assert DEFAULT.quote_max_age_us == 90_000_000
    assert DEFAULT.snapshot_max_age_us == 300_000_000
