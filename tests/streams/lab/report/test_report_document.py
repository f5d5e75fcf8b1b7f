"""`--json`: the agreed keys, and nothing a JSON parser would refuse."""

import json
import math
from dataclasses import replace

import pytest

from streams.lab.errors import ReportError
from streams.lab.report import comparison_document
from tests.streams.lab.report import synthetic

RUN_KEYS = [
    "entries",
    "fills",
    "steals",
    "steals_settled",
    "steals_lost",
    "blocks",
    "commands",
    "pnl",
    "fees",
    "interest",
    "max_drawdown",
    "max_drawdown_fraction",
    "capital_mean",
    "capital_peak",
    "idle_fraction",
    "capacity_breaches",
    "refusals",
    "swept",
    "worth",
    "against_baseline",
    "digest",
    "state_digest",
]
PERIOD_KEYS = ["first_us", "last_us", "quotes", "horizon_us", "runs"]
SHARED_KEYS = ["files", "symbols", "capital", "position", "strategy", "notes", "baseline"]
KEYS = [*SHARED_KEYS, *PERIOD_KEYS, "digest"]


def test_it_survives_json_and_keeps_keys_and_order() -> None:
    document = comparison_document(synthetic.full())
    back = json.loads(json.dumps(document, allow_nan=False))
    assert back == document
    assert list(back) == KEYS
    assert list(back["runs"]) == ["none", "reference", "default"]
    assert all(list(run) == RUN_KEYS for run in back["runs"].values())


def test_figures_are_those_of_the_runs() -> None:
    compared = synthetic.full()
    runs = comparison_document(compared)["runs"]
    assert isinstance(runs, dict)
    for name, result in compared.first.comparison.runs.items():
        own = ("swept", "worth", "against_baseline")
        assert {key: runs[name][key] for key in RUN_KEYS if key not in own} == {
            key: getattr(result, key) for key in RUN_KEYS if key not in own
        }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_named(value: float) -> None:
    broken = replace(synthetic.run("default"), pnl=value)
    with pytest.raises(ReportError, match=r"comparison\.runs\.default\.pnl"):
        comparison_document(synthetic.comparison(broken))


def test_changing_the_document_leaves_the_result_alone() -> None:
    compared = synthetic.full()
    runs = comparison_document(compared)["runs"]
    assert isinstance(runs, dict)
    runs["none"]["refusals"].clear()
    assert compared.first.comparison.runs["none"].refusals == {"no_capital": 812}


def test_two_periods_stand_under_their_names() -> None:
    document = comparison_document(synthetic.swept(2, parts=2))
    assert list(document) == [*SHARED_KEYS, "fit", "unseen", "digest"]
    for name in ("fit", "unseen"):
        period = document[name]
        assert isinstance(period, dict)
        assert list(period) == PERIOD_KEYS
        assert period["runs"]["default protection=0.0002"]["swept"] == {"protection": 0.0002}


def test_steals_are_told_in_dollars_and_shares() -> None:
    runs = comparison_document(synthetic.full())["runs"]
    assert isinstance(runs, dict)
    assert runs["default"]["worth"] == {
        "settled": 56,
        "lost": 28,
        "expired": 0,
        "open": 0,
        "settled_of_ended": 56 / 84,
        "thieves_filled": 28,
        "filled_of_settled": 0.5,
        "victims_would_have_filled": 14,
        "thieves": 168.0,
        "victims": -84.0,
        "gain_per_steal": 4.5,
        "thief_did_better": 0.5,
    }
    assert runs["none"]["worth"]["settled_of_ended"] is None
    assert runs["none"]["worth"]["gain_per_steal"] is None


def test_the_baseline_is_held_against_nothing() -> None:
    runs = comparison_document(synthetic.full())["runs"]
    assert isinstance(runs, dict)
    assert runs["none"]["against_baseline"] is None
    assert runs["reference"]["against_baseline"] == {
        "days": 31,
        "difference": 1_234.567,
        "low": -50.25,
        "high": 1_234.5,
        "above_zero": 0.875,
    }
