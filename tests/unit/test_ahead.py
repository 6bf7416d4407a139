"""The present is judged at each step, whoever looks."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from dashboard import cache, engines
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


def test_the_day_that_status_compares_with_is_judged_too(
    contract_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_SOURCE_URL", contract_database)
    monkeypatch.setenv("PLUMBLINE_AS_OF", "2026-06-15T12:00:00Z")
    cache.forget()
    judge()
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    event.listen(engines.source(), "before_cursor_execute", note)
    for day in (datetime(2026, 6, 15, 12, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)):
        assert cache.evaluation(day).as_of == day
    assert not sent
    cache.evaluation(datetime(2026, 6, 3, tzinfo=UTC))
    assert sent
    engines.source().dispose()
    cache.forget()
