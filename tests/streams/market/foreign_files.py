"""Our example data in the forms of other people, for tests."""

from pathlib import Path
from typing import Any

from streams.market import Market
from tests.lazily import lazily
from tests.paths import MARKET

pd, pa = lazily("pandas"), lazily("pyarrow")
feather, parquet = lazily("pyarrow.feather"), lazily("pyarrow.parquet")

EXAMPLES = MARKET
FILES = sorted(EXAMPLES.glob("*.csv"))

SIDES = [f"{side}_{price}" for side in ("bid", "ask") for price in ("open", "high", "low", "close")]


def frame_of(path: Path) -> Any:
    """Read one of our files as somebody else would; numbers come out exact."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name in frame.columns[2:]:
        frame[name] = [float(cell) if cell else float("nan") for cell in frame[name]]
    frame["time"] = pd.to_datetime(frame["time"])
    return frame


def kind_of(frame: Any) -> str:
    return "quotes" if "bid_close" in frame.columns else "trades"


def write_parquet(frame: Any, path: Path) -> Path:
    parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return path


def write_feather(frame: Any, path: Path) -> Path:
    feather.write_feather(pa.Table.from_pandas(frame, preserve_index=False), path)
    return path


def notes_without_name(market: Market) -> list[str]:
    return [note.partition(": ")[2] for note in market.notes]


def assert_same(one: Market, two: Market) -> None:
    """Two markets are one and the same but for the names in their notes."""
    assert one.quotes == two.quotes
    assert one.bars == two.bars
    assert (one.symbols, one.kind, one.bar_us) == (two.symbols, two.kind, two.bar_us)
    assert notes_without_name(one) == notes_without_name(two)
