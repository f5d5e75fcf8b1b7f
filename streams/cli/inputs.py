"""What commands have in common: options, and how files and words become policies and data."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from state.rules.policy import PRESETS, Policy, PolicyError, policy_from
from streams.ground.mistakes import Mistake
from streams.market import Market, read_columns, read_market
from streams.strategies import Strategy, load_strategy, strategy_for

from .guarded import Guarded

AUTO = "auto"

Files = Annotated[list[Path], typer.Argument(help="Market files; several are merged on one clock.")]
Columns = Annotated[
    list[Path] | None,
    typer.Option(
        "--columns",
        metavar="FILE",
        help="Column mapping (YAML) for files that are not ours; may be repeated.",
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="FILE|NAME",
        help="Policy file (YAML or JSON) or preset; may be repeated. "
        "[default: none, reference, default]",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Override a policy field; may be repeated."),
]
Capital = Annotated[float, typer.Option(min=1, max=1e8, help="Dollars at the start.")]
PositionSize = Annotated[
    float, typer.Option("--position", min=1, max=1e8, help="Dollars of one entry.")
]
StrategyName = Annotated[
    str, typer.Option("--strategy", metavar="auto|FILE:CLASS", help="Who asks for entries.")
]
FeeRate = Annotated[
    float, typer.Option(min=0, max=0.1, help="The venue's fee, a fraction of notional.")
]

messages = Console(stderr=True, highlight=False)
"""Where progress and remarks go."""


NOT_YAML = (ValueError, RecursionError)
"""What the YAML reader lets through: a date that no calendar has, nesting without end."""


class UsageError(Mistake):
    """A user's mistake; the message is one sentence that says what to do."""


def read_policies(names: Sequence[str] | None, settings: Sequence[str] | None) -> list[Policy]:
    """Return the policies to run, in order; no names: the three presets."""
    overrides = read_settings(settings or ())
    policies = []
    for name in names or tuple(PRESETS):
        base, values = _named(name)
        try:
            policies.append(policy_from(values | overrides, base))
        except PolicyError as error:
            raise UsageError(
                f"policy {name}: {error}; `worksteal policy show` has each field and its meaning."
            ) from error
    seen: set[str] = set()
    for policy in policies:
        if policy.name in seen:
            raise UsageError(
                f"two policies are called {policy.name}: give each file another `name`."
            )
        seen.add(policy.name)
    return policies


def _named(name: str) -> tuple[Policy, dict[str, Any]]:
    """Return a preset, or the default and what a file changes in it."""
    if name in PRESETS:
        return PRESETS[name], {}
    path = Path(name)
    if not os.path.exists(name):  # noqa: PTH110 - Path.exists raises on a name that is too long
        presets = ", ".join(PRESETS)
        raise UsageError(f"{name!r} is no policy file and no preset: the presets are {presets}.")
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: the policy file cannot be read ({error.strerror}); check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: the policy file is not UTF-8 text; save it as such.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise UsageError(
            f"{path}{line}: this is no YAML; write one `field: value` a line."
        ) from None
    except NOT_YAML as error:
        raise UsageError(f"{path}: a value cannot be read ({error}); correct it.") from None
    if not isinstance(body, dict) or not all(isinstance(key, str) for key in body):
        raise UsageError(f"{path}: a policy file has one `field: value` a line.")
    base = body.pop("base", "default")
    if not isinstance(base, str) or base not in PRESETS:
        raise UsageError(f"{path}: base: {base!r} is no preset; they are {', '.join(PRESETS)}.")
    return PRESETS[base], {"name": path.stem, **body}


def read_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Read `field=value` words; values are YAML, so numbers, true and [A, B] mean themselves."""
    values = {}
    for setting in settings:
        field, equals, text = setting.partition("=")
        if not equals or not field:
            raise UsageError(f"--set {setting}: write it as field=value.")
        if field not in Policy.model_fields:
            raise UsageError(
                f"--set {setting}: {field} is no field of a policy; `worksteal policy show` lists them."
            )
        try:
            values[field] = yaml.safe_load(text)
        except (yaml.YAMLError, *NOT_YAML) as error:
            raise UsageError(
                f"--set {setting}: the value cannot be read; write a number, a word, true or false."
            ) from error
    return values


def read_data(
    files: Sequence[Path],
    capital: float,
    position: float,
    columns: Sequence[Path] | None = None,
) -> Market:
    """Read the market files by the mappings given for their columns.

    A position that the capital cannot pay for once is a mistake.
    """
    if position > capital:
        raise UsageError(
            f"--position {position:g} is more than --capital {capital:g}: nothing could be bought; give a smaller position."
        )
    return read_market(files, [read_columns(path) for path in columns or ()])


def make_strategy(name: str, market: Market, position: float) -> Strategy:
    """Return a new strategy, by its reference or the one that suits the data."""
    if name == AUTO:
        return strategy_for(market, position)
    return Guarded(load_strategy(name, position), Path(name.rpartition(":")[0]))
