"""Alerts and recommendations to retrain as events, and the outbox of what is sent about them.

Events are append-only and hash-chained; the views ``alerts`` and ``retraining_recommendations``
show the present state. The outbox alone is changed, as its messages are delivered.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from queries.chains import TIME, chained, metadata

alert_runs = chained(
    "alert_runs",
    "Every time the alert rules were judged: silence is only good news with one of these",
    sa.Column("run_id", sa.Text(), nullable=False, unique=True),
    sa.Column("recorded_at", TIME, nullable=False, comment="Clock time"),
    sa.Column("as_of", TIME, nullable=False, index=True, comment="The moment that was judged"),
    sa.Column("policy_version", sa.Text(), nullable=False),
    sa.Column("evaluation_digest", sa.Text(), nullable=False, comment="See gate_evaluations"),
    sa.Column("rules", sa.Integer(), nullable=False, comment="Gates that raise alerts"),
    sa.Column("retraining", sa.Text(), nullable=False, comment="recommended, no, unknown"),
)

alert_events = chained(
    "alert_events",
    "What happened to each alert: raised, acknowledged, reopened, closed",
    sa.Column("event_id", sa.Text(), nullable=False, unique=True),
    sa.Column("alert_id", sa.Text(), nullable=False, index=True),
    sa.Column("kind", sa.Text(), nullable=False, comment="raised, reopened, acknowledged, closed"),
    sa.Column("occurred_at", TIME, nullable=False, index=True, comment="As-of of the judgement"),
    sa.Column("recorded_at", TIME, nullable=False, comment="Clock time"),
    sa.Column("rule", sa.Text(), nullable=False, comment="Id of the gate in the policy"),
    sa.Column("subject", sa.Text(), nullable=False, comment="The gate's metric, or a variable"),
    sa.Column("segment", sa.Text(), nullable=False, comment="Its slice, or all"),
    sa.Column("severity", sa.Text(), nullable=False),
    sa.Column("answer_due_at", TIME, comment="Until when somebody answers; null once closed"),
    sa.Column("by_role", sa.Text(), nullable=False),
    sa.Column("by_pseudonym", sa.Text(), nullable=False, comment="Never a name"),
    sa.Column("evidence_digest", sa.Text(), nullable=False, comment="SHA-256 of the finding"),
    sa.Column("policy_version", sa.Text(), nullable=False),
    sa.Column("detail", JSONB(), nullable=False, comment="Title, sentence, next step, runbook"),
)

retraining_events = chained(
    "retraining_events",
    "Recommendations to retrain, and their end: to be read by a training pipeline",
    sa.Column("event_id", sa.Text(), nullable=False, unique=True),
    sa.Column("recommendation_id", sa.Text(), nullable=False, index=True),
    sa.Column("kind", sa.Text(), nullable=False, comment="recommended, reopened, withdrawn"),
    sa.Column("occurred_at", TIME, nullable=False, index=True, comment="As-of of the judgement"),
    sa.Column("recorded_at", TIME, nullable=False, comment="Clock time"),
    sa.Column("policy_version", sa.Text(), nullable=False),
    sa.Column("evaluation_digest", sa.Text(), nullable=False),
    sa.Column("evidence_digest", sa.Text(), nullable=False, comment="SHA-256 of the signals"),
    sa.Column("payload", JSONB(), nullable=False, comment="Sentence, drift, degradation, runbook"),
)

webhook_outbox = sa.Table(
    "webhook_outbox",
    metadata,
    sa.Column("message_id", sa.Text(), primary_key=True, comment="The event; idempotency key"),
    sa.Column("message_no", sa.BigInteger(), sa.Identity(always=True), nullable=False, unique=True),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("kind", sa.Text(), nullable=False, comment="Such as alert.raised"),
    sa.Column("body", sa.Text(), nullable=False, comment="Sent as it stands; no personal data"),
    sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("last_attempt_at", TIME),
    sa.Column("last_error", sa.Text(), comment="Kind of failure; never a URL or an answer"),
    sa.Column("delivered_at", TIME),
    sa.Index(
        "webhook_outbox_waiting", "message_no", postgresql_where=sa.text("delivered_at IS NULL")
    ),
    comment="Messages to the webhook; kept until delivered, and after",
)

CHAINED = (alert_runs, alert_events, retraining_events)

VIEWS = (
    """
    CREATE OR REPLACE VIEW plumbline.alerts AS
    SELECT DISTINCT ON (alert_id)
           alert_id, rule, subject, segment, severity,
           CASE kind WHEN 'acknowledged' THEN 'acknowledged' WHEN 'closed' THEN 'closed'
                     ELSE 'open' END AS state,
           occurred_at AS since, answer_due_at, evidence_digest, policy_version, detail
    FROM plumbline.alert_events ORDER BY alert_id, row_number DESC
    """,
    """
    CREATE OR REPLACE VIEW plumbline.retraining_recommendations AS
    SELECT DISTINCT ON (recommendation_id)
           recommendation_id, kind <> 'withdrawn' AS in_force, occurred_at AS since,
           policy_version, evaluation_digest, evidence_digest, payload
    FROM plumbline.retraining_events ORDER BY recommendation_id, row_number DESC
    """,
)
