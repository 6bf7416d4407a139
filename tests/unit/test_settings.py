"""Options that cannot be used are named in one sentence that never repeats their value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.ready import Readiness, readiness
from dashboard.settings import settings
from queries.errors import InvalidInputError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a secrets file of its own, and options that are read anew."""
    for name in ("SOURCE_URL", "OWN_URL", "AS_OF", "STATEMENT_TIMEOUT_S"):
        monkeypatch.delenv(f"PLUMBLINE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [("AS_OF", "yesterday"), ("AS_OF", "2026-11-01T00:00:00"), ("STATEMENT_TIMEOUT_S", "0")],
)
def test_the_option_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PLUMBLINE_{name}", value)

    with pytest.raises(InvalidInputError, match=f"PLUMBLINE_{name}: ") as caught:
        settings()

    assert value not in str(caught.value) or len(value) == 1


@pytest.mark.parametrize(
    "content",
    [
        b'[plumbline]\nsource_url = ["postgresql://someone:hidden@host/database"]\n',
        b'plumbline = "postgresql://someone:hidden@host/database"\n',
        b"[plumbline]\nsource_url = postgresql://someone:hidden@host/database\n",
        b'[plumbline]\nsource_url = "hidden\xff"\n',
    ],
)
def test_a_secrets_file_that_cannot_be_used_keeps_its_secrets(
    content: bytes, elsewhere: Path
) -> None:
    (elsewhere / ".streamlit" / "secrets.toml").write_bytes(content)

    with pytest.raises(InvalidInputError) as caught:
        settings()

    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_app_starts_with_wrong_options_and_says_that_it_is_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLUMBLINE_AS_OF", "yesterday")

    assert readiness() == Readiness(False, "wrong options")
