"""What a page says about where its history comes from."""

from __future__ import annotations

from datetime import UTC, date, datetime

from components.layout.freshness import history_line
from queries.rolled_rows import Standing

REFRESHED = datetime(2026, 11, 20, 2, 5, tzinfo=UTC)


def test_without_a_schema_of_its_own_the_page_says_that_it_reads_the_source() -> None:
    assert "Read from the source directly, which is slower." in history_line(Standing(False))


def test_a_period_that_no_roll_up_covers_is_not_called_refreshed() -> None:
    line = history_line(Standing(True))
    assert "read from the source directly" in line
    assert "refreshed" not in line


def test_roll_ups_say_when_they_were_refreshed() -> None:
    line = history_line(Standing(True, REFRESHED))
    assert "Roll-ups refreshed 20 Nov 2026, 02:05 UTC." in line
    assert "gone" not in line


def test_records_that_are_gone_are_named_with_their_last_day() -> None:
    gone = (date(2023, 12, 30), date(2023, 12, 31))
    line = history_line(Standing(True, REFRESHED, gone))
    assert "Records of 2 days up to 31 Dec 2023 are gone from the source, history stays" in line
