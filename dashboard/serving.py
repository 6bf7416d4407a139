"""Starting the app, waiting until it answers, and stopping it whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep

from queries.errors import InvalidInputError, PlumblineError

PACKAGE = Path(__file__).parent
APP = PACKAGE / "app.py"
LOCAL = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
READY_WITHIN_S = 60.0
POLITE_S = 2.0
LOOK_EVERY_S = 0.05


def address_of(host: str, port: int) -> str:
    """Where a browser on this machine finds the app."""
    name = "localhost" if host in (LOCAL, *EVERYWHERE) else host
    return f"http://{name}:{port}"


def require_free_port(host: str, port: int) -> None:
    """Check that the app could listen there.

    Raises:
        InvalidInputError: another program listens on the port, or the address is not ours.
    """
    try:
        family, kind, _, _, target = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(target)
    except OSError as error:
        raise InvalidInputError(
            f"Port {port} on {host} cannot be used: {(error.strerror or 'unknown').lower()}. "
            "Stop the other program, or choose another port with --port."
        ) from error


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal all unwind the program in the same way.

    A signal that was ignored when the program started, as under ``nohup``, stays ignored.
    """
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(
    environment: Mapping[str, str], *, host: str, port: int, when_ready: Callable[[], None]
) -> int:
    """Run the app until it ends or this program is asked to stop; returns its exit code.

    Options reach the app through its environment, never through its arguments, which every
    user of the machine can read.

    Raises:
        PlumblineError: the app ended, or did not answer, before it was ready.
    """
    app = _start(environment, host, port)
    try:
        _wait_until_ready(app, host, port)
        when_ready()
        return app.wait()
    finally:
        _stop(app)


def open_browser(address: str) -> None:
    """Open the app where there is a screen; a text browser would take over the terminal."""
    has_screen = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_screen:
        webbrowser.open(address)


def working_folder() -> Path:
    """Where the server's settings are found: the project's folder in a clone, else where we are.

    An installed package carries its settings beside ``app.py``, where Streamlit looks as well.
    """
    project = PACKAGE.parent
    return project if (project / ".streamlit" / "config.toml").is_file() else Path.cwd()


def _start(environment: Mapping[str, str], host: str, port: int) -> subprocess.Popen[bytes]:
    quiet = {
        "STREAMLIT_SERVER_HEADLESS": "true",
        # Its welcome would ask a server on the internet for our address.
        "STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE": "true",
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    }
    return subprocess.Popen(  # noqa: S603 (an argument vector of our own making)
        [
            sys.executable,
            "-P",
            "-m",
            "dashboard.tethered",
            str(APP),
            f"--server.address={host}",
            f"--server.port={port}",
        ],
        stdin=subprocess.PIPE,
        cwd=working_folder(),
        env={**os.environ, **quiet, **environment},
        start_new_session=True,
    )


def _wait_until_ready(app: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = monotonic() + READY_WITHIN_S
    while monotonic() < deadline:
        if app.poll() is not None:
            raise PlumblineError("The app ended before it was ready. Its messages are above.")
        if _answers(LOCAL if host in EVERYWHERE else host, port):
            return
        sleep(LOOK_EVERY_S)
    raise PlumblineError(f"The app did not answer within {READY_WITHIN_S:.0f} seconds.")


def _answers(host: str, port: int) -> bool:
    with closing(HTTPConnection(host, port, timeout=READY_WITHIN_S)) as connection:
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def _stop(app: subprocess.Popen[bytes]) -> None:
    """Ask the app to end; make it, when it does not."""
    if app.poll() is None:
        app.terminate()
        try:
            app.wait(POLITE_S)
        except subprocess.TimeoutExpired:
            app.kill()
            app.wait()
    if app.stdin is not None:
        app.stdin.close()
