"""One program at a time on a data folder; a second one learns who the first is."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

from dashboard.embedded.processes import has_ended
from queries.errors import PlumblineError

WAIT_FOR_ENDING_S = 60.0
"""How long an earlier server may take to stop after its program was killed."""
GRACE_S = 1.0
"""How long a program that was just killed may still count as running."""
WAIT_FOR_NAME_S = 3.0
"""How long a program that has just started may take to write down who it is."""
LOOK_EVERY_S = 0.1


class AlreadyRunningError(PlumblineError):
    """Another program uses the data folder."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The program that uses a data folder, and where it can be seen, once it can."""

    pid: int
    address: str | None = None


class FolderLock:
    """A kernel lock on ``lock`` in the folder: it ends with its holders, however they end.

    The supervisor inherits the descriptor, so the lock outlives a killed program until its
    server has stopped. A file left from an earlier run is not a lock and blocks nobody.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note = folder / "running.json"
        self.descriptor = -1

    def acquire(self) -> None:
        """Take the lock, waiting only for a server that is on its way out.

        Raises:
            AlreadyRunningError: names the other program and its address.
        """
        self.descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        begun = monotonic()
        while not self._try():
            holder = self.holder()
            waited = monotonic() - begun
            if holder is None:
                patience = WAIT_FOR_NAME_S
            else:
                patience = GRACE_S if _is_running(holder.pid) else WAIT_FOR_ENDING_S
            if waited > patience:
                self._give_up(holder)
            sleep(LOOK_EVERY_S)
        self.note(Holder(os.getpid()))

    def note(self, holder: Holder) -> None:
        """Write down who holds the lock, for whoever comes second."""
        scratch = self._note.with_suffix(".partial")
        scratch.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        scratch.replace(self._note)

    def holder(self) -> Holder | None:
        """Who wrote the note last; nothing where it is missing or unreadable."""
        try:
            noted = json.loads(self._note.read_text(encoding="utf-8"))
            return Holder(int(noted["pid"]), noted.get("address"))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def release(self) -> None:
        """Give the folder free."""
        if self.descriptor >= 0:
            self._note.unlink(missing_ok=True)
            os.close(self.descriptor)
            self.descriptor = -1

    def _try(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _give_up(self, holder: Holder | None) -> None:
        os.close(self.descriptor)
        self.descriptor = -1
        who = "another program" if holder is None else f"process {holder.pid}"
        where = f" at {holder.address}" if holder is not None and holder.address else ""
        raise AlreadyRunningError(
            f"Plumbline already runs on {self._folder}: {who}{where}. Use that one, stop it "
            "first, or choose another folder with --data-dir."
        )


def _is_running(pid: int) -> bool:
    try:
        return not has_ended(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False
