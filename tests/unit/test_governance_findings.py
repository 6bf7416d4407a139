"""The findings register: what is open, what is late, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from components.governance.assess_findings import (
    CLOSED,
    LATE,
    OPEN,
    answer,
    assess,
    days,
    opened_and_open,
)
from queries.findings import FindingRow

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
ROW = FindingRow("F-1", "P1", "Something", "Migration", "Lead", NOW - 10 * DAY, NOW + DAY, None, "")


@pytest.mark.parametrize(
    ("changes", "state", "late"),
    [
        ({}, OPEN, None),
        ({"due_at": NOW - 2 * DAY}, LATE, 2),
        ({"due_at": None}, LATE, None),
        ({"closed_at": NOW - DAY}, CLOSED, None),
        ({"due_at": NOW - 5 * DAY, "closed_at": NOW - 2 * DAY}, CLOSED, 3),
    ],
)
def test_state_and_delay(changes: dict[str, object], state: str, late: int | None) -> None:
    found = assess([replace(ROW, **changes)], NOW)[0]  # type: ignore[arg-type]

    assert found.state == state
    assert (None if found.late is None else days(found.late)) == late


def test_late_ones_come_first_then_by_priority() -> None:
    found = assess(
        [
            replace(ROW, finding_id="open P0", priority="P0"),
            replace(ROW, finding_id="late P2", priority="P2", due_at=NOW - DAY),
            replace(ROW, finding_id="closed P0", priority="P0", closed_at=NOW - DAY),
            replace(ROW, finding_id="open P1"),
        ],
        NOW,
    )

    assert [one.row.finding_id for one in found] == ["late P2", "open P0", "open P1", "closed P0"]


def test_a_priority_that_nobody_knows_stands_before_all() -> None:
    found = assess([replace(ROW, priority="P0"), replace(ROW, priority="blocker")], NOW)

    assert [one.priority for one in found] == ["Other", "P0"]


def test_the_answer_names_what_is_late() -> None:
    late = replace(ROW, title="Dates are swapped", priority="P0", due_at=NOW - DAY)

    assert answer(assess([], NOW)) == "The register holds no finding."
    assert answer(assess([ROW], NOW)) == "1 of 1 findings are open (1 P1), none past its date."
    assert answer(assess([ROW, late], NOW)) == (
        "2 of 2 findings are open (1 P0, 1 P1); 1 is past the date: “Dates are swapped”."
    )
    assert answer(assess([replace(ROW, closed_at=NOW)], NOW)) == "All 1 findings are closed."


def test_open_findings_are_counted_day_by_day() -> None:
    found = assess([ROW, replace(ROW, opened_at=NOW - 5 * DAY, closed_at=NOW - 2 * DAY)], NOW)

    assert [count for _, count in opened_and_open(found, NOW)] == [1, 2, 1, 1]
