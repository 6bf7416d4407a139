"""What leadership is told: the verdict in a sentence, who acts, and what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from components.gates.assess import Evaluation, evaluate
from components.gates.evidence import Evidence
from components.gates.policy import Policy, load_policy
from components.gates.status import Status
from components.status.assess import blockers, changes, overall
from components.status.earlier import judged_again
from components.status.numbers import Daily, trend

NOW = datetime(2026, 11, 20, tzinfo=UTC)
POLICY = load_policy()


def judged(*evidence: Evidence, policy: Policy = POLICY) -> Evaluation:
    return evaluate(policy, evidence, now=NOW)


def complete(value: float) -> Evidence:
    return Evidence("audit.snapshot_completeness", value, 10_000, "full count", NOW)


def test_nothing_measured_is_said_as_such() -> None:
    evaluation = judged()

    assert overall(evaluation).endswith("are not measured.")
    assert [blocker.status for blocker in blockers(evaluation)] == [Status.NO_DATA]


def test_a_failure_names_gate_owner_and_next_step_before_what_is_unmeasured() -> None:
    first, *rest = blockers(judged(complete(0.9)))

    asked = POLICY.requirement("snapshot_completeness")
    assert first.gate == asked.id
    assert first.status is Status.FAIL
    assert (first.title, first.who) == (asked.title, asked.owner)
    assert first.next_step
    assert [blocker.gate for blocker in rest] == [""]


def test_the_sentence_counts_what_fails() -> None:
    assert "1 fails" in overall(judged(complete(0.9)))


def test_an_empty_policy_is_not_a_pass() -> None:
    evaluation = judged(policy=Policy(title="Nothing asked"))

    assert overall(evaluation) == "The policy asks for nothing, so nothing can be judged."


def test_only_gates_that_moved_are_changes_and_the_worse_come_first() -> None:
    known = Evidence("audit.known_versions", 1.0, 10_000, "full count", NOW)
    unknown = Evidence("audit.known_versions", 0.5, 10_000, "full count", NOW)

    before = judged_again(judged(complete(0.9), known))
    found = changes(before, judged(complete(1.0), unknown))

    assert [(change.gate, change.before, change.after) for change in found] == [
        ("known_versions", Status.PASS, Status.FAIL),
        ("snapshot_completeness", Status.FAIL, Status.PASS),
    ]


def test_no_change_is_no_change() -> None:
    assert changes(judged_again(judged(complete(1.0))), judged(complete(1.0))) == ()


def test_a_trend_compares_the_last_week_with_the_days_before() -> None:
    last = NOW.date()
    days = [Daily(last - timedelta(days=step), 90 if step < 7 else 80, 100) for step in range(28)]

    assert trend(days, last) == "last 7 days 90%, before 80.0%"
    assert trend(days[:5], last) == "too few days for a trend"
    assert trend([], last) == "too few days for a trend"
