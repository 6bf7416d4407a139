"""The real server on a free port, and Debian's Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from queries.database import own_engine
from queries.own_schema import ensure_own_schema

ROOT = Path(__file__).parents[2]
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
START_S = 90
# Streamlit's page looks for its own server below the page's path first.
PROBES = ("/_stcore/health", "/_stcore/host-config")


@dataclass(slots=True)
class Visit:
    """One browser window on the product, and everything it complained about."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> None:
        """Go to a page and wait until its script has run to the end."""
        self.page.goto(f"{self.base}/{path}")
        self.settled()

    def settled(self) -> None:
        """Wait until the title is there and nothing runs any more."""
        expect(self.page.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)
        expect(self.page.get_by_text("How these numbers were made")).to_be_visible(timeout=60_000)
        expect(self.page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)
        # A rerun dims what it has not drawn again, and what is new fades in: colours that no
        # reader stops to read.
        self.page.wait_for_function(_AT_REST, timeout=60_000)


_AT_REST = """() =>
    document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
    && document.querySelector('[data-stale=true]') === null
    && document.getAnimations().every(one => one.playState !== 'running')"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; without one the tests are skipped, under CI they fail."""
    path = os.environ.get("PLUMBLINE_CHROMIUM") or shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing. Install it, or name it in PLUMBLINE_CHROMIUM.")
        pytest.skip("Chromium is missing; name it in PLUMBLINE_CHROMIUM.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def own_url(sample_database: str, writer_url: Callable[[str], str]) -> str:
    """The sample's database as the role that may write the product's own schema."""
    url = writer_url(sample_database)
    engine = own_engine(url)
    ensure_own_schema(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def served(
    sample_database: str,
    own_url: str,
    reader_url: Callable[[str], str],
    models_of: Callable[[str], Path],
) -> Iterator[str]:
    """The address of a server that oversees the sample programme."""
    models = models_of(sample_database)
    with serving(
        PLUMBLINE_SOURCE_URL=reader_url(sample_database),
        PLUMBLINE_OWN_URL=own_url,
        PLUMBLINE_AS_OF="2026-11-01T00:00:00Z",
        PLUMBLINE_JUDGING_S="45",
        PLUMBLINE_SAMPLE="invented",
        PLUMBLINE_MODELS_DIR=str(models),
        PLUMBLINE_KEYS_DIR=str(models / "keys"),
    ) as base:
        yield base


@contextmanager
def serving(**environment: str) -> Iterator[str]:
    """The product served on a free port; ended with all it started."""
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py")),
        *("--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}"),
        "--server.fileWatcherType=none",
    ]
    inherited = {name: value for name, value in os.environ.items() if "PLUMBLINE" not in name}
    process = subprocess.Popen(
        command, cwd=ROOT, env={**inherited, **environment}, start_new_session=True
    )
    try:
        _wait_for(port, process)
        yield base
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended before it was ready"
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server was not ready within {START_S} s")


@pytest.fixture
def visit(chromium: Browser, served: str) -> Iterator[Callable[..., Visit]]:
    """Open a window: ``visit(width=1400, height=900, dark=False)``; no complaint may be left."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def open_(*, width: int = 1400, height: int = 900, dark: bool = False) -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        contexts.append(context)
        visits.append(_listening(Visit(context.new_page(), served)))
        return visits[-1]

    yield open_
    for context in contexts:
        context.close()
    assert [one for entry in visits for one in entry.complaints] == []


def _listening(visit: Visit) -> Visit:
    def heard(message: object) -> None:
        location = getattr(message, "location", {}).get("url", "")
        if getattr(message, "type", "") == "error" and not location.endswith(PROBES):
            visit.complaints.append(f"{getattr(message, 'text', '')} {location}")

    def asked(request: object) -> None:
        address = getattr(request, "url", "")
        if not address.startswith((visit.base, "data:", "blob:")):
            visit.complaints.append(f"the page asked another server: {address}")

    visit.page.on("console", heard)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("request", asked)
    return visit
