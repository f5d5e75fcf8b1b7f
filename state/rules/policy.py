"""The policy: every number and choice of the rules, as immutable data.

Two presets.  `REFERENCE` reproduces the original coordinator decision for decision; `DEFAULT` is
the corrected one that users run.  `NONE` is `DEFAULT` with stealing off, to compare against.
Fractions: 0.004 is 0.4 per cent.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from topics.symbols import AssetClass, asset_class, normal_symbol

from .money import seconds_to_us

FractionField = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86_400, allow_inf_nan=False)]
Leverage = Annotated[float, Field(ge=0.1, le=100, allow_inf_nan=False)]

ACTIVE_CRYPTOS = ("BNBUSD", "BTCUSD", "ETHUSD", "LINKUSD", "SKYUSD", "SOLUSD", "UNIUSD")


class PolicyError(ValueError):
    """A policy that cannot be used; the message is one sentence naming the field."""


class _Classes(dict[str, AssetClass]):
    """Asset classes found so far; a new symbol is looked at once."""

    def __init__(self, cryptos: frozenset[str]) -> None:
        super().__init__()
        self._cryptos = cryptos

    def __missing__(self, symbol: str) -> AssetClass:
        found: AssetClass = "crypto" if symbol in self._cryptos else asset_class(symbol)
        self[symbol] = found
        return found


class Policy(BaseModel):
    """One policy.  `policy show` and the reference page print the descriptions below."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    name: str = Field("default", max_length=64, description="shown in reports and logs")

    # Whether to steal at all.
    enabled: bool = Field(True, description="off: a blocked entry stays blocked")
    dry_run: bool = Field(False, description="decide and report, change nothing")

    # When an entry goes.
    normal_tolerance: FractionField = Field(
        0.0066, description="an entry triggers this near its limit"
    )
    crypto_ooh_tolerance: FractionField = Field(
        0.020, description="the same for active cryptos while New York is closed"
    )
    crypto_force_count: int = Field(
        2, ge=0, le=1000, description="while New York is closed this many top ranks go at once"
    )
    crypto_symbols: tuple[str, ...] = Field(ACTIVE_CRYPTOS, description="the active cryptos")
    ranked_symbols: tuple[str, ...] = Field(
        (), description="symbols that are ranked; empty: the active cryptos"
    )
    rank_source: Literal["desk", "request"] = Field(
        "desk", description="who ranks: the desk from forecasts, or the entry's own request"
    )
    trigger_decided: Literal["each_time", "on_request"] = Field(
        "each_time", description="tolerance and force follow the hours, or stay as first found"
    )
    tolerance_decimals: int | None = Field(
        None, ge=0, le=12, description="round a tolerance to so many decimals; null: do not"
    )
    calendar: Literal["XNYS", "weekdays"] = Field(
        "XNYS", description="New York's hours with holidays, or every weekday 09:30-16:00"
    )

    # Who may take from whom.
    entry_tolerance: FractionField = Field(
        0.0066, description="the thief must be at least this near its own limit"
    )
    protection: FractionField = Field(
        0.001, description="an order this near its limit cannot be stolen"
    )
    distance: Literal["directional", "side_blind"] = Field(
        "directional", description="a marketable order is at 0, or as far as it has gone through"
    )
    probe_notional: float = Field(
        500.0, ge=0, allow_inf_nan=False, description="dollars; smaller orders are probes, kept"
    )
    probe_by_mode: bool = Field(True, description="an entry that says it is a probe is one")
    protect_age_s: Seconds = Field(0.0, description="a younger order cannot be stolen; 0: off")
    victim_intents: Literal["entry", "any"] = Field(
        "entry", description="only entry orders can be stolen, or exits too"
    )
    spare_same_side: bool = Field(
        True, description="orders of the thief's own symbol and side are spared"
    )
    max_victims: int = Field(3, ge=1, le=100, description="orders that one steal may cancel")
    must_free_enough: bool = Field(
        True, description="cancel nothing unless it frees what the thief needs"
    )

    # Cooling down and fights.
    cooldown_s: Seconds = Field(120.0, description="a symbol stolen from is spared this long")
    fight_threshold: int = Field(5, ge=1, le=10_000, description="steals of one pair are a fight")
    fight_window_s: Seconds = Field(1800.0, description="steals count for this long")
    fight_cooldown_s: Seconds = Field(600.0, description="cooldown of a symbol in a fight")
    on_fight_lost: Literal["next", "end"] = Field(
        "next", description="a lost fight skips that victim, or ends the attempt"
    )
    crypto_fights_exempt: bool = Field(False, description="two cryptos never fight")

    # What must be known.
    quote_max_age_s: Seconds = Field(90.0, description="an older quote is no price")
    snapshot_max_age_s: Seconds = Field(300.0, description="an older account snapshot is no equity")

    # Waiting for the venue.
    steal_timeout_s: Seconds = Field(10.0, description="a cancel without an answer: steal expired")
    order_timeout_s: Seconds = Field(10.0, description="an order without an answer: reconcile")
    funds_retries: int = Field(3, ge=0, le=100, description="tries after a refusal for funds")
    funds_retry_delay_s: Seconds = Field(1.0, description="between those tries")
    rejections_max: int = Field(3, ge=1, le=100, description="rejected so often, the entry ends")

    # Capital.
    crypto_leverage: Leverage = Field(1.0, description="notional per dollar of equity")
    stock_leverage: Leverage = Field(4.0, description="the same for stocks in the session")
    stock_leverage_overnight: Leverage = Field(
        2.0, description="and from `deleverage_before_close_s` before the close"
    )
    deleverage_before_close_s: Seconds = Field(
        900.0, description="so long before the close an account is brought to overnight leverage"
    )
    overnight_buffer: FractionField = Field(
        0.01, description="of equity, kept free by an account that is brought down"
    )
    borrow_rate: FractionField = Field(
        0.065, description="a year, charged for borrowed stock capital at each close"
    )
    trading_days: int = Field(252, ge=1, le=366, description="closes in a year of `borrow_rate`")
    fee_reserve: FractionField = Field(0.0025, description="of notional, reserved for fees")

    @field_validator("crypto_symbols", "ranked_symbols")
    @classmethod
    def _normal_form(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(normal_symbol(symbol) for symbol in symbols)

    @cached_property
    def cooldown_us(self) -> int:
        """`cooldown_s` in microseconds."""
        return seconds_to_us(self.cooldown_s)

    @cached_property
    def fight_window_us(self) -> int:
        """`fight_window_s` in microseconds."""
        return seconds_to_us(self.fight_window_s)

    @cached_property
    def fight_cooldown_us(self) -> int:
        """`fight_cooldown_s` in microseconds."""
        return seconds_to_us(self.fight_cooldown_s)

    @cached_property
    def quote_max_age_us(self) -> int:
        """`quote_max_age_s` in microseconds."""
        return seconds_to_us(self.quote_max_age_s)

    @cached_property
    def snapshot_max_age_us(self) -> int:
        """`snapshot_max_age_s` in microseconds."""
        return seconds_to_us(self.snapshot_max_age_s)

    @cached_property
    def order_timeout_us(self) -> int:
        """`order_timeout_s` in microseconds."""
        return seconds_to_us(self.order_timeout_s)

    @cached_property
    def deleverage_before_close_us(self) -> int:
        """`deleverage_before_close_s` in microseconds."""
        return seconds_to_us(self.deleverage_before_close_s)

    @cached_property
    def active_cryptos(self) -> frozenset[str]:
        """`crypto_symbols` for membership tests only."""
        return frozenset(self.crypto_symbols)

    @cached_property
    def asset_class(self) -> Callable[[str], AssetClass]:
        """Symbol → asset class; one on the crypto list is crypto whatever it looks like."""
        return _Classes(self.active_cryptos).__getitem__

    def leverage(self, kind: AssetClass, intraday: bool) -> float:
        """Return notional per dollar of equity for an asset class.

        `intraday` is what `Shared.intraday` tells: the session is on, and its close not near.
        """
        if kind == "crypto":
            return self.crypto_leverage
        return self.stock_leverage if intraday else self.stock_leverage_overnight


DEFAULT = Policy()

NONE = Policy(name="none", enabled=False)

REFERENCE = Policy(
    name="reference",
    rank_source="request",
    trigger_decided="on_request",
    tolerance_decimals=4,
    calendar="weekdays",
    protection=0.004,
    distance="side_blind",
    probe_by_mode=False,
    victim_intents="any",
    spare_same_side=False,
    max_victims=1,
    must_free_enough=False,
    on_fight_lost="end",
)

PRESETS = {policy.name: policy for policy in (NONE, REFERENCE, DEFAULT)}


def policy_from(values: Mapping[str, Any], base: Policy = DEFAULT) -> Policy:
    """Return `base` with `values` on top; raises `PolicyError` naming the first bad field."""
    try:
        return Policy.model_validate({**base.model_dump(), **values})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "policy"
        if first["type"] == "extra_forbidden":
            raise PolicyError(f"{field} is no field of a policy") from None
        told = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        raise PolicyError(f"{field}: {told}, got {first['input']!r}") from None
