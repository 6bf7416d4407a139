"""Reading a file of the models' folder once, without following anything anywhere."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from components.artifacts.types import Fault
from queries.errors import IntegrityFailureError

MOST_BYTES = 2 << 30
_CHUNK = 1 << 20
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")
# O_NONBLOCK: opening a FIFO must not wait for somebody to write into it.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class RefusedError(IntegrityFailureError):
    """A file is refused: the kind of fault, and the exact reason."""

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault


def read(folder: Path, name: str, *, size: int | None = None, most: int = MOST_BYTES) -> bytes:
    """All bytes of a regular file that lies directly in the folder.

    ``size`` is what it must hold exactly; without it the file may hold up to ``most`` bytes.

    Raises:
        RefusedError: there is no such file, it is no regular file, or its size is another.
    """
    with _opened(folder, name) as (handle, found):
        limit = _allowed(name, found.st_size, size, most)
        content = _upto(handle, limit + 1)
    if len(content) != (found.st_size if size is None else size):
        raise RefusedError(
            Fault.WRONG_SIZE, f"{name} changed its size while it was read: {len(content):,} bytes"
        )
    return content


def digest_for_display(folder: Path, name: str, *, size: int) -> str:
    """The SHA-256 of a file, remembered while its inode, size and times stay the same.

    Good enough to show; a verdict, and anything that is loaded, reads the bytes again.

    Raises:
        RefusedError: see :func:`read`.
    """
    with _opened(folder, name) as (_, found):
        _allowed(name, found.st_size, size, MOST_BYTES)
        identity = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
    return _digest(folder, name, size, identity)


@lru_cache(maxsize=256)
def _digest(folder: Path, name: str, size: int, _identity: tuple[int, ...]) -> str:
    return hashlib.sha256(read(folder, name, size=size)).hexdigest()


def _allowed(name: str, found: int, size: int | None, most: int) -> int:
    if size is not None and found != size:
        raise RefusedError(
            Fault.WRONG_SIZE, f"{name} holds {found:,} bytes, the signed size is {size:,}"
        )
    if found > most:
        raise RefusedError(
            Fault.WRONG_SIZE, f"{name} holds {found:,} bytes, more than {most:,} are not read"
        )
    return found


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[tuple[int, os.stat_result]]:
    """A descriptor of the file itself; a name with a folder in it, or a link, is refused."""
    if not _PLAIN_NAME.fullmatch(name):
        raise RefusedError(
            Fault.FILE_UNUSABLE, f"“{name[:80]}” is no plain file name in the models' folder"
        )
    place = _open(os.fspath(folder), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, None, "folder")
    try:
        handle = _open(name, _FLAGS, place, name)
    finally:
        os.close(place)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise RefusedError(Fault.FILE_UNUSABLE, f"{name} is {_kind(found.st_mode)}")
        yield handle, found
    finally:
        os.close(handle)


def _open(path: str, flags: int, place: int | None, shown: str) -> int:
    try:
        return os.open(path, flags, dir_fd=place)
    except FileNotFoundError:
        raise RefusedError(Fault.FILE_MISSING, f"{shown} is not in the models' folder") from None
    except OSError as error:
        # ELOOP: the last part of the path is a symbolic link.
        words = "is a symbolic link" if error.errno == errno.ELOOP else "cannot be opened"
        raise RefusedError(Fault.FILE_UNUSABLE, f"{shown} {words}") from None


def _kind(mode: int) -> str:
    for test, words in (
        (stat.S_ISFIFO, "a FIFO, no regular file"),
        (stat.S_ISDIR, "a folder, no regular file"),
        (stat.S_ISSOCK, "a socket, no regular file"),
    ):
        if test(mode):
            return words
    return "a device, no regular file"


def _upto(handle: int, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    while left > 0:
        part = os.read(handle, min(_CHUNK, left))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
