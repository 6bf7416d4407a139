"""``plumbline demo`` as people run it: stopped, killed, started twice, interrupted."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from time import monotonic

import psutil
import pytest

from dashboard.embedded.processes import server_processes
from tests.conftest import open_folder
from tests.faults.conftest import eventually

PATIENCE_S = 180.0
READY = "Plumbline is at"
OPTIONS = ("--tickets-per-year", "24000", "--years", "0.5", "--until", "2026-11-01")

pytestmark = pytest.mark.slow


class RunningDemo:
    """The command in a process of its own, and what it has said so far."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self.folder = folder
        self.port = port
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "dashboard.cli", "demo", "--no-browser"),
                *("--data-dir", str(folder), "--port", str(port), *OPTIONS, *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self._lines: Queue[str | None] = Queue()
        Thread(target=self._read, daemon=True).start()

    def until_it_says(self, words: str) -> None:
        """Wait for a line; fail when the program ends or takes too long without it."""
        deadline = monotonic() + PATIENCE_S
        while words not in self.said:
            try:
                line = self._lines.get(timeout=max(deadline - monotonic(), 0.01))
            except Empty:
                pytest.fail(f"not said within {PATIENCE_S:.0f} s: {words}; said: {self.said}")
            if line is None:
                pytest.fail(f"ended without saying: {words}; said: {self.said}")
            self.said += line

    def end(self) -> int:
        """Wait for the end; returns the exit code."""
        code = self.process.wait(PATIENCE_S)
        while (line := self._lines.get(timeout=PATIENCE_S)) is not None:
            self.said += line
        return code

    def leaves_nothing(self) -> bool:
        return not port_is_taken(self.port) and not any(
            server_processes(data) for data in self.folder.glob("pg*")
        )

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)


@contextmanager
def demo(folder: Path, port: int, *options: str) -> Iterator[RunningDemo]:
    running = RunningDemo(folder, port, *options)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        eventually(running.leaves_nothing, "nothing of the demo is left")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server_folder() -> Iterator[Path]:
    """A folder where the demo has run once, so that the sample is built."""
    with open_folder() as base:
        folder = base / "data folder"
        with demo(folder, free_port()) as running:
            running.until_it_says(READY)
            assert "Creating tables" in running.said
            running.process.send_signal(signal.SIGINT)
            running.end()
        yield folder


def port_is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def get(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", path)
    return connection.getresponse().status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_polite_signal_ends_everything(
    server_folder: Path, port: int, number: signal.Signals
) -> None:
    with demo(server_folder, port) as running:
        running.until_it_says(READY)
        assert get(port, "/api/ready") == 200
        running.process.send_signal(number)
        assert running.end() == 0
        assert running.leaves_nothing()
        assert "Stopped." in running.said


def test_a_killed_demo_takes_its_app_and_server_with_it(server_folder: Path, port: int) -> None:
    with demo(server_folder, port) as running:
        running.until_it_says(READY)
        running.process.kill()
        eventually(running.leaves_nothing, "app and server have ended")


def test_no_database_url_is_shown_or_passed_as_an_argument(server_folder: Path, port: int) -> None:
    with demo(server_folder, port) as running:
        running.until_it_says(READY)
        family = psutil.Process(running.process.pid).children(recursive=True)
        arguments = [" ".join(process.cmdline()) for process in family]
        running.process.send_signal(signal.SIGINT)
        running.end()
    assert len(arguments) > 2
    assert not any("postgresql://" in text for text in [running.said, *arguments])


def test_a_port_in_use_gets_a_clear_answer(server_folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        process = RunningDemo(server_folder, taken)
        assert process.end() == 2
    assert f"Port {taken}" in process.said
    assert "--port" in process.said
    assert "Traceback" not in process.said
    assert process.leaves_nothing()


def test_a_second_start_is_told_where_the_first_one_is(server_folder: Path, port: int) -> None:
    with demo(server_folder, port) as first:
        first.until_it_says(READY)
        second = RunningDemo(server_folder, port + 1)
        assert second.end() == 2
        assert str(first.process.pid) in second.said
        assert f"http://localhost:{port}" in second.said
        assert get(port, "/api/ready") == 200


def test_the_sample_is_built_once(server_folder: Path, port: int) -> None:
    with demo(server_folder, port) as running:
        running.until_it_says(READY)
        assert "Creating tables" not in running.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_is_done_again(port: int, number: signal.Signals) -> None:
    with open_folder() as folder:
        with demo(folder / "data", port) as running:
            running.until_it_says("Creating tables")
            running.process.send_signal(number)
            running.end()
        with demo(folder / "data", port) as running:
            running.until_it_says(READY)
            assert "Creating tables" in running.said
            assert get(port, "/api/ready") == 200
