"""The present is judged at each step, whoever looks."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import cache
from dashboard.ahead import judge, until_next


@given(st.integers(0, 10**15))
def test_the_wait_ends_where_the_present_advances(microseconds: int) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    wait = timedelta(seconds=until_next(now))
    assert timedelta(0) < wait <= cache.STEP
    into = (now + wait - datetime(2024, 1, 1, tzinfo=UTC)) % cache.STEP
    assert min(into, cache.STEP - into) < timedelta(milliseconds=1)


def test_without_a_database_it_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("PLUMBLINE_SOURCE_URL", raising=False)
    cache.forget()
    with caplog.at_level(logging.INFO, "plumbline.ahead"):
        judge()
    told = [record for record in caplog.records if record.name == "plumbline.ahead"]
    assert [record.levelname for record in told] == ["INFO"]


def test_a_fault_is_logged_without_its_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    message = "postgresql://reader:secret@host/database"

    def fail(_: datetime) -> None:
        raise RuntimeError(message)

    monkeypatch.setattr(cache, "judge_anew", fail)
    judge()
    assert "RuntimeError" in caplog.text
    assert "in fail" in caplog.text
    assert "reader:secret" not in caplog.text
