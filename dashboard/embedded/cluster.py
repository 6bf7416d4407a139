"""The embedded server, as a context manager: it runs inside the ``with`` block and not after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from dashboard.embedded import initialise
from dashboard.embedded.account import Account, server_account
from dashboard.embedded.binaries import Binaries, find_binaries, reachable
from dashboard.embedded.lock import FolderLock, Holder
from dashboard.embedded.processes import read_pid_file, stop_leftovers
from queries.errors import PlumblineError

PORT = "5432"
"""Part of the socket's name; no TCP port is opened."""
START_WITHIN_S = 300.0
"""Recovery from a crash in the middle of a large load is the slowest start."""
LOOK_EVERY_S = 0.02
MOST_RESPAWNS = 20


class EmbeddedServer:
    """A PostgreSQL server on a folder of its own, reached through a socket.

    It stops when the block ends, and when this process ends in any other way. A crashed
    server or supervisor is replaced; connections break, the URLs stay valid.

    Raises (on entry):
        AlreadyRunningError: another program uses the folder.
        PlumblineError: the folder, the programs or the server cannot be used; says which.
    """

    def __init__(self, folder: Path, *, binaries: Path | None = None) -> None:
        self.folder = folder.expanduser().absolute()
        self._named_binaries = binaries
        self._lock = FolderLock(self.folder)
        self._mutex = Lock()
        self._closing = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            account = server_account()
            initialise.make_folder(self.folder, account)
            self._lock.acquire()
            stack.callback(self._lock.release)
            found = find_binaries(self._named_binaries)
            self._prepare(reachable(found, account, self.folder), account, stack)
            self._stack = stack.pop_all()
        return self

    def _prepare(self, binaries: Binaries, account: Account | None, stack: ExitStack) -> None:
        self.binaries = binaries
        self.data = self.folder / f"pg{binaries.major}"
        initialise.sweep(self.data)
        initialise.make_cluster(binaries, self.data, account)
        self.sockets = initialise.make_socket_folder(account)
        stack.callback(shutil.rmtree, self.sockets, ignore_errors=True)
        self.log = initialise.fresh_log(self.folder)
        self._command = self._supervisor_command(account)
        self._process = self._spawn()
        stack.callback(self._stop)
        self._wait_until_ready()
        Thread(target=self._guard, name="plumbline-guard", daemon=True).start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def url(self, database: str = "postgres", role: str = initialise.SUPERUSER) -> str:
        """A URL for a database as one of the server's roles."""
        return sa.URL.create(
            "postgresql",
            username=role,
            database=database,
            query={"host": str(self.sockets), "port": PORT},
        ).render_as_string(hide_password=False)

    def announce(self, address: str) -> None:
        """Note where this program can be seen, for whoever starts a second one."""
        self._lock.note(Holder(os.getpid(), address))

    @property
    def supervisor_pid(self) -> int:
        """The process that keeps the server alive."""
        return self._process.pid

    def _supervisor_command(self, account: Account | None) -> list[str]:
        owner = [] if account is None else [f"--uid={account.uid}", f"--gid={account.gid}"]
        server = initialise.server_command(self.binaries, self.data, self.sockets, PORT)
        paths = {"--data": self.data, "--sockets": self.sockets, "--log": self.log}
        return [
            sys.executable,
            "-P",
            "-m",
            "dashboard.embedded.supervisor",
            *(f"{option}={path}" for option, path in paths.items()),
            *owner,
            "--",
            *server,
        ]

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 (an argument vector of our own making)
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock.descriptor,),
            start_new_session=True,
            cwd="/",
            env=initialise.server_environment(),
        )

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + START_WITHIN_S
        while monotonic() < deadline:
            trace = read_pid_file(self.data)
            if trace is not None and trace.socket_folder == self.sockets and trace.state == "ready":
                return
            if self._process.poll() is not None:
                break
            sleep(LOOK_EVERY_S)
        raise PlumblineError(
            f"PostgreSQL {self.binaries.version} did not start on {self.data}. Its log, "
            f"{self.log}, ends with: {initialise.last_lines(self.log)}"
        )

    def _guard(self) -> None:
        """Replace a supervisor that was killed; its successor stops the orphaned server."""
        for _ in range(MOST_RESPAWNS):
            code = self._process.wait()
            with self._mutex:
                if self._closing or code >= 0:
                    return
                self._process = self._spawn()

    def _stop(self) -> None:
        with self._mutex:
            self._closing = True
            process = self._process
        if process.stdin is not None:
            process.stdin.close()
        process.wait()
        stop_leftovers(self.data)
