"""Small market files for tests, written line by line."""

from pathlib import Path

QUOTES = (
    "time,symbol,bid_open,bid_high,bid_low,bid_close,bid_size,"
    "ask_open,ask_high,ask_low,ask_close,ask_size"
)
TRADES = "time,symbol,open,high,low,close,volume"
FORECASTS = "time,symbol,high,low,close,volume,forecast_high,forecast_low,forecast_close"


def write(folder: Path, *lines: str, name: str = "day.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def stamp(minute: int) -> str:
    return f"2018-04-04T{minute // 60:02}:{minute % 60:02}:00Z"


def quote_bar(minute: int, *, bid="10,14,8,12", ask="11,15,9,13", sizes="1,2", symbol="BTCUSD"):
    bid_size, ask_size = sizes.split(",")
    return f"{stamp(minute)},{symbol},{bid},{bid_size},{ask},{ask_size}"
