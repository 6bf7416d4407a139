"""A second PostgreSQL server beside the one under test, of another version where there is one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from dashboard.embedded import EmbeddedServer
from dashboard.embedded.binaries import OLDEST_MAJOR, SYSTEM_FOLDERS, inspect, wheel_folder


def version(server: str) -> int:
    """The major version of the server at this URL."""
    engine = sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        number = int(connection.scalar(sa.text("SHOW server_version_num")))
    engine.dispose()
    return number // 10_000


@contextmanager
def second_server(first: str) -> Iterator[str]:
    """The superuser's URL of a server that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="plumbline-second-") as name:
        Path(name).chmod(0o755)  # the server may run as another user
        folder = Path(name) / "server"
        with EmbeddedServer(folder, binaries=_other_than(version(first))) as server:
            yield server.url()


def _other_than(major: int) -> Path | None:
    folders = [folder for root, pattern in SYSTEM_FOLDERS for folder in root.glob(pattern)]
    found = [inspect(folder) for folder in (*folders, wheel_folder()) if folder is not None]
    usable = (each for each in found if each is not None and each.major >= OLDEST_MAJOR)
    return next((each.folder for each in usable if each.major != major), None)
