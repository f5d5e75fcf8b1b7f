"""What the page says about data is so: its mappings read its samples, its code runs."""

import re
import subprocess
import sys

import pytest
import yaml

from streams.market import Market, read_columns, read_market
from streams.market.columns import NEEDED, OPTIONAL, ColumnMap
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "backtest.md").read_text(encoding="utf-8")
SECTION = re.split(r"^## ", PAGE.split("\n## Data\n")[1], flags=re.MULTILINE)[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)


SAMPLES = dict(zip([re.findall(r"^# (\S+)", text)[0] for text in blocks("yaml")], blocks("csv"), strict=False))  # fmt: skip
MAPPINGS = {re.findall(r"^# (\S+)", text)[0]: text for text in blocks("yaml")}


def read(folder, name: str) -> Market:
    path, mapping = folder / name, folder / "mapping.yaml"
    path.write_text(SAMPLES[name], encoding="utf-8")
    mapping.write_text(MAPPINGS[name], encoding="utf-8")
    return read_market([path], read_columns(mapping))


@pytest.mark.parametrize(
    ("name", "symbols", "bars", "bar_s"),
    [
        ("BTCUSDT-1m-2024-01.csv", ("BTCUSDT",), 2, 60),
        ("BTC_USDT-5m.csv", ("BTCUSDT",), 2, 300),
        ("AAPL.csv", ("AAPL",), 2, 3600),
        ("quotes.csv", ("AAPL", "NVDA"), 3, 10),
    ],
)
def test_mappings_of_the_page_read_their_samples(tmp_path, name, symbols, bars, bar_s):
    assert name in SAMPLES
    market = read(tmp_path, name)
    assert (market.symbols, len(market.bars)) == (symbols, bars)
    assert market.bar_us == bar_s * 1_000_000


def test_every_sample_and_mapping_of_the_page_is_tried():
    assert list(SAMPLES) == ["BTCUSDT-1m-2024-01.csv", "BTC_USDT-5m.csv", "AAPL.csv", "quotes.csv"]
    assert [*MAPPINGS][len(SAMPLES) :] == ["day.rec"]


def test_times_of_a_zone_are_moved(tmp_path):
    assert read(tmp_path, "AAPL.csv").bars[0].start_us == 1_522_848_600_000_000  # 13:30 UTC


def test_the_mapping_among_the_examples_is_that_of_the_page():
    example = ROOT / "examples" / "market" / "mapping.yaml"
    assert yaml.safe_load(example.read_text(encoding="utf-8")) == yaml.safe_load(
        MAPPINGS["BTCUSDT-1m-2024-01.csv"]
    )
    assert read_columns(example).kind == "trades"


def test_the_mapping_of_a_recording(tmp_path):
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPINGS["day.rec"], encoding="utf-8")
    assert read_columns(path).bar_us == 10_000_000


def test_the_page_names_every_field():
    told = re.findall(r"^\| `(\w+)` \|", SECTION, re.MULTILINE)
    assert told == [*ColumnMap.model_fields, "kind", "trades", "quotes", "ticks"]
    for kind in ("trades", "quotes", "ticks"):
        row = re.findall(rf"^\| `{kind}` \| (.*) \| (.*) \|$", SECTION, re.MULTILINE)[0]
        assert [re.findall(r"`(\w+)`", cell) for cell in row] == [
            list(NEEDED[kind]),
            list(OPTIONAL[kind]),
        ]


def test_the_code_of_the_page_runs():
    (code,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert [done.stdout] == blocks("text")
