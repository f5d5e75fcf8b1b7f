"""The page of settings, from the model that reads them."""

from typing import Any

import msgspec

from streams.ground.settings import Settings
from streams.ground.settings.load import CONFIG, USUAL_FILE
from streams.ground.settings.model import PREFIX

from .fields import Row, table

_HEAD = ("setting", "default", "allowed", "meaning")

_INTRO = f"""\
# Settings

What a deployment chooses: the broker, folders, ports, times. The rules of trading are
[policy](policy.md) instead. The later of these wins:

1. the default;
2. the settings file, which `--config` or `{CONFIG}` names, else `{USUAL_FILE}` if there is one;
3. the environment: `{PREFIX}` and the name in capitals, as in `{PREFIX}BOOTSTRAP`;
4. the command line, for those that a command takes.

A name that is no setting is an error in any of them. `worksteal config show` prints what is in force
and where it came from, `--yaml` a file to start from; a secret is shown as stars. A variable that
is there and empty means none, where none is the default.
"""


def settings_page() -> str:
    """Render every setting in the order of the model."""
    schema: dict[str, dict[str, Any]] = Settings.model_json_schema()["properties"]
    rows: list[Row] = [
        (f"`{name}`", _default(field), _allowed(name, field), str(field["description"]))
        for name, field in schema.items()
    ]
    lines = [*_INTRO.splitlines(), "", *table(_HEAD, rows), "", "Next: [metrics](metrics.md)"]
    return "\n".join(lines) + "\n"


def _default(field: dict[str, Any]) -> str:
    value = field["default"]
    return "none" if value in (None, "") else f"`{msgspec.json.encode(value).decode()}`"


def _allowed(name: str, field: dict[str, Any]) -> str:
    """Say what a value may be; that one may be none, its default says."""
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    (kind,) = [one for one in field.get("anyOf", [field]) if one["type"] != "null"]
    if kind["type"] == "boolean":
        return "true or false"
    if kind["type"] == "integer":
        unit = " ms" if name.endswith("_ms") else ""
        return f"whole number {kind['minimum']:,} to {kind['maximum']:,}{unit}"
    if kind["type"] == "array":
        year = kind["prefixItems"][0]
        return f"two years, {year['minimum']} to {year['maximum']}"
    if "pattern" in kind:
        return f"text like `{kind['pattern']}`"
    return {"path": "path", "password": "text, a secret"}.get(kind.get("format", ""), "text")
