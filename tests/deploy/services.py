"""The services of docker-compose.yml as plain processes on a real broker.

Their commands, variables and health checks are the file's; what a container would give them is
replaced: the broker's name, the folder behind a volume, the port.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.paths import ROOT

from .compose import services

WORKSTEAL = Path(sys.executable).with_name("worksteal")
PATIENCE_S = 90.0
"""Generous: the machines that run this are shared."""


class Running:
    """Services that were started, each with a folder of its own."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]

    def start(self, name: str, *more: str) -> None:
        """Start a service when what it depends on is as the file asks."""
        for other, how in services()[name].get("depends_on", {}).items():
            self._wait_until(other, how["condition"])
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [WORKSTEAL, *services()[name]["command"], *more],
                cwd=ROOT,
                env=self._environment(name),
                stdout=log,
                stderr=log,
            )

    def run(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command as `docker compose run --rm NAME …` does."""
        return subprocess.run(
            [WORKSTEAL, *words],
            cwd=ROOT,
            env=self._environment(name),
            capture_output=True,
            text=True,
            check=False,
        )

    def health(self, name: str) -> int:
        """Run a service's health check; 0 is healthy."""
        kind, program, *words = services()[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        here = [word.replace(":6066/", f":{self._port}/") for word in words]
        done = subprocess.run([sys.executable, *here], capture_output=True, check=False)
        return done.returncode

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"

    def said(self, name: str) -> str:
        return self._log(name).read_text(encoding="utf-8")

    def wait(self, name: str) -> int:
        """Return the status with which a service ends by itself."""
        return self._processes[name].wait(timeout=PATIENCE_S)

    def stop(self, name: str) -> int:
        """Stop a service as `docker compose stop` does, and return its status."""
        self._processes[name].terminate()
        return self.wait(name)

    def end(self) -> None:
        """Leave no process behind."""
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def _wait_until(self, name: str, condition: str) -> None:
        if name == "kafka":
            return  # the fixture's broker answers
        if condition == "service_completed_successfully":
            assert self.wait(name) == 0, self.said(name)
        deadline = time.monotonic() + PATIENCE_S
        while condition == "service_healthy" and self.health(name) != 0:
            assert self._processes[name].poll() is None, self.said(name)
            assert time.monotonic() < deadline, self.said(name)
            time.sleep(0.1)

    def _environment(self, name: str) -> dict[str, str]:
        clean = {key: v for key, v in os.environ.items() if not key.startswith("WORKSTEAL_")}
        told: dict[str, str] = services()[name]["environment"]
        assert told["WORKSTEAL_BOOTSTRAP"] == "kafka:9092"
        here = {
            "WORKSTEAL_BOOTSTRAP": self._bootstrap,
            "WORKSTEAL_TOPIC_PREFIX": self._prefix,
            "WORKSTEAL_DATA_DIR": str(self._folder / name),
        }
        if "WORKSTEAL_WEB_PORT" in told:
            here |= {"WORKSTEAL_WEB_PORT": str(self._port), "WORKSTEAL_WEB_HOST": "127.0.0.1"}
        return clean | told | here

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"
