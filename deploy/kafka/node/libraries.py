"""What the broker needs of this machine: Java, and Kafka's libraries, which Maven fetches once."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .files import last_lines, locked
from .trouble import EXIT_MISTAKE, Trouble, say

KAFKA = "4.1.1"
"""The same as in pom.xml; the folder of its libraries is named after it."""
JAVA_MIN = 17
FETCH_SECONDS_MAX = 600
POM = Path(__file__).resolve().parent.parent / "pom.xml"


def java() -> str:
    """Return the Java to use, which is new enough."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home, "bin"))) if home else None
    found = found or shutil.which("java")
    need = f"deploy/kafka/broker needs Java {JAVA_MIN} or newer"
    if not found:
        raise Trouble(f"{need}, and there is none on the PATH.", EXIT_MISTAKE)
    done = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    said = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    if not said:
        raise Trouble(f"{need}, and {found} does not say which it is.", EXIT_MISTAKE)
    if int(said[1]) < JAVA_MIN:
        raise Trouble(f"{need}, and {found} is Java {said[1]}.", EXIT_MISTAKE)
    return found


def maven() -> str:
    """Return the Maven to fetch the libraries with."""
    found = shutil.which("mvn")
    if not found:
        raise Trouble(
            f"deploy/kafka/broker needs Maven (mvn) to fetch Kafka {KAFKA} once, "
            "and there is none on the PATH.",
            EXIT_MISTAKE,
        )
    return found


def libraries_folder() -> Path:
    """Return where the libraries are or will be, shared by all checkouts of a user."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(named) if named.startswith("/") else Path.home() / ".cache"
    return cache / "worksteal" / f"kafka-{KAFKA}"


def fetched() -> bool:
    """Tell whether they are there, and whole."""
    return (libraries_folder() / f"kafka_2.13-{KAFKA}.jar").is_file()


def libraries() -> Path:
    """Return the folder of Kafka's libraries, and fetch them if nobody did yet.

    They are fetched into a folder of another name, and renamed when complete: what has the right
    name is whole.
    """
    folder = libraries_folder()
    if fetched():
        return folder
    mvn = maven()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_name(f"{folder.name}.lock"), "another start fetches Kafka"):
        if fetched():
            return folder
        for rest in folder.parent.glob(f"{folder.name}.part-*"):
            shutil.rmtree(rest)
        part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
        try:
            fetch(mvn, part)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        if not fetched():
            raise Trouble(f"Maven fetched something, but not Kafka {KAFKA}.")
    return folder


def fetch(mvn: str, folder: Path) -> None:
    """Let Maven copy what pom.xml names into `folder`."""
    say(f"fetching Kafka {KAFKA} (43 MB, only this once) ...")
    command = [mvn, "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=FETCH_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Trouble(f"Maven did not fetch Kafka within {FETCH_SECONDS_MAX} s.") from None
    if done.returncode:
        say(last_lines(done.stdout))
        raise Trouble(f"Maven could not fetch Kafka {KAFKA}; its last words are above.")
