"""The mapping of other people's columns to ours: a small YAML file, or the same as an object."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from .cells import is_symbol
from .errors import MarketError
from .table import BAR_US_MIN, HOUR_US, MINUTE_US, SECOND_US

RowKind = Literal["trades", "quotes", "ticks", "recorded"]
TimeForm = Literal["iso", "s", "ms", "us", "ns"]

FORECASTS = ("forecast_high", "forecast_low", "forecast_close")
SIZES = ("bid_size", "ask_size")
NEEDED: dict[RowKind, tuple[str, ...]] = {
    "trades": ("time", "high", "low", "close"),
    "quotes": ("time", *(f"{s}_{p}" for s in ("bid", "ask") for p in ("high", "low", "close"))),
    "ticks": ("time", "bid", "ask"),
    "recorded": (),
}
OPTIONAL: dict[RowKind, tuple[str, ...]] = {
    "trades": ("symbol", "open", "volume", *FORECASTS),
    "quotes": ("symbol", "bid_open", "ask_open", *SIZES),
    "ticks": ("symbol", *SIZES),
    "recorded": (),
}
TOGETHER = (FORECASTS, ("bid_open", "ask_open"))
"""Fields that are given together or not at all."""

_LENGTH = re.compile(r"(\d{1,9})\s*(s|min|m|h|d)")
_UNIT_US = {
    "s": SECOND_US,
    "m": MINUTE_US,
    "min": MINUTE_US,
    "h": HOUR_US,
    "d": 24 * HOUR_US,
}
_PLACE = "{symbol}"
BAR_US_MAX = 7 * 24 * HOUR_US


class ColumnMap(BaseModel):
    """Where our fields stand in somebody's data, and how they are written there.

    `columns` gives the name of their column for each of our fields; in a CSV file a whole number is
    the place of the column, from 1.  Columns that are not named are ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: RowKind = Field(description="What a row is: a bar of trades, of quotes, or one quote.")
    columns: dict[str, Annotated[StrictStr | StrictInt, Field()]] = Field(
        default={}, description="Our field: their column."
    )
    time: TimeForm = Field(
        default="iso", description="How times are written: as text, or as a count since 1970."
    )
    zone: str | None = Field(
        default=None, description="Time zone of times that name none, such as America/New_York."
    )
    stamp: Literal["start", "end"] = Field(
        default="start", description="Which end of its bar a time names."
    )
    symbol: str | None = Field(
        default=None,
        description="The symbol of all rows, or where the file's name has it: {symbol}-1m-*.csv.",
    )
    bar: str | None = Field(
        default=None, description="Length of a bar: 60s, 5m, 1h; without it the shortest step."
    )
    header: bool = Field(default=True, description="Whether the first line of a CSV names columns.")
    delimiter: str = Field(default=",", description="What stands between the cells of a CSV.")
    files: str = Field(default="*", description="Names of the files that this mapping is for.")

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (ValueError, OSError, LookupError):
                raise ValueError(
                    f"{zone!r} is no time zone such as UTC or America/New_York"
                ) from None
        return zone

    @field_validator("symbol")
    @classmethod
    def _symbol(cls, symbol: str | None) -> str | None:
        if symbol is not None and _PLACE not in symbol and not is_symbol(symbol):
            raise ValueError(f"{symbol!r} is neither a symbol nor a file name with {_PLACE} in it")
        return symbol

    @field_validator("bar")
    @classmethod
    def _bar(cls, bar: str | None) -> str | None:
        if bar is not None and not BAR_US_MIN <= _length_us(bar) <= BAR_US_MAX:
            raise ValueError(f"{bar!r} is not between 10s and 7d")
        return bar

    @field_validator("delimiter")
    @classmethod
    def _delimiter(cls, delimiter: str) -> str:
        if len(delimiter) != 1 or delimiter in '\r\n"':
            raise ValueError(f"{delimiter!r} is not one character such as ; or a tab")
        return delimiter

    @model_validator(mode="after")
    def _whole(self) -> "ColumnMap":
        needed, allowed = NEEDED[self.kind], (*NEEDED[self.kind], *OPTIONAL[self.kind])
        for field in self.columns:
            if field not in allowed:
                listed = ", ".join(allowed) or "none"
                raise ValueError(f"columns.{field} is no field of {self.kind}; they are {listed}")
        for field in needed:
            if field not in self.columns:
                raise ValueError(f"columns.{field} is missing, and {self.kind} need it")
        for group in TOGETHER:
            given = [field for field in group if field in self.columns]
            if given and len(given) < len(group):
                raise ValueError(f"columns: {', '.join(group)} come together or not at all")
        if self.kind != "recorded" and ("symbol" in self.columns) == (self.symbol is not None):
            raise ValueError("say either columns.symbol or symbol, the one for all rows")
        if self.kind == "ticks" and self.stamp == "end":
            raise ValueError("stamp: end is for bars; a tick is an instant")
        if not self.header and any(isinstance(name, str) for name in self.columns.values()):
            raise ValueError("without a header columns are numbers, from 1")
        return self

    @property
    def bar_us(self) -> int | None:
        """The length of a bar in microseconds, None if it is to be found in the data."""
        return None if self.bar is None else _length_us(self.bar)

    def is_for(self, path: Path) -> bool:
        """Tell whether this mapping is for a file of this name."""
        return fnmatchcase(path.name, self.files)

    def symbol_of(self, name: str) -> str | None:
        """Return the one symbol of a file of this name; None if each row has its own, or none fits."""
        if self.symbol is None or _PLACE not in self.symbol:
            return self.symbol
        before, _, after = self.symbol.partition(_PLACE)
        found = re.fullmatch(f"{_glob(before)}(.+?){_glob(after)}", name)
        return found[1] if found else None


def _glob(text: str) -> str:
    return ".*".join(map(re.escape, text.split("*")))


def _length_us(text: str) -> int:
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no length such as 60s, 5m, 1h or 1d")
    return int(found[1]) * _UNIT_US[found[2]]


def own_columns(names: Sequence[str], symbol: str | None = None) -> ColumnMap:
    """Return the mapping of data whose columns have our names already.

    What a row is follows from them: `bid` makes ticks, `bid_close` bars of quotes, else bars of
    trades.  Columns beyond ours are ignored.  Raises `MarketError` if one is missing.
    """
    kind: RowKind = "trades"
    if "bid" in names:
        kind = "ticks"
    elif "bid_close" in names:
        kind = "quotes"
    missing = [name for name in NEEDED[kind] if name not in names]
    if "symbol" not in names and symbol is None:
        missing.append("symbol")
    if missing:
        raise MarketError(
            f"column {missing[0]!r} is missing; name the columns as ours or give a column mapping."
        )
    found = {
        name: name
        for name in (*NEEDED[kind], *OPTIONAL[kind])
        if name in names and not (name == "symbol" and symbol is not None)
    }
    for group in TOGETHER:
        if not all(field in found for field in group):
            found = {ours: theirs for ours, theirs in found.items() if ours not in group}
    return ColumnMap(kind=kind, columns=found, symbol=symbol)


def read_columns(path: Path) -> ColumnMap:
    """Read a mapping from a YAML file; raises `MarketError` with what is wrong in it."""
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MarketError(
            f"{path}: the mapping cannot be read ({error.strerror}); check the path."
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark is not None else ""
        raise MarketError(
            f"{path}{line}: this is no YAML; write one `field: value` a line."
        ) from None
    if not isinstance(body, dict):
        raise MarketError(f"{path}: a column mapping has one `field: value` a line.")
    try:
        return ColumnMap.model_validate(body)
    except ValidationError as error:
        raise MarketError(f"{path}: {_fault(error)}.") from None


def _fault(error: ValidationError) -> str:
    """Say the first thing that is wrong with a mapping, without a full stop."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("str", "int"))
    if first["type"] == "extra_forbidden":
        return f"{where} is not known; the fields are {', '.join(ColumnMap.model_fields)}"
    if first["type"] == "missing":
        return f"{where} is missing; add it"
    told = first["msg"].removeprefix("Value error, ")
    return f"{where}: {told[0].lower()}{told[1:]}" if where else told
