"""Reads the settings: what a command was told, over the environment, over a YAML file, over defaults.

The file is the one named by `--config` or `WORKSTEAL_CONFIG`, else `worksteal.yaml` if it is there.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from streams.ground.mistakes import Mistake

from .model import PREFIX, Settings

CONFIG = f"{PREFIX}CONFIG"
USUAL_FILE = Path("worksteal.yaml")

OTHER_VARIABLES = frozenset({CONFIG, f"{PREFIX}VECTORS"})
"""Ours, but no settings: the file's name, and the vectors of the conformance tests."""


class SettingsError(Mistake):
    """Settings that cannot be used; the message is one sentence that says what to do."""


class Loaded(NamedTuple):
    """The settings in force, and for each where its value came from."""

    settings: Settings
    sources: dict[str, str]


def load_settings(config: Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings; `options` is what the command line says (None values say nothing).

    Raises `SettingsError` for a file that cannot be read, an unknown key, or a bad value.
    """
    return load_with_sources(config, options).settings


def load_with_sources(
    config: Path | None = None, options: Mapping[str, Any] | None = None
) -> Loaded:
    """Read the settings as `load_settings` does, and say where each came from."""
    _refuse_unknown_variables()
    path, in_file = _read_file(config)
    in_environment = EnvSettingsSource(Settings)()
    given = {key: value for key, value in (options or {}).items() if value is not None}

    places = dict.fromkeys(Settings.model_fields, "default")
    places |= dict.fromkeys(in_file, str(path))
    places |= {key: f"{PREFIX}{key.upper()}" for key in in_environment}
    places |= dict.fromkeys(given, "command line")
    try:
        return Loaded(Settings(**(in_file | in_environment | given)), places)
    except ValidationError as error:
        raise SettingsError(_sentence(error, places)) from None


def _read_file(config: Path | None) -> tuple[Path | None, dict[str, Any]]:
    """Return the settings file and what is in it.

    Read here because pydantic-settings' own source takes a file that is missing, a folder and an
    unknown key for nothing said, or tells them without the file's name.
    """
    named = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    path = named or USUAL_FILE
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named is None:
            return None, {}
        raise SettingsError(f"{path}: there is no such settings file; check the path.") from None
    except OSError as error:
        raise SettingsError(
            f"{path}: the settings cannot be read ({error.strerror}); check the path."
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SettingsError(f"{path}: this is no YAML; write one `setting: value` a line.") from None  # fmt: skip
    if body is None:
        return path, {}
    if not isinstance(body, dict) or not all(isinstance(key, str) for key in body):
        raise SettingsError(f"{path}: a settings file has one `setting: value` a line.")
    for key in body:
        if key not in Settings.model_fields:
            raise SettingsError(f"{path}: {key} is no setting{_like(key)}")
    return path, body


def _refuse_unknown_variables() -> None:
    for name in sorted(os.environ):
        spelled = name.upper()  # the environment's values are read in any case
        if spelled.startswith(PREFIX) and spelled not in OTHER_VARIABLES:
            key = spelled.removeprefix(PREFIX).lower()
            if key not in Settings.model_fields:
                raise SettingsError(f"the environment has {name}, which is no setting{_like(key)}")


def _like(key: str) -> str:
    near = get_close_matches(key, Settings.model_fields, 1)
    return f"; did you mean {near[0]}?" if near else "; `worksteal config show` lists them."


def _sentence(error: ValidationError, places: Mapping[str, str]) -> str:
    """Say which value is wrong, where it came from, and why; never the value, it may be secret."""
    fault = error.errors(include_input=False)[0]
    field = str(fault["loc"][0]) if fault["loc"] else "settings"
    place = places.get(field, field)
    if place == "command line":
        place = f"--{field.replace('_', '-')}"
    elif not place.startswith(PREFIX):
        place = f"{place}: {field}"
    why = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {why[0].lower()}{why[1:]}."
