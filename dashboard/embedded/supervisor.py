"""The process between the app and PostgreSQL: when the app is gone, so is the server.

It is started in a session of its own and holds the reading end of a pipe. The end of that
pipe, however the app ended, means a clean stop. A server that crashes is started again.
"""

from __future__ import annotations

import argparse
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from dashboard.embedded.processes import FAST_STOP_S, HARD_STOP_S, stop_leftovers

LOOK_EVERY_S = 0.1
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
MOST_FAILURES = 6
"""Failed starts in a row before giving up: about three seconds in all."""
SOUND_AFTER_S = 30.0
"""A server that ran this long was sound: its crash is the first one again."""
GAVE_UP = 3


class Supervisor:
    """Keeps one ``postgres`` alive until the app's end of the pipe closes."""

    def __init__(
        self,
        command: Sequence[str],
        data: Path,
        sockets: Path,
        log: Path,
        *,
        uid: int | None,
        gid: int | None,
    ) -> None:
        self._command = list(command)
        self._data = data
        self._sockets = sockets
        self._log = log
        self._uid = uid
        self._gid = gid

    def run(self) -> int:
        """Exit code: 0 after an ordinary end, 3 when the server would not stay up."""
        try:
            return self._keep_alive()
        finally:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _keep_alive(self) -> int:
        failures = 0
        while True:
            stop_leftovers(self._data)
            begun = monotonic()
            server = self._start()
            while server.poll() is None:
                if app_is_gone(LOOK_EVERY_S):
                    stop(server)
                    return 0
            failures = 1 if monotonic() - begun > SOUND_AFTER_S else failures + 1
            if failures >= MOST_FAILURES:
                return GAVE_UP
            if app_is_gone(pause_after(failures)):
                return 0

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (an argument vector of our own making)
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._uid,
                group=self._gid,
                extra_groups=None if self._uid is None else [],
                cwd="/",
                umask=0o077,
            )


def pause_after(failures: int) -> float:
    """Seconds to wait before the next start: doubling, up to five."""
    return float(min(FIRST_PAUSE_S * 2 ** (failures - 1), LONGEST_PAUSE_S))


def app_is_gone(wait_s: float) -> bool:
    """Whether the pipe from the app has ended within the time given."""
    deadline = monotonic() + wait_s
    while True:
        left = max(deadline - monotonic(), 0.0)
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], left)
        if not readable:
            return False
        if not os.read(sys.stdin.fileno(), 1024):
            return True


def stop(server: subprocess.Popen[bytes]) -> None:
    """A fast shutdown first, a hard one when that does not end in time."""
    for number, wait_s in (
        (signal.SIGINT, FAST_STOP_S),
        (signal.SIGQUIT, HARD_STOP_S),
        (signal.SIGKILL, HARD_STOP_S),
    ):
        server.send_signal(number)
        try:
            server.wait(wait_s)
        except subprocess.TimeoutExpired:
            continue
        return


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="plumbline-supervisor")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sockets", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
        # A handler, not SIG_IGN: ignored signals would stay ignored in the server.
        signal.signal(number, lambda *_: None)
    return Supervisor(
        options.command,
        options.data,
        options.sockets,
        options.log,
        uid=options.uid,
        gid=options.gid,
    ).run()


if __name__ == "__main__":
    sys.exit(main())
