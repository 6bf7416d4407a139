"""Runbooks: every alert rule has one, it says what it must, and its review has an end."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from components.alerts.assess_evidence import with_runbook
from components.alerts.runbooks import Runbook, coverage
from components.gates.policy import load_policy
from dashboard.runbooks import runbook, runbooks

REVIEWED = date(2026, 11, 20)
NEEDED = {"drift", "retraining", "rollback", "promote", "emergency_demote"}
PARTS = ("**When.**", "**Who.**", "**How long.**", "**How to know it worked.**", "**How to undo.**")


def test_the_runbooks_that_were_asked_for_are_there() -> None:
    assert set(runbooks()) >= NEEDED


@pytest.mark.parametrize("key", sorted(runbooks()))
def test_a_runbook_says_when_who_how_and_back(key: str) -> None:
    book = runbooks()[key]
    assert book.title
    assert book.owner
    assert book.reviewed_on is not None
    assert "Reviewed on" not in book.body
    assert [part for part in PARTS if part not in book.body] == []
    assert "\n1. " in book.body


def test_every_alert_rule_and_every_named_runbook_exists() -> None:
    policy = load_policy()
    named = {gate.runbook for gate in policy.requirements if gate.runbook}
    assert named | {policy.alerts.retraining.runbook} <= set(runbooks())
    found = coverage(policy, runbooks(), REVIEWED)
    assert found.lacking == ()
    assert found.sentence == f"{found.rules} of {found.rules} alert rules have a current runbook."


@pytest.mark.parametrize(
    ("reviewed", "current"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 5, 24), True),
        (date(2026, 5, 23), False),
        (date(2026, 11, 21), False),
        (None, False),
    ],
)
def test_a_review_lasts_half_a_year(reviewed: date | None, current: bool) -> None:
    book = Runbook("x", "X", "Lead", reviewed, "")
    assert book.current(REVIEWED, 180) is current


@pytest.mark.parametrize(
    ("text", "day", "owner"),
    [
        ("# T\n\nReviewed on 2026-11-20. Owner: A lead.\n\nBody.", REVIEWED, "A lead"),
        ("# T\n\nReviewed on 2026-13-40. Owner: A lead.\n\nBody.", None, "A lead"),
        ("# T\n\nBody.", None, ""),
    ],
)
def test_the_day_of_review_is_read_from_the_text(text: str, day: date | None, owner: str) -> None:
    book = runbook("t", text)
    assert (book.title, book.reviewed_on, book.owner, book.body) == ("T", day, owner, "Body.")


def test_a_missing_or_old_runbook_is_named() -> None:
    policy = load_policy()
    books = {key: book for key, book in runbooks().items() if key != "drift"}
    found = coverage(policy, books, REVIEWED)
    assert {gate.id for gate in found.lacking} == {
        "data_drift",
        "prediction_drift",
        "concept_drift",
    }
    assert "not so “Inputs have not drifted”" in found.sentence
    (evidence,) = with_runbook(found, datetime(2026, 11, 20, tzinfo=UTC))
    assert evidence.value == pytest.approx((found.rules - 3) / found.rules)
    old = coverage(policy, runbooks(), date(2027, 6, 1))
    assert old.current == 0
