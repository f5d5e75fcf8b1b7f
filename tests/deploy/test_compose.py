"""docker-compose.yml and its image, as far as that can be told without a Docker engine.

What can be run is run: the services' commands on a real broker in their order, the health check, the
program by which Kafka's image reads its settings, and the build of the package from what the image
is given.
"""

import asyncio
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.kafka.node import libraries
from streams.ground.settings import Settings, load_settings, require_safe
from streams.ground.settings.model import PREFIX
from streams.observe.pages.address import require_local
from tests.broker import need_java
from tests.paths import ROOT
from tests.streams.cli.parsing import parsed

from .compose import DOCKERFILE, FILE, IGNORE, copied, dockerfile, in_order, ours, services
from .services import Running

README = ROOT / "deploy" / "compose" / "README.md"

LOOPBACK = "127.0.0.1:"

WATCHING = ("prometheus", "grafana")
"""Not ours, and nothing waits for them; `test_watching.py` looks at what they are given."""


# ---- the file ----


def validator() -> list[str]:
    """Return a command that validates a compose file; skip loudly if there is none."""
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]):
            done = subprocess.run([*words, "version"], capture_output=True, text=True, check=False)
            if done.returncode == 0 and "version v1" not in done.stdout:
                return [*words, "--profile", "*", "--file", str(FILE), "config", "--quiet"]
    beside = Path(sys.executable).with_name("check-jsonschema")
    if beside.exists():
        return [str(beside), "--quiet", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    pytest.skip("NO COMPOSE: neither `docker compose` nor check-jsonschema (group dev) is here.")


def test_compose_takes_the_file():
    done = subprocess.run(validator(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), "not even a warning"


@pytest.mark.parametrize("name", [name for name, one in ours().items() if "command" in one])
def test_every_command_is_one_that_the_program_takes(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    _, values = parsed(ours()[name]["command"])
    for path in values.get("files") or ():
        assert path.is_relative_to("examples")
        assert path.exists()
    if name == "policy":
        assert (ROOT / values["name"]).exists()


@pytest.mark.parametrize("name", ours())
def test_every_variable_is_a_setting_and_makes_a_connection(name, monkeypatch, tmp_path):
    for variable in [one for one in os.environ if one.startswith(PREFIX)]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    for variable, value in ours()[name]["environment"].items():
        assert isinstance(value, str), f"{variable}: quote it, YAML has an opinion of its own"
        assert variable.removeprefix(PREFIX).lower() in Settings.model_fields
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    require_safe(settings)
    require_local(settings)
    assert settings.bootstrap == "kafka:9092"


def test_every_dependency_can_be_met():
    there = services()
    assert len(in_order()) == len(there)
    for name, one in there.items():
        for other, how in one.get("depends_on", {}).items():
            wanted = there[other]
            condition = how["condition"]
            if condition == "service_healthy":
                assert "healthcheck" in wanted, (name, other)
            elif condition == "service_completed_successfully":
                assert wanted["restart"] == "no", (name, other)
            else:
                assert condition == "service_started"
                assert wanted["restart"] == "always", (name, other)


def test_everything_but_the_broker_waits_until_the_topics_are_there():
    """A source topic that is missing when the worker starts would not be picked up later."""

    def behind(name: str) -> set[str]:
        direct = set(services()[name].get("depends_on", ()))
        return direct.union(*map(behind, sorted(direct)))

    for name in services():
        if name not in ("kafka", "topics", "worksteal", *WATCHING):
            assert {"kafka", "topics"} <= behind(name), name


def test_nothing_is_published_beyond_this_machine():
    for name, one in services().items():
        for port in one.get("ports", ()):
            assert port.startswith(LOOPBACK), name
        assert "network_mode" not in one


def test_containers_may_do_nothing_that_they_need_not():
    for name, one in (ours() | {name: services()[name] for name in WATCHING}).items():
        assert one["read_only"], name
        assert one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]
        assert not one.get("privileged")


def test_state_outlives_a_container():
    """Each folder of state is a volume of its own: two workers may not share one."""
    used = [
        volume.split(":")
        for name, one in services().items()
        for volume in one.get("volumes", ())
        if name not in WATCHING
    ]
    names = [name for name, _ in used]
    assert sorted(names) == ["kafka-data", "venue-state", "worker-state"]
    data_dir = ours()["worker"]["environment"]["WORKSTEAL_DATA_DIR"]
    assert {path for name, path in used if name != "kafka-data"} == {data_dir}
    assert any(f" {data_dir}" in rest for word, rest in dockerfile() if word == "RUN")
    assert dict(used)["kafka-data"] == services()["kafka"]["environment"]["KAFKA_LOG_DIRS"]


# ---- Kafka's image ----


def test_kafka_is_the_version_that_is_tested():
    pom = ET.parse(ROOT / "deploy" / "kafka" / "pom.xml")
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    versions = {
        one.findtext("m:artifactId", namespaces=space): one.findtext("m:version", namespaces=space)
        for one in pom.findall(".//m:dependency", space)
    }
    assert services()["kafka"]["image"] == f"apache/kafka:{versions['kafka_2.13']}"


def properties() -> dict[str, str]:
    """Return Kafka's settings as the image's documentation says that it reads the environment."""
    taken = {}
    for variable, value in services()["kafka"]["environment"].items():
        if variable.startswith("KAFKA_") and variable != "KAFKA_HEAP_OPTS":
            taken[variable.removeprefix("KAFKA_").lower().replace("_", ".")] = value
    return taken


@pytest.mark.broker
def test_the_images_own_program_takes_the_settings_and_formats_the_storage(tmp_path):
    need_java()
    for name in ("default", "mounted", "final"):
        (tmp_path / name).mkdir()
    environment = services()["kafka"]["environment"] | {"KAFKA_LOG_DIRS": str(tmp_path / "data")}
    words = [
        libraries.java(),
        "-cp",
        f"{libraries.libraries()}/*",
        "kafka.docker.KafkaDockerWrapper",
    ]
    words += ["setup", "--default-configs-dir", str(tmp_path / "default")]
    words += ["--mounted-configs-dir", str(tmp_path / "mounted")]
    words += ["--final-configs-dir", str(tmp_path / "final")]
    done = subprocess.run(
        words,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    written = (tmp_path / "final" / "server.properties").read_text(encoding="utf-8")
    read = dict(line.split("=", 1) for line in written.splitlines() if line)
    assert read == properties() | {"log.dirs": str(tmp_path / "data")}
    assert environment["CLUSTER_ID"] in (tmp_path / "data" / "meta.properties").read_text()


@pytest.mark.broker
def test_every_setting_of_kafka_is_one_that_a_broker_has(broker):
    """A misspelt one would be passed over in silence."""

    async def names() -> set[str]:
        client = AIOKafkaAdminClient(bootstrap_servers=broker.address)
        await client.start()
        try:
            asked = [ConfigResource(ConfigResourceType.BROKER, "1")]
            (answer,) = await client.describe_configs(asked)
            return {entry[0] for _, _, _, _, entries in answer.resources for entry in entries}
        finally:
            await client.close()

    known = asyncio.run(names())
    assert set(properties()) <= known


# ---- our image ----


def test_the_base_images_are_pinned_and_of_the_version_that_is_tested():
    bases = [rest.split()[0] for word, rest in dockerfile() if word == "FROM"]
    found = [re.fullmatch(r"python:(3\.11\.\d+)-(?:slim-)?trixie", base) for base in bases]
    assert len({pinned and pinned[1] for pinned in found}) == 1
    assert all(found)


def test_the_image_runs_as_a_user_without_rights():
    users = [rest for word, rest in dockerfile() if word == "USER"]
    assert users
    assert users[-1].isdigit()
    assert int(users[-1]) >= 1000
    assert f"--uid {users[-1]} " in DOCKERFILE.read_text(encoding="utf-8")


def test_every_download_is_held_against_a_hash():
    steps = [rest for word, rest in dockerfile() if word == "RUN" and re.search(r"\bpip\b", rest)]
    assert steps
    for step in steps:
        from_the_lock = "--require-hashes" in step and "requirements.lock" in step
        assert from_the_lock or "--no-index" in step, step
    assert not [rest for word, rest in dockerfile() if word == "ADD"]


def ignored(name: str) -> bool:
    """Tell whether a path of the context is left out: the last pattern that matches decides."""
    verdict = False
    for line in IGNORE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!").removeprefix("**/")
            parts = Path(name).parts
            looked_at = parts if "**/" in line else parts[:1]
            if any(fnmatch.fnmatch(part, pattern) for part in looked_at):
                verdict = not line.startswith("!")
    return verdict


def test_the_build_is_given_what_it_takes_and_nothing_else():
    for name in copied():
        assert (ROOT / name.rstrip("/")).exists(), name
        assert not ignored(name), name
    for name in (".venv", ".git", "tests", "docs", "docker-compose.yml", ".live", "worksteal.yaml"):
        assert ignored(name), name
    assert ignored("state/__pycache__/desk.cpython-311.pyc")
    assert not ignored("streams/lab/report/template.html.j2")


def test_the_package_can_be_built_from_what_the_image_is_given(tmp_path):
    source = tmp_path / "src"
    source.mkdir()
    unused = shutil.ignore_patterns("__pycache__")
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=unused)
        else:
            shutil.copy(ROOT / name, source)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    for layer in ("topics", "state", "streams"):
        for path in (source / layer).rglob("*"):
            assert path.is_dir() or path.relative_to(source).as_posix() in packed


# ---- all of it at work, without containers ----


@pytest.fixture
def running(broker, tmp_path) -> Iterator[Running]:
    """Give the services as plain processes, each with its own folder in place of its volume."""
    started = Running(broker.address, f"{uuid4().hex[:8]}-", tmp_path)
    try:
        yield started
    finally:
        started.end()


@pytest.mark.broker
def test_the_services_do_their_work_in_their_order(running):
    assert running.health("worker") != 0, "nobody is there yet"
    for name in in_order():
        if name not in ("kafka", "worksteal", *WATCHING):
            more = ("--limit", "2000", "--speed", "14400") if name == "feed" else ()
            running.start(name, *more)
    assert running.wait("feed") == 0, running.said("feed")
    with urllib.request.urlopen(running.url("/readyz")) as answer:
        assert json.load(answer)["ready"]
    for name in ("venue", "worker"):
        assert running.stop(name) == 0, running.said(name)
    assert running.health("worker") != 0
    proof = running.run("worksteal", "verify", "--broker", "--complete")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert re.match(r"identical: [1-9]", proof.stdout)


# ---- its page ----


def test_the_commands_of_the_page_exist():
    text = README.read_text(encoding="utf-8")
    lines = re.findall(r"^docker compose (.+?)(?: +#.*)?$", text, re.MULTILINE)
    assert len(lines) > 5
    there = services()
    for line in lines:
        word, *rest = line.split()
        names = [one for one in rest if one in there]
        if word == "run":
            assert rest[:2] == ["--rm", "worksteal"]
            parsed(rest[2:])
        elif word == "exec":
            assert rest[1] == "worksteal"
            assert names[0] == rest[0]
            parsed(rest[2:])
        else:
            assert word in {"up", "down", "ps", "logs", "stop", "restart", "kill"}
            assert [one for one in rest if not one.startswith("-")] == names
