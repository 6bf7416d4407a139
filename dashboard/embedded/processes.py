"""The server's processes, recognised by what they are and where they work."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

FAST_STOP_S = 30.0
HARD_STOP_S = 5.0
LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class PidFile:
    """What PostgreSQL writes into ``postmaster.pid``: who runs, where it listens, how it is."""

    pid: int
    socket_folder: Path | None
    state: str


def read_pid_file(data: Path) -> PidFile | None:
    """The file of the data folder, or nothing where it is missing or half-written."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    socket = lines[4].strip() if len(lines) > 4 else ""
    return PidFile(
        pid=pid,
        socket_folder=Path(socket) if socket else None,
        state=lines[7].strip() if len(lines) > 7 else "",
    )


def server_processes(data: Path) -> list[psutil.Process]:
    """Every running postgres whose working folder is this data folder.

    A process id in a file may by now belong to something else entirely, so the file alone
    is never believed: all of PostgreSQL's processes work inside their data folder.
    """
    target = os.path.realpath(data)
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and os.path.realpath(process.cwd()) == target:
                found.append(process)
        except psutil.Error:
            continue
    return found


def stop_leftovers(data: Path) -> None:
    """Stop what an earlier run left behind on the data folder, and clear a false trace of it.

    The postmaster is asked for a fast shutdown; whatever outlives it is stopped hard, which
    PostgreSQL's write-ahead log survives. A ``postmaster.pid`` that names a living process
    of another kind would keep PostgreSQL from starting: it is removed, and only once nothing
    of the server is left.
    """
    trace = read_pid_file(data)
    running = server_processes(data)
    postmaster = [process for process in running if trace and process.pid == trace.pid]
    _signal_and_wait(postmaster, signal.SIGINT, FAST_STOP_S)
    for hard in (signal.SIGQUIT, signal.SIGKILL):
        _signal_and_wait(server_processes(data), hard, HARD_STOP_S)
    trace = read_pid_file(data)
    if trace is not None and psutil.pid_exists(trace.pid) and not server_processes(data):
        (data / "postmaster.pid").unlink(missing_ok=True)


def has_ended(process: psutil.Process) -> bool:
    """Whether a process runs no more.

    One that ended and was not yet reaped counts too: in a container without an init process it
    stays so for good.
    """
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _signal_and_wait(processes: list[psutil.Process], number: signal.Signals, for_s: float) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
    end = monotonic() + for_s
    while not all(has_ended(process) for process in processes) and monotonic() < end:
        sleep(LOOK_EVERY_S)
