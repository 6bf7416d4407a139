"""What is kept about both programmes: events, configuration, evaluations, findings."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from queries.contract_parts import (
    BIGINT_ID,
    TEXT_ID,
    TIME,
    KnownIn,
    NonNegative,
    OneOf,
    Past,
    column,
    relation,
)

system_audit = relation(
    "system_audit",
    "Security and administration events of the platform; permanent.",
    column("event_id", BIGINT_ID, "The event", key=True),
    column("occurred_at", TIME, "When", domain=Past()),
    column("actor", sa.Text(), "Who"),
    column("action", sa.Text(), "What, such as model.promote"),
    column("object", sa.Text(), "On what", null=True),
    column("detail", JSONB(), "More; of config.change: from, to, was, value", null=True),
    column("outcome", sa.Text(), "Result", domain=OneOf(("success", "denied", "failure"))),
    sa.Index("system_audit_occurred_at", "occurred_at"),
    pages=("artifacts", "audit_trail"),
    fresh_by="occurred_at",
)

config_history = relation(
    "config_history",
    "Every value that each knob has had, and since when.",
    column("knob", sa.Text(), "The knob; workflow_config, rules_version, ml_version …", key=True),
    column("version", sa.Text(), "Version of its value", key=True),
    column("value", JSONB(), "Value; workflow_config holds agreement_threshold"),
    column("valid_from", TIME, "In force since", key=True),
    column("changed_by", sa.Text(), "Who"),
    column("reason", sa.Text(), "Why", null=True),
    pages=("pipeline", "drift", "feedback", "configuration"),
    fresh_by="valid_from",
)

evaluation_runs = relation(
    "evaluation_runs",
    "Each run of a test suite against a model version.",
    column("run_id", TEXT_ID, "The run", key=True),
    column(
        "suite",
        sa.Text(),
        "Suite",
        domain=OneOf(
            (
                "golden",
                "adversarial",
                "bias",
                "robustness",
                "stability",
                "safety",
                "api_contract",
                "llm_safety",
            )
        ),
    ),
    column("suite_version", sa.Text(), "Version of the suite"),
    column("suite_digest", sa.Text(), "Digest of its cases"),
    column("model_version", sa.Text(), "Model under test"),
    column("started_at", TIME, "Start", domain=Past()),
    column("finished_at", TIME, "End", null=True, domain=Past()),
    column("status", sa.Text(), "State", domain=OneOf(("running", "succeeded", "failed"))),
    column("tool", sa.Text(), "Tool and version", null=True),
    column("attempt", sa.Integer(), "1 for the first try"),
    pages=("gates", "evaluations"),
    fresh_by="started_at",
)

evaluation_results = relation(
    "evaluation_results",
    "What the runs measured, per metric and segment.",
    column("result_id", BIGINT_ID, "The result", key=True),
    column("run_id", TEXT_ID, "The run", domain=KnownIn("evaluation_runs", "run_id")),
    column("metric", sa.Text(), "Metric"),
    column("segment", sa.Text(), "Segment, or all"),
    column("value", sa.Double(), "Value", null=True),
    column("n", sa.BigInteger(), "Cases scored", domain=NonNegative()),
    column("n_unscored", sa.BigInteger(), "Cases without a score", domain=NonNegative()),
    column("interval_low", sa.Double(), "Lower 95% bound", null=True),
    column("interval_high", sa.Double(), "Upper 95% bound", null=True),
    column("evidence", JSONB(), "More; cases or predictions that failed", null=True),
    sa.Index("evaluation_results_run", "run_id"),
    pages=("gates", "evaluations"),
    fresh_by="run_id",
)

findings = relation(
    "findings",
    "Findings of the oversight team.",
    column("finding_id", TEXT_ID, "The finding", key=True),
    column("priority", sa.Text(), "Priority", domain=OneOf(("P0", "P1", "P2"))),
    column("title", sa.Text(), "Title"),
    column("area", sa.Text(), "Area"),
    column("owner", sa.Text(), "Role that acts"),
    column("opened_at", TIME, "Opened", domain=Past()),
    column("due_at", TIME, "Due", null=True),
    column("closed_at", TIME, "Closed", null=True, domain=Past()),
    column("evidence", sa.Text(), "Evidence", null=True),
    pages=("status", "findings"),
    fresh_by="opened_at",
)
