"""docker-compose.yml as data: its services, the order in which they start, what each runs."""

from graphlib import TopologicalSorter
from typing import Any

import yaml

from tests.paths import ROOT

FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "deploy" / "compose" / "Dockerfile"
IGNORE = ROOT / ".dockerignore"

Service = dict[str, Any]


def document() -> dict[str, Any]:
    """Return the file, its anchors resolved."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def services() -> dict[str, Service]:
    """Return every service by its name."""
    found: dict[str, Service] = document()["services"]
    return found


def ours() -> dict[str, Service]:
    """Return the services that run our image."""
    return {name: one for name, one in services().items() if "build" in one}


def in_order() -> list[str]:
    """Return the services' names, each behind what it waits for; raises `CycleError`."""
    waits = {name: list(one.get("depends_on", ())) for name, one in services().items()}
    return list(TopologicalSorter(waits).static_order())


def dockerfile() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, each with its words; continued lines are joined."""
    text = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def copied() -> list[str]:
    """Return what the Dockerfile takes out of the build's context."""
    found: list[str] = []
    for word, rest in dockerfile():
        if word == "COPY" and not rest.startswith("--from="):
            found += rest.split()[:-1]
    return found
