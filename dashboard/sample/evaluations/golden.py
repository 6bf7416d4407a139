"""Golden suite: clear cases whose expected decision reviewer, rules and production agree on.

Production passes it by construction. What it shows is whether another model breaks one of them,
and whether a case was in a model's training window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from dashboard.sample.defect import Defect
from dashboard.sample.evaluations.cases import RANDOM, Subject, cases
from dashboard.sample.evaluations.suite import Result, SuiteRun, digest, share
from queries.contract import ml_feedback, prediction_audit
from queries.names import PRODUCTION

SIZE, CRITICAL_SIZE = 300, 60
"""Cases in all, and how many critical ones come first: they are rare, and must be in the suite."""
CLEAR_BY = 0.3
"""Distance of production's score from 0.5 from which a case is clear."""

VERSION = "golden-3"
CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """One case, with the time of its ticket and of the label."""

    prediction_id: int
    scored_at: datetime
    reviewed_at: datetime
    expected: str
    severity: str | None
    production: str | None
    candidate: str | None

    def decision(self, role: str) -> str | None:
        return self.production if role == "production" else self.candidate

    def in_training_of(self, subject: Subject) -> bool:
        """Its ticket lies in the training window and its label was there in time."""
        if not (subject.trained_from and subject.trained_until and subject.trained_at):
            return False
        return (
            subject.trained_from <= self.scored_at <= subject.trained_until
            and self.reviewed_at < subject.trained_at
        )


def expected() -> tuple[sa.ColumnElement[bool], ...]:
    """Which of :data:`cases` are clear: production is sure, reviewer and rules say the same."""
    c = cases.c
    return (
        sa.func.abs(c.production_score - 0.5) >= CLEAR_BY,
        c.production_decision == c.correct_decision,
        c.rules_decision == c.correct_decision,
    )


def choose(
    connection: sa.Connection, subjects: Sequence[Subject], leak: Defect | None
) -> tuple[GoldenCase, ...]:
    """The suite's cases, oldest first; a planted leak adds cases from a training window."""
    c = cases.c
    critical = sa.func.coalesce(c.severity == CRITICAL, sa.false())
    in_order = sa.func.row_number().over(partition_by=critical, order_by=c.prediction_id)
    place = sa.case((sa.and_(critical, in_order <= CRITICAL_SIZE), 0), else_=1)
    statement = (
        sa.select(
            c.prediction_id,
            c.scored_at,
            c.reviewed_at,
            c.correct_decision.label("expected"),
            c.severity,
            c.production_decision.label("production"),
            c.candidate_decision.label("candidate"),
        )
        .where(*expected())
        .order_by(place, c.prediction_id)
        .limit(SIZE)
    )
    found = [GoldenCase(**row) for row in connection.execute(statement).mappings()]
    chosen = sorted(found, key=lambda case: case.prediction_id)
    candidate = next((subject for subject in subjects if subject.role == "candidate"), None)
    if leak is not None and candidate is not None:
        chosen = [*_leaked(connection, candidate, leak.records), *chosen]
    return tuple(chosen)


def _leaked(connection: sa.Connection, subject: Subject, number: int) -> list[GoldenCase]:
    """Reviewed tickets that the subject was trained on; nobody scored them in the shadow."""
    a, f = prediction_audit.c, ml_feedback.c
    statement = (
        sa.select(
            a.prediction_id,
            a.scored_at,
            f.reviewed_at,
            f.correct_decision.label("expected"),
            f.severity,
            sa.cast(sa.null(), sa.Text).label("production"),
            sa.cast(sa.null(), sa.Text).label("candidate"),
        )
        .select_from(prediction_audit.join(ml_feedback, f.prediction_id == a.prediction_id))
        .where(
            a.environment == PRODUCTION,
            f.review_reason == RANDOM,
            a.scored_at >= subject.trained_from,
            a.scored_at <= subject.trained_until,
            f.reviewed_at < subject.trained_at,
        )
        .ext(distinct_on(a.prediction_id))
        .order_by(a.prediction_id.desc(), f.reviewed_at)
        .limit(number)
    )
    return [GoldenCase(**row) for row in connection.execute(statement).mappings()]


def run(subject: Subject, golden: Sequence[GoldenCase], at: datetime, attempt: int) -> SuiteRun:
    """Run the suite against one model."""
    scored = [case for case in golden if case.decision(subject.role) is not None]
    lost = [case for case in golden if case not in scored]
    lost_critical = sum(case.severity == CRITICAL for case in lost)
    passed = [case for case in scored if case.decision(subject.role) == case.expected]
    critical = [case for case in scored if case.severity == CRITICAL]
    critical_passed = sum(case.severity == CRITICAL for case in passed)
    broken = [
        str(case.prediction_id)
        for case in scored
        if case.production == case.expected and case.decision(subject.role) != case.expected
    ]
    overlap = [str(case.prediction_id) for case in golden if case.in_training_of(subject)]
    return SuiteRun(
        "golden",
        VERSION,
        digest(f"{case.prediction_id}:{case.expected}" for case in golden),
        subject.version,
        at,
        (
            share("pass_rate", len(passed), len(scored), n_unscored=len(lost)),
            share("critical_pass_rate", critical_passed, len(critical), n_unscored=lost_critical),
            Result("newly_broken", len(broken), len(scored), evidence={"predictions": broken}),
            Result(
                "training_overlap", len(overlap), len(golden), evidence={"predictions": overlap}
            ),
        ),
        attempt=attempt,
    )
