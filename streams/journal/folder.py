"""The worker's own folder: one worker to a folder, and what an unclean stop leaves is thrown away.

After a `kill -9` the local store may be ahead of the changelog or behind it.  The file `running`
stands from start to clean stop; found at a start, it says that the store cannot be trusted, and the
changelog, which can, fills a new one.
"""

import shutil
import time
import uuid
from pathlib import Path
from typing import IO

from filelock import lock_descriptor

from streams.ground.settings import SettingsError

PAUSES_S = (0.1, 0.0)
"""After each try to lock the folder: `worksteal doctor` has the lock for an instant to look at it."""

FORMAT = "1"
"""Version of what lies in the folder; a store of another version is rebuilt."""


class Folder:
    """An open folder.  `instance` names this worker to the group, always the same for a folder."""

    def __init__(self, path: Path) -> None:
        """Lock the folder; raises `SettingsError` if it cannot be used."""
        self.path = path
        self.wiped = False
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = self._locked()
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._make_trustworthy()
            self.instance = self._instance()
        except OSError as error:
            self._lock.close()
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> SettingsError:
        # Some have no number but only words; with a file's name beside them, Python 3.13 shows neither.
        why = error.strerror or (error.args[0] if error.args else type(error).__name__)
        return SettingsError(f"data_dir: {self.path} cannot be used ({why}); name another folder.")

    @property
    def store(self) -> Path:
        """Where the tables lie."""
        return self.path / "store"

    @property
    def _running(self) -> Path:
        return self.path / "running"

    def _locked(self) -> IO[str]:
        lock = (self.path / "lock").open("w")
        for pause_s in PAUSES_S:
            if lock_descriptor(lock.fileno(), blocking=False):
                return lock
            time.sleep(pause_s)
        lock.close()
        raise SettingsError(
            f"data_dir: another worker uses {self.path}; give each worker a folder of its own."
        )

    def _make_trustworthy(self) -> None:
        """Throw the store away unless the last worker here stopped cleanly, with this format."""
        stamp = self.path / "format"
        known = stamp.read_text() if stamp.exists() else ""
        if self._running.exists() or known != FORMAT:
            self.wiped = self.store.exists()
            if self.wiped:
                shutil.rmtree(self.store)
        self.store.mkdir(exist_ok=True)
        stamp.write_text(FORMAT)
        self._running.touch()

    def _instance(self) -> str:
        name = self.path / "instance"
        if not name.exists() or not name.read_text().strip():
            fresh = self.path / "instance.new"
            fresh.write_text(uuid.uuid4().hex)
            fresh.replace(name)
        return name.read_text()

    def stopped_cleanly(self) -> None:
        """Say that the store holds exactly what the changelog holds."""
        self._running.unlink(missing_ok=True)
