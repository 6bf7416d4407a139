"""The cases that the suites are made of: reviewed predictions, with what both models said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from dashboard.sample.shadow import CANDIDATE
from queries.contract import (
    config_history,
    ml_feedback,
    ml_shadow_scores,
    ml_training_runs,
    model_artifacts,
    prediction_audit,
)
from queries.names import PRODUCTION

WINDOW = timedelta(days=56)
PRIORITY = "priority"
RANDOM = "random"

_scratch = sa.MetaData()

cases = sa.Table(
    "evaluation_cases",
    _scratch,
    sa.Column("prediction_id", sa.BigInteger, primary_key=True),
    sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("region", sa.Text),
    sa.Column("rules_decision", sa.Text),
    sa.Column("correct_decision", sa.Text, nullable=False),
    sa.Column("severity", sa.Text),
    sa.Column("production_score", sa.Double),
    sa.Column("production_version", sa.Text),
    sa.Column("production_decision", sa.Text),
    sa.Column("candidate_version", sa.Text),
    sa.Column("candidate_decision", sa.Text),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
    comment="Predictions that were reviewed at random in the shadow window, first review only",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A model under test, and where :data:`cases` holds its decision."""

    version: str
    role: str
    trained_from: datetime | None
    trained_until: datetime | None
    trained_at: datetime | None

    @property
    def decision(self) -> sa.Column[str | None]:
        return cases.c[f"{self.role}_decision"]

    @property
    def passed(self) -> sa.ColumnElement[bool]:
        """It decided, and as the reviewer did."""
        return self.decision == cases.c.correct_decision


def collect(connection: sa.Connection, until: datetime) -> None:
    """Fill the scratch table of this transaction."""
    _scratch.create_all(connection)
    a, f, s = prediction_audit.c, ml_feedback.c, ml_shadow_scores.c
    since = until - WINDOW
    first = (
        sa.select(f.prediction_id, f.reviewed_at, f.correct_decision, f.severity)
        .where(f.review_reason == RANDOM, f.reviewed_at >= since, f.reviewed_at < until)
        .ext(distinct_on(f.prediction_id))
        .order_by(f.prediction_id, f.reviewed_at, f.feedback_id)
        .subquery("first")
    )
    shadow = (
        sa.select(ml_shadow_scores)
        .where(s.scored_at >= since, s.candidate_version == CANDIDATE)
        .subquery("shadow")
    )
    joined = prediction_audit.join(first, first.c.prediction_id == a.prediction_id).join(
        shadow,
        sa.and_(
            shadow.c.prediction_id == a.prediction_id,
            shadow.c.scored_at == a.scored_at,
        ),
    )
    statement = (
        sa.select(
            a.prediction_id,
            a.scored_at,
            first.c.reviewed_at,
            a.region,
            a.rules_decision,
            first.c.correct_decision,
            first.c.severity,
            shadow.c.production_score,
            shadow.c.production_version,
            shadow.c.production_decision,
            shadow.c.candidate_version,
            shadow.c.candidate_decision,
        )
        .select_from(joined)
        .where(a.environment == PRODUCTION, a.scored_at >= since, a.scored_at < until)
    )
    connection.execute(sa.insert(cases).from_select(list(cases.c.keys()), statement))
    connection.execute(sa.text("analyze evaluation_cases"))


def subjects(connection: sa.Connection, until: datetime) -> tuple[Subject, ...]:
    """The model in production and the candidate, as far as there are any."""
    c, m = config_history.c, model_artifacts.c
    serving = connection.scalar(
        sa.select(c.version)
        .where(c.knob == "ml_version", c.valid_from < until)
        .order_by(c.valid_from.desc())
        .limit(1)
    )
    candidate = connection.scalar(
        sa.select(m.model_version).where(m.role == "candidate").order_by(m.model_version).limit(1)
    )
    found = (("production", serving), ("candidate", candidate))
    return tuple(_subject(connection, role, version) for role, version in found if version)


def _subject(connection: sa.Connection, role: str, version: str) -> Subject:
    t = ml_training_runs.c
    run = connection.execute(
        sa.select(t.window_start, t.window_end, t.finished_at)
        .where(t.model_version == version, t.status == "succeeded")
        .order_by(t.started_at.desc())
        .limit(1)
    ).one_or_none()
    return Subject(
        version,
        role,
        run.window_start if run else None,
        run.window_end if run else None,
        run.finished_at if run else None,
    )
