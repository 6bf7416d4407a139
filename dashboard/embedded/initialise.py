"""What must stand before a server can start: folders, cluster, socket, command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from dashboard.embedded.account import Account, can_enter, give
from dashboard.embedded.binaries import Binaries
from dashboard.embedded.processes import read_pid_file, stop_leftovers
from queries.errors import InvalidInputError, PlumblineError

SUPERUSER = "postgres"
SOCKET_PREFIX = "plumbline-"
LONGEST_SOCKET_FOLDER = 80
"""Bytes; the name of a socket holds about 103 on macOS and 107 on Linux."""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "hash_mem_multiplier": "1.0",
    "random_page_cost": "1.1",
    "jit": "off",
    # A crash may cost the last moments of the sample, never its consistency.
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    # A failing statement may hold personal data: its text stays out of the log.
    "log_min_error_statement": "panic",
}


def make_folder(folder: Path, account: Account | None) -> None:
    """Create the data folder; as root, where the server's user can walk down to it.

    Raises:
        InvalidInputError: the folder cannot be made, or is closed to the server's user.
    """
    try:
        for created in reversed(list(_missing([folder, *folder.parents]))):
            created.mkdir()
            created.chmod(0o700 if account is None else 0o755)
    except OSError as error:
        raise InvalidInputError(
            f"The folder {folder} cannot be made: {error.strerror}. Choose another with --data-dir."
        ) from error
    if account is not None and not can_enter(folder, account):
        raise InvalidInputError(
            f"The user “{account.name}”, which runs the database because root must not, cannot "
            f"enter {folder}. Choose another folder with --data-dir, such as /var/lib/plumbline."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidInputError(
            f"The folder {folder} cannot be written. Choose another with --data-dir."
        )


def _missing(paths: Iterable[Path]) -> Iterator[Path]:
    """The leading paths that do not exist, up to the first that does."""
    return takewhile(lambda path: not path.exists(), paths)


def sweep(data: Path) -> None:
    """Stop what a killed run left behind, and remove its socket folder."""
    trace = read_pid_file(data)
    stop_leftovers(data)
    if trace and trace.socket_folder and trace.socket_folder.name.startswith(SOCKET_PREFIX):
        shutil.rmtree(trace.socket_folder, ignore_errors=True)


def make_cluster(binaries: Binaries, data: Path, account: Account | None) -> None:
    """Run ``initdb`` where there is no cluster yet; an interrupted one leaves nothing valid.

    Raises:
        PlumblineError: ``initdb`` failed; its last words are in the message.
    """
    if data.is_dir():
        return
    scratch = data.with_name(data.name + ".partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    give([scratch], account)
    done = subprocess.run(  # noqa: S603 (an argument vector of our own making)
        [
            str(binaries.folder / "initdb"),
            f"--pgdata={scratch}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        env=server_environment(),
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )
    if done.returncode != 0:
        raise PlumblineError(
            f"The database could not be set up in {data.parent}: {done.stderr.strip()[-500:]}"
        )
    scratch.rename(data)


def make_socket_folder(account: Account | None) -> Path:
    """A new folder with a short path that only the server's user can enter."""
    for base in dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp"))):  # noqa: S108 (mkdtemp)
        usable = base.is_dir() and os.access(base, os.W_OK) and can_enter(base, account)
        if usable and len(os.fsencode(base)) + len(SOCKET_PREFIX) + 9 <= LONGEST_SOCKET_FOLDER:
            folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=base))
            give([folder], account)
            return folder
    raise PlumblineError(
        "No folder with a short path was found for the database's socket. Set TMPDIR to one, "
        "such as /tmp."
    )


def server_command(binaries: Binaries, data: Path, sockets: Path, port: str) -> list[str]:
    """The argument vector of ``postgres``, with every setting it needs."""
    settings = [part for item in SETTINGS.items() for part in ("-c", "=".join(item))]
    server = str(binaries.folder / "postgres")
    return [server, "-D", str(data), "-k", str(sockets), "-p", port, *settings]


def server_environment() -> dict[str, str]:
    """Our environment without the variables that would steer PostgreSQL or its language."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_", "LANG", "PLUMBLINE_"))
    }
    return {**kept, "LC_ALL": "C"}


def fresh_log(folder: Path) -> Path:
    """Where the server writes; the log of the run before is kept beside it."""
    log = folder / "server.log"
    if log.exists():
        log.replace(folder / "server.previous.log")
    return log


def last_lines(log: Path, count: int = 3) -> str:
    """The end of the log on one line."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return " / ".join(line.strip() for line in lines[-count:]) or "(empty)"
