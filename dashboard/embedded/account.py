"""Whose processes the server's are: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from queries.errors import PlumblineError

PREFERRED = ("postgres", "_postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The unprivileged user that runs the server when we are root; otherwise none is needed.

    Raises:
        PlumblineError: we are root, and the machine has no user to step down to.
    """
    if os.geteuid() != 0:
        return None
    for name in PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise PlumblineError(
        "PostgreSQL cannot run as root, and this machine has no user “postgres” or “nobody”. "
        "Start Plumbline as an ordinary user."
    )


def can_enter(folder: Path, account: Account | None) -> bool:
    """Whether the user may walk down to the folder and read it."""
    if account is None:
        return os.access(folder, os.R_OK | os.X_OK)
    resolved = folder.resolve()
    return _allows(resolved, account, 0o5) and all(
        _allows(parent, account, 0o1) for parent in resolved.parents
    )


def _allows(folder: Path, account: Account, wanted: int) -> bool:
    """Whether the permission bits of a folder grant all wanted ones to the user."""
    try:
        status = folder.stat()
    except OSError:
        return False
    if status.st_uid == account.uid:
        granted = status.st_mode >> 6
    elif status.st_gid == account.gid:
        granted = status.st_mode >> 3
    else:
        granted = status.st_mode
    return granted & wanted == wanted


def give(paths: Iterable[Path], account: Account | None) -> None:
    """Make the user own the paths; without an account they are ours already."""
    if account is not None:
        for path in paths:
            os.chown(path, account.uid, account.gid)
