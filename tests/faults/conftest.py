"""Real processes to kill, and ways to see what is left of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest
import sqlalchemy as sa

from tests.conftest import open_folder

PATIENCE_S = 60.0
HOLDER = """
import json, sys
from pathlib import Path
from dashboard.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1])) as server:
    server.announce("http://localhost:1234")
    print(json.dumps([server.url(), server.supervisor_pid, str(server.data)]), flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class HeldServer:
    """An embedded server inside a process of its own, which can be killed."""

    app: subprocess.Popen[str]
    url: str
    supervisor: psutil.Process
    data: Path

    @property
    def postmaster(self) -> psutil.Process:
        return psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A new folder, with a space in its path, that the server's user can enter."""
    with open_folder() as folder:
        yield folder / "data folder"


@contextmanager
def held_server(
    folder: Path, *, prefix: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
) -> Iterator[HeldServer]:
    """Start a program that runs a server on the folder; it is killed at the end at the latest."""
    app = subprocess.Popen(
        [*prefix, sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert app.stdin
    assert app.stdout
    try:
        line = app.stdout.readline()
        assert line, "the program ended before its server was ready"
        url, supervisor, data = json.loads(line)
        yield HeldServer(app, url, psutil.Process(supervisor), Path(data))
    finally:
        app.stdin.close()
        try:
            app.wait(PATIENCE_S)
        finally:
            app.kill()
            app.wait()
            app.stdout.close()


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; fail when it does not within a minute."""
    deadline = monotonic() + PATIENCE_S
    while not holds():
        assert monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        sleep(0.05)


def answers(url: str) -> bool:
    """Whether the database answers a question."""
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
    )
    try:
        with engine.connect() as connection:
            return connection.execute(sa.text("SELECT 1")).scalar_one() == 1
    except sa.exc.OperationalError:
        return False


def execute(url: str, statement: str) -> None:
    """Run one statement and commit it."""
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
    )
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
