"""`--json`: the agreed keys, and nothing a JSON parser would refuse."""

import json
import math
from dataclasses import replace

import pytest

from streams.report import ReportError, comparison_document
from tests.streams.report import synthetic

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
    "max_drawdown",
    "max_drawdown_fraction",
    "capital_mean",
    "capital_peak",
    "capacity_breaches",
    "refusals",
    "digest",
    "state_digest",
]
KEYS = [
    "files",
    "symbols",
    "first_us",
    "last_us",
    "quotes",
    "capital",
    "position",
    "strategy",
    "notes",
    "runs",
]


def test_it_survives_json_and_keeps_keys_and_order() -> None:
    document = comparison_document(synthetic.full())
    back = json.loads(json.dumps(document, allow_nan=False))
    assert back == document
    assert list(back) == KEYS
    assert list(back["runs"]) == ["none", "reference", "default"]
    assert all(list(run) == RUN_KEYS for run in back["runs"].values())


def test_figures_are_those_of_the_runs() -> None:
    comparison = synthetic.full()
    runs = comparison_document(comparison)["runs"]
    assert isinstance(runs, dict)
    for name, result in comparison.runs.items():
        assert runs[name] == {key: getattr(result, key) for key in RUN_KEYS}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_named(value: float) -> None:
    broken = replace(synthetic.run("default"), pnl=value)
    with pytest.raises(ReportError, match=r"comparison\.runs\.default\.pnl"):
        comparison_document(synthetic.comparison(broken))


def test_changing_the_document_leaves_the_result_alone() -> None:
    comparison = synthetic.full()
    runs = comparison_document(comparison)["runs"]
    assert isinstance(runs, dict)
    runs["none"]["refusals"].clear()
    assert comparison.runs["none"].refusals == {"no_capital": 812}
