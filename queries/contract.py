"""The tables the product reads: names, types, keys, meaning, and the pages that need them.

Where an owner's tables are named otherwise, views with these names do as well. The DDL is
printed by :mod:`queries.contract_ddl` and a database is compared with it by
:mod:`queries.contract_check`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from queries.names import DISAGREEMENT, ESCALATION

CONTRACT_VERSION = "1"


class Identifier(sa.types.UserDefinedType[Any]):
    """An id that the owner keeps as ``bigint`` or ``text``; parameters are bound without a cast."""

    cache_ok = True

    def __init__(self, preferred: str = "text") -> None:
        self.preferred = preferred

    def get_col_spec(self, **_: Any) -> str:
        return self.preferred


@dataclass(frozen=True, slots=True)
class Unit:
    """A share or a probability: 0 to 1."""


@dataclass(frozen=True, slots=True)
class NonNegative:
    """Zero or more."""


@dataclass(frozen=True, slots=True)
class Past:
    """A time that cannot lie in the future."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a closed list of words."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownIn:
    """A value that must appear in another relation's column."""

    relation: str
    column: str


Domain = Unit | NonNegative | Past | OneOf | KnownIn

metadata = sa.MetaData()

_bigint_id = Identifier("bigint")
_text_id = Identifier("text")
_time = sa.DateTime(timezone=True)


def _column(
    name: str,
    type_: sa.types.TypeEngine[Any],
    meaning: str,
    *,
    key: bool = False,
    null: bool = False,
    domain: Domain | None = None,
) -> sa.Column[Any]:
    return sa.Column(
        name,
        type_,
        primary_key=key,
        nullable=null and not key,
        autoincrement=False,
        comment=meaning,
        info={"domain": domain},
    )


def _relation(
    name: str,
    meaning: str,
    *items: sa.Column[Any] | sa.Index,
    pages: tuple[str, ...],
    fresh_by: str,
    hot: bool = False,
    partition_by: str | None = None,
) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        *items,
        comment=meaning,
        info={"pages": pages, "fresh_by": fresh_by, "hot": hot, "partition_by": partition_by},
        postgresql_partition_by=f"RANGE ({partition_by})" if partition_by else None,
    )


prediction_audit = _relation(
    "prediction_audit",
    "One row for every prediction: what each layer said, under which versions, how fast.",
    _column("prediction_id", _bigint_id, "The prediction", key=True),
    _column("ticket_id", _text_id, "The ticket that was scored", key=True),
    _column("scored_at", _time, "When it was scored", key=True, domain=Past()),
    _column("environment", sa.Text(), "Where it was scored, such as production or development"),
    _column("work_type", sa.Text(), "Segment: kind of work", null=True),
    _column("region", sa.Text(), "Segment: where the work is", null=True),
    _column("rules_version", sa.Text(), "Snapshot: rules engine version", null=True),
    _column(
        "ml_version",
        sa.Text(),
        "Snapshot: model version",
        null=True,
        domain=KnownIn("ml_training_runs", "model_version"),
    ),
    _column("llm_version", sa.Text(), "Snapshot: LLM version; null unless it ran", null=True),
    _column("workflow_config", sa.Text(), "Snapshot: workflow configuration version", null=True),
    _column("rules_score", sa.Double(), "Risk by the rules", null=True, domain=Unit()),
    _column("rules_decision", sa.Text(), "Decision of the rules", null=True),
    _column("ml_score", sa.Double(), "Risk by the model", null=True, domain=Unit()),
    _column("ml_decision", sa.Text(), "Decision of the model", null=True),
    _column("llm_score", sa.Double(), "Risk by the LLM, where it ran", null=True, domain=Unit()),
    _column("llm_decision", sa.Text(), "Decision of the LLM, where it ran", null=True),
    _column(
        "llm_trigger",
        sa.Text(),
        "Why the LLM ran; null where it did not",
        null=True,
        domain=OneOf((DISAGREEMENT, ESCALATION)),
    ),
    _column("escalated", sa.Boolean(), "Whether the ticket was escalated"),
    _column("final_score", sa.Double(), "Risk after all layers", null=True, domain=Unit()),
    _column("final_decision", sa.Text(), "Decision after all layers", null=True),
    _column("rules_latency_ms", sa.Double(), "Rules layer", null=True, domain=NonNegative()),
    _column("ml_latency_ms", sa.Double(), "Model layer", null=True, domain=NonNegative()),
    _column("llm_latency_ms", sa.Double(), "LLM layer", null=True, domain=NonNegative()),
    _column("total_latency_ms", sa.Double(), "Whole request", null=True, domain=NonNegative()),
    _column("error", sa.Text(), "Error code; null where the prediction succeeded", null=True),
    _column("features", JSONB(), "Feature name to value, as the model saw it", null=True),
    _column(
        "review_propensity",
        sa.Double(),
        "Probability with which this prediction was chosen for review",
        null=True,
        domain=Unit(),
    ),
    sa.Index("prediction_audit_scored_at", "scored_at", postgresql_using="brin"),
    sa.Index("prediction_audit_day", "environment", "scored_at"),
    sa.Index("prediction_audit_ticket", "ticket_id"),
    pages=("status", "gates", "pipeline", "drift", "shadow", "explanations", "feedback"),
    fresh_by="scored_at",
    hot=True,
    partition_by="scored_at",
)

prediction_explanations = _relation(
    "prediction_explanations",
    "Stored explanations: one attribution for each feature.",
    _column("prediction_id", _bigint_id, "The prediction", key=True),
    _column("scored_at", _time, "When it was scored", key=True, domain=Past()),
    _column("model_version", sa.Text(), "The model explained"),
    _column("method", sa.Text(), "Such as tree_path_dependent"),
    _column("output_space", sa.Text(), "Such as log_odds"),
    _column("base_value", sa.Double(), "Bias of this row, in the output space"),
    _column("shap_values", JSONB(), "Feature name to attribution, in the output space"),
    _column("library_version", sa.Text(), "Library and version that computed it"),
    sa.Index("prediction_explanations_scored_at", "scored_at"),
    pages=("explanations", "drift"),
    fresh_by="scored_at",
    hot=True,
)

ml_shadow_scores = _relation(
    "ml_shadow_scores",
    "The candidate's score beside production's, on the same prediction.",
    _column("prediction_id", _bigint_id, "The prediction", key=True),
    _column("scored_at", _time, "When it was scored", key=True, domain=Past()),
    _column("production_version", sa.Text(), "Model in production"),
    _column("candidate_version", sa.Text(), "Model in the shadow", key=True),
    _column("production_score", sa.Double(), "Risk by production", null=True, domain=Unit()),
    _column("production_decision", sa.Text(), "Decision by production", null=True),
    _column("candidate_score", sa.Double(), "Risk by the candidate", null=True, domain=Unit()),
    _column("candidate_decision", sa.Text(), "Decision by the candidate", null=True),
    _column("candidate_latency_ms", sa.Double(), "Candidate", null=True, domain=NonNegative()),
    _column("candidate_error", sa.Text(), "Error code of the candidate", null=True),
    sa.Index("ml_shadow_scores_scored_at", "scored_at"),
    pages=("shadow",),
    fresh_by="scored_at",
    hot=True,
)

ml_feedback = _relation(
    "ml_feedback",
    "What reviewers decided on tickets that they looked at.",
    _column("feedback_id", _bigint_id, "The review", key=True),
    _column("prediction_id", _bigint_id, "The prediction reviewed"),
    _column("reviewer", sa.Text(), "Pseudonym of the reviewer"),
    _column("reviewed_at", _time, "When", domain=Past()),
    _column("model_decision", sa.Text(), "What the platform had decided"),
    _column("correct_decision", sa.Text(), "What the reviewer holds to be right"),
    _column(
        "severity",
        sa.Text(),
        "Harm of a wrong decision",
        null=True,
        domain=OneOf(("critical", "major", "minor")),
    ),
    _column("reason_code", sa.Text(), "Why the decision was changed", null=True),
    _column(
        "review_reason",
        sa.Text(),
        "How the ticket came to be reviewed",
        null=True,
        domain=OneOf(("random", ESCALATION, DISAGREEMENT, "dispute")),
    ),
    _column("blinded", sa.Boolean(), "Whether the model's decision was hidden"),
    sa.Index("ml_feedback_prediction", "prediction_id"),
    sa.Index("ml_feedback_reviewed_at", "reviewed_at"),
    pages=("pipeline", "shadow", "feedback", "drift"),
    fresh_by="reviewed_at",
)

ml_training_runs = _relation(
    "ml_training_runs",
    "Every training run: data, metrics, who, and the file it made.",
    _column("run_id", _text_id, "The run", key=True),
    _column("model_version", sa.Text(), "Version that came out"),
    _column("family", sa.Text(), "Such as xgboost, lightgbm, random_forest"),
    _column("parent_version", sa.Text(), "Version it descends from", null=True),
    _column("started_at", _time, "Start", domain=Past()),
    _column("finished_at", _time, "End", null=True, domain=Past()),
    _column("status", sa.Text(), "State", domain=OneOf(("running", "succeeded", "failed"))),
    _column("training_rows", sa.BigInteger(), "Rows", null=True, domain=NonNegative()),
    _column("window_start", _time, "First ticket of the training window", null=True),
    _column("window_end", _time, "Last ticket of the training window", null=True),
    _column("dataset_sha256", sa.Text(), "Digest of the training data", null=True),
    _column("metrics", JSONB(), "Metric name to value", null=True),
    _column("trained_by", sa.Text(), "Who started it"),
    _column("artifact_path", sa.Text(), "File", null=True),
    _column("sha256", sa.Text(), "Digest of the file", null=True),
    pages=("pipeline", "feedback", "artifacts"),
    fresh_by="started_at",
)

model_artifacts = _relation(
    "model_artifacts",
    "Model files with the role they play and their signatures.",
    _column("model_version", sa.Text(), "The version", key=True),
    _column(
        "role",
        sa.Text(),
        "Role",
        key=True,
        domain=OneOf(("production", "candidate", "rollback", "retired")),
    ),
    _column("path", sa.Text(), "File", key=True),
    _column("sha256", sa.Text(), "Digest of the file"),
    _column("size_bytes", sa.BigInteger(), "Size", domain=NonNegative()),
    _column("manifest", JSONB(), "Signed manifest"),
    _column("signature", sa.Text(), "Signature of the manifest, hexadecimal", null=True),
    _column("key_id", sa.Text(), "Key that signed", null=True),
    _column("signed_at", _time, "When it was signed", null=True, domain=Past()),
    _column("not_after", _time, "End of validity", null=True),
    pages=("artifacts",),
    fresh_by="signed_at",
)

system_audit = _relation(
    "system_audit",
    "Security and administration events of the platform; permanent.",
    _column("event_id", _bigint_id, "The event", key=True),
    _column("occurred_at", _time, "When", domain=Past()),
    _column("actor", sa.Text(), "Who"),
    _column("action", sa.Text(), "What, such as model.promote"),
    _column("object", sa.Text(), "On what", null=True),
    _column("detail", JSONB(), "More", null=True),
    _column("outcome", sa.Text(), "Result", domain=OneOf(("success", "denied", "failure"))),
    sa.Index("system_audit_occurred_at", "occurred_at"),
    pages=("artifacts", "audit_trail"),
    fresh_by="occurred_at",
)

config_history = _relation(
    "config_history",
    "Every value that each knob has had, and since when.",
    _column("knob", sa.Text(), "The knob; workflow_config, rules_version, ml_version …", key=True),
    _column("version", sa.Text(), "Version of its value", key=True),
    _column("value", JSONB(), "Value; workflow_config holds agreement_threshold"),
    _column("valid_from", _time, "In force since", key=True),
    _column("changed_by", sa.Text(), "Who"),
    _column("reason", sa.Text(), "Why", null=True),
    pages=("pipeline", "drift", "configuration"),
    fresh_by="valid_from",
)

migration_batches = _relation(
    "migration_batches",
    "Each load of each batch: what went in and what came out.",
    _column("batch_id", _text_id, "The batch", key=True),
    _column("attempt", sa.Integer(), "1 for the first try", key=True),
    _column("run_id", _text_id, "Mock conversion or live load it belongs to"),
    _column("run_kind", sa.Text(), "Kind of run", domain=OneOf(("mock", "live"))),
    _column("run_number", sa.Integer(), "Order of the runs, from 1"),
    _column("source_system", sa.Text(), "Where the records come from"),
    _column("target_table", sa.Text(), "Where they go"),
    _column("started_at", _time, "Start", domain=Past()),
    _column("finished_at", _time, "End", null=True, domain=Past()),
    _column("extracted", sa.BigInteger(), "Read from the source", domain=NonNegative()),
    _column("loaded", sa.BigInteger(), "Written to the target", domain=NonNegative()),
    _column("rejected", sa.BigInteger(), "Refused, with an exception each", domain=NonNegative()),
    _column("filtered", sa.BigInteger(), "Left out by a declared rule", domain=NonNegative()),
    _column("filter_rule", sa.Text(), "That rule", null=True),
    _column(
        "status",
        sa.Text(),
        "State",
        domain=OneOf(("running", "completed", "failed", "partial")),
    ),
    pages=("status", "reconciliation", "exceptions"),
    fresh_by="started_at",
)

migration_control_totals = _relation(
    "migration_control_totals",
    "The pipeline's own control totals: Google DVT's result columns, plus exact numbers.",
    _column("total_id", _bigint_id, "The comparison", key=True),
    _column("batch_id", _text_id, "The batch"),
    _column("validation_name", sa.Text(), "Name"),
    _column("validation_type", sa.Text(), "Type, such as Column", null=True),
    _column("aggregation_type", sa.Text(), "Aggregate: count, sum, min, max", null=True),
    _column("source_table_name", sa.Text(), "Source table", null=True),
    _column("source_column_name", sa.Text(), "Source column", null=True),
    _column("source_agg_value", sa.Text(), "Source value as the tool printed it", null=True),
    _column("source_value", sa.Numeric(), "Source value, exact", null=True),
    _column("target_table_name", sa.Text(), "Target table", null=True),
    _column("target_column_name", sa.Text(), "Target column", null=True),
    _column("target_agg_value", sa.Text(), "Target value as the tool printed it", null=True),
    _column("target_value", sa.Numeric(), "Target value, exact", null=True),
    _column("group_by_columns", sa.Text(), "Group", null=True),
    _column("primary_keys", sa.Text(), "Keys", null=True),
    _column("num_random_rows", sa.BigInteger(), "Rows sampled", null=True),
    _column("difference", sa.Text(), "Difference as the tool printed it", null=True),
    _column("pct_difference", sa.Text(), "The same in per cent", null=True),
    _column("pct_threshold", sa.Text(), "Threshold in per cent", null=True),
    _column("validation_status", sa.Text(), "The tool's own verdict", null=True),
    _column("run_id", _text_id, "Run of the tool"),
    _column("labels", JSONB(), "Labels", null=True),
    _column("start_time", _time, "Start", domain=Past()),
    _column("end_time", _time, "End", null=True, domain=Past()),
    pages=("reconciliation",),
    fresh_by="start_time",
)

migration_field_checks = _relation(
    "migration_field_checks",
    "Field accuracy as the pipeline reports it.",
    _column("check_id", _bigint_id, "The check", key=True),
    _column("batch_id", _text_id, "The batch"),
    _column("table_name", sa.Text(), "Table"),
    _column("field", sa.Text(), "Field"),
    _column("population", sa.BigInteger(), "Values there are", domain=NonNegative()),
    _column("compared", sa.BigInteger(), "Values compared", domain=NonNegative()),
    _column("mismatched", sa.BigInteger(), "Values that differ", domain=NonNegative()),
    _column("mismatched_by_cause", JSONB(), "Cause to count", null=True),
    _column("coverage", sa.Text(), "How much was compared", domain=OneOf(("sample", "full"))),
    _column("critical", sa.Boolean(), "Whether no difference is acceptable"),
    _column("checked_at", _time, "When", domain=Past()),
    pages=("field_accuracy",),
    fresh_by="checked_at",
)

migration_exceptions = _relation(
    "migration_exceptions",
    "Each record that failed: AWS DMS's failure columns, plus field, values and state.",
    _column("exception_id", _bigint_id, "The exception", key=True),
    _column("batch_id", _text_id, "The batch"),
    _column("task_name", sa.Text(), "Task", null=True),
    _column("table_owner", sa.Text(), "Schema", null=True),
    _column("table_name", sa.Text(), "Table"),
    _column("failure_time", _time, "When it failed", domain=Past()),
    _column("key_type", sa.Text(), "Row or range", null=True),
    _column("key", sa.Text(), "Key of the record"),
    _column("failure_type", sa.Text(), "Such as RECORD_DIFF, MISSING_TARGET", null=True),
    _column("details", sa.Text(), "The tool's own words", null=True),
    _column("field", sa.Text(), "Field; null for a whole record", null=True),
    _column("source_value", sa.Text(), "Value in the source", null=True),
    _column("target_value", sa.Text(), "Value in the target", null=True),
    _column("cause", sa.Text(), "Cause class", null=True),
    _column(
        "severity",
        sa.Text(),
        "Harm",
        domain=OneOf(("critical", "major", "minor")),
    ),
    _column(
        "status",
        sa.Text(),
        "State",
        domain=OneOf(("open", "fixed", "waived", "false_positive")),
    ),
    _column("first_seen_at", _time, "First seen", domain=Past()),
    _column("last_seen_at", _time, "Last seen", domain=Past()),
    sa.Index(
        "migration_exceptions_batch",
        *("batch_id", "exception_id", "status", "severity", "cause", "field"),
    ),
    sa.Index(
        "migration_exceptions_counts",
        *("batch_id", "status", "severity", "cause", "field", "first_seen_at"),
    ),
    sa.Index("migration_exceptions_record", "table_name", "key"),
    sa.Index("migration_exceptions_first_seen", "first_seen_at"),
    sa.Index("migration_exceptions_last_seen", "last_seen_at"),
    pages=("status", "exceptions"),
    fresh_by="last_seen_at",
)

evaluation_runs = _relation(
    "evaluation_runs",
    "Each run of a test suite against a model version.",
    _column("run_id", _text_id, "The run", key=True),
    _column(
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
    _column("suite_version", sa.Text(), "Version of the suite"),
    _column("suite_digest", sa.Text(), "Digest of its cases"),
    _column("model_version", sa.Text(), "Model under test"),
    _column("started_at", _time, "Start", domain=Past()),
    _column("finished_at", _time, "End", null=True, domain=Past()),
    _column("status", sa.Text(), "State", domain=OneOf(("running", "succeeded", "failed"))),
    _column("tool", sa.Text(), "Tool and version", null=True),
    _column("attempt", sa.Integer(), "1 for the first try"),
    pages=("gates", "evaluations"),
    fresh_by="started_at",
)

evaluation_results = _relation(
    "evaluation_results",
    "What the runs measured, per metric and segment.",
    _column("result_id", _bigint_id, "The result", key=True),
    _column("run_id", _text_id, "The run", domain=KnownIn("evaluation_runs", "run_id")),
    _column("metric", sa.Text(), "Metric"),
    _column("segment", sa.Text(), "Segment, or all"),
    _column("value", sa.Double(), "Value", null=True),
    _column("n", sa.BigInteger(), "Cases scored", domain=NonNegative()),
    _column("n_unscored", sa.BigInteger(), "Cases without a score", domain=NonNegative()),
    _column("interval_low", sa.Double(), "Lower 95% bound", null=True),
    _column("interval_high", sa.Double(), "Upper 95% bound", null=True),
    _column("evidence", JSONB(), "More", null=True),
    sa.Index("evaluation_results_run", "run_id"),
    pages=("gates", "evaluations"),
    fresh_by="run_id",
)

findings = _relation(
    "findings",
    "Findings of the oversight team.",
    _column("finding_id", _text_id, "The finding", key=True),
    _column("priority", sa.Text(), "Priority", domain=OneOf(("P0", "P1", "P2"))),
    _column("title", sa.Text(), "Title"),
    _column("area", sa.Text(), "Area"),
    _column("owner", sa.Text(), "Role that acts"),
    _column("opened_at", _time, "Opened", domain=Past()),
    _column("due_at", _time, "Due", null=True),
    _column("closed_at", _time, "Closed", null=True, domain=Past()),
    _column("evidence", sa.Text(), "Evidence", null=True),
    pages=("status", "findings"),
    fresh_by="opened_at",
)

relations: tuple[sa.Table, ...] = tuple(metadata.tables.values())
