"""Pages run in the test's own process: each test sets the database and starts with empty caches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache

TIMEOUT_S = 60
AS_OF = "2026-11-01T00:00:00Z"

OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Open a page against a database: ``open_page("status", url, query={"as_of": …}, **env)``."""

    def open_(
        key: str, url: str | None, query: Mapping[str, str | list[str]] | None = None, **env: str
    ) -> AppTest:
        for name in (
            "SOURCE_URL",
            "OWN_URL",
            "AS_OF",
            "SAMPLE",
            "DEFAULT_ROLE",
            "POLICY_PATH",
            "MODELS_DIR",
            "KEYS_DIR",
        ):
            monkeypatch.delenv(f"PLUMBLINE_{name}", raising=False)
        if url is not None:
            monkeypatch.setenv("PLUMBLINE_SOURCE_URL", url)
        for name, value in {"AS_OF": AS_OF, "JUDGING_S": "45", **env}.items():
            monkeypatch.setenv(f"PLUMBLINE_{name}", value)
        cache.forget()
        test = AppTest.from_string(
            f"from dashboard.navigation import run\nrun({key!r})", default_timeout=TIMEOUT_S
        )
        for name, value in (query or {}).items():
            test.query_params[name] = value
        return test.run()

    yield open_
    cache.forget()


@pytest.fixture(autouse=True)
def quiet_streamlit(caplog: pytest.LogCaptureFixture) -> None:
    """Streamlit warns that tests run without a browser; ours are read at this level."""
    caplog.set_level(logging.INFO, logger="plumbline")
