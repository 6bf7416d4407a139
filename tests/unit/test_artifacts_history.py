"""What the audit log says of releases: periods in service, drills, times, verification."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.artifacts import assess_evidence as evidence
from components.artifacts.assess import answer
from components.artifacts.assess_history import (
    DEMOTE,
    KEY,
    PROMOTE,
    ROLLBACK,
    VERIFY,
    key_events,
    practice,
    releases,
    served,
)
from components.artifacts.types import (
    Check,
    Fault,
    Inspection,
    ProbeState,
    Readiness,
    Signature,
)
from components.gates.status import Status
from queries.artifact_rows import EventRow

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def event(
    days: float, action: str, version: str, outcome: str = "success", **detail: Any
) -> EventRow:
    return EventRow(int(days * 100), ago(days), "admin", action, version, detail, outcome)


HISTORY = (
    event(100, PROMOTE, "a", to="a"),
    event(60.5, VERIFY, "b"),
    event(60, PROMOTE, "b", to="b"),
    event(50, ROLLBACK, "b", drill=True, seconds=90, to="a"),
    event(40, PROMOTE, "c", outcome="denied", to="c"),
    event(30, ROLLBACK, "b", seconds=120, to="a"),
    event(10, DEMOTE, "a", to="rules_only", seconds="soon"),
)


def test_periods_in_service_follow_promotions_and_real_rollbacks() -> None:
    found = [(item.version, item.start, item.end) for item in served(HISTORY, NOW)]

    assert found == [
        ("a", ago(100), ago(60)),
        ("b", ago(60), ago(30)),
        ("a", ago(30), ago(10)),
        ("rules_only", ago(10), NOW),
    ]
    assert served((), NOW) == ()


def test_releases_say_how_long_and_whether_they_were_verified() -> None:
    demoted, rolled_back, refused, drill, second, first = releases(HISTORY)

    assert (demoted.seconds, demoted.drill) == (None, False)
    assert rolled_back.seconds == 120
    assert rolled_back.served == timedelta(days=30)
    assert not refused.done
    assert refused.verified is None
    assert drill.drill
    assert (second.verified, first.verified) == (True, False)


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, True, "90", None, [90]])
def test_a_duration_that_is_none(value: Any) -> None:
    (found,) = releases([event(1, ROLLBACK, "a", seconds=value)])

    assert found.seconds is None


def test_an_event_whose_detail_is_no_object() -> None:
    odd: Any = ["drill"]
    (found,) = releases([EventRow(1, ago(1), "admin", ROLLBACK, None, odd, "success")])

    assert (found.version, found.to, found.drill) == ("", "", False)


def test_practice_counts_success_alone() -> None:
    found = practice(ROLLBACK, releases(HISTORY), NOW)

    assert (found.times, found.age_days) == (2, 30)
    assert (found.median_seconds, found.worst_seconds) == (105, 120)
    never = practice(ROLLBACK, releases([event(1, ROLLBACK, "a", outcome="failure")]), NOW)
    assert (never.last, never.age_days, never.times) == (None, None, 0)


def test_drills_as_evidence() -> None:
    rollback, demote = evidence.drill_evidence(releases(HISTORY), NOW, ago(1), "c")

    assert (rollback.value, rollback.n, rollback.candidate) == (30, 2, "c")
    assert demote.value == 10
    assert "in earnest" in demote.sentence
    none, _ = evidence.drill_evidence((), NOW, ago(1), None)
    assert (none.value, none.n) == (None, 0)


def test_keys_are_known_by_who_put_them_in_service() -> None:
    found = key_events([event(9, KEY, "k"), event(8, KEY, "l", outcome="denied")])

    assert [(item.key_id, item.actor) for item in found] == [("k", "admin")]


def inspection(
    loadable: bool | None, probe: ProbeState, fault: Fault | None = None, role: str = "rollback"
) -> Inspection:
    check = Check(
        "a", role, "a.ubj", NOW, fault, "because", Signature.VALID, "k", "ed25519", "0" * 64
    )
    ready = Readiness("a", role, 1, int(fault is None), loadable, probe, "tried")
    return Inspection(NOW, (check,), (ready,), live=True)


def targets(found: Inspection) -> tuple[Any, int]:
    item = next(
        item
        for item in evidence.file_evidence(found, NOW)
        if item.metric == evidence.ROLLBACK_TARGETS
    )
    return item.value, item.n


def test_what_counts_as_a_rollback_target() -> None:
    assert targets(inspection(True, ProbeState.REPRODUCED)) == (1, 1)
    assert targets(inspection(True, ProbeState.DIFFERS)) == (0, 1)
    assert targets(inspection(False, ProbeState.NOT_TRIED, Fault.WRONG_DIGEST)) == (0, 1)
    assert targets(inspection(None, ProbeState.NOT_TRIED)) == (None, 0)
    assert targets(inspection(True, ProbeState.SCORED, role="production")) == (0, 1)


def test_the_answer_fails_without_a_way_back() -> None:
    whole = inspection(True, ProbeState.REPRODUCED)

    assert answer(whole, whole.readiness[0]).status is Status.PASS
    assert answer(whole, None).status is Status.FAIL
    assert answer(None, None).status is Status.NO_DATA
    broken = inspection(False, ProbeState.NOT_TRIED, Fault.EXPIRED)
    assert "INTEGRITY FAILURE in 1 of 1" in answer(broken, broken.readiness[0]).sentence
