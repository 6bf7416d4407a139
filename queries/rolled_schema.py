"""Tables of the roll-ups that the Pipeline, Status and Gates pages read: one UTC day at a time.

Segments and versions stay columns, so that every filter works on them. Histograms are two arrays,
the occupied bins and their counts, because one row a bin would be ten times as large.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from queries.rollup_schema import metadata

_time = sa.DateTime(timezone=True)
_SEGMENTS = ("work_type", "region", "ml_version")
FAULT_COUNTS = (
    "no_trigger",
    "below_threshold",
    "not_escalated",
    "missed_escalation",
    "missed_disagreement",
)


def _daily(name: str, comment: str, *columns: sa.Column[object]) -> sa.Table:
    """A table that is deleted and inserted by day; nulls in its keys forbid a primary key."""
    return sa.Table(
        name,
        metadata,
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="UTC"),
        *columns,
        sa.Index(f"{name}_day", "environment", "day"),
        comment=comment,
    )


def _texts(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text()) for name in names]


def _counts(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _arrays(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, ARRAY(sa.Integer()), nullable=False) for name in names]


rolled_settings = sa.Table(
    "rolled_settings",
    metadata,
    sa.Column("environment", sa.Text(), primary_key=True),
    sa.Column("day", sa.Date(), primary_key=True, comment="UTC"),
    sa.Column("cuts", ARRAY(_time), nullable=False, comment="Moments that part the day"),
    sa.Column(
        "thresholds", JSONB(), nullable=False, comment="Configuration to [agreement, decision]"
    ),
    comment="The configuration history with which a day was rolled up",
)

rolled_requests = _daily(
    "rolled_requests",
    "Predictions by segment, version snapshots, whether the LLM ran and error code",
    sa.Column("moment", _time, nullable=False, comment="Since when nothing was switched"),
    *_texts("work_type", "region", "rules_version", "ml_version", "llm_version"),
    *_texts("workflow_config"),
    sa.Column("asked", sa.Boolean(), nullable=False),
    *_texts("error"),
    *_counts("n", "comparable", "agreed", "asked_disagreement", "asked_escalation"),
    *_counts("asked_untriggered", *FAULT_COUNTS, "unjudged", "rules_calls", "ml_calls"),
    sa.Column("newest", _time, nullable=False),
)

rolled_decisions = _daily(
    "rolled_decisions",
    "Predictions by segment and by what each layer decided",
    *_texts(*_SEGMENTS, "rules_decision", "ml_decision"),
    sa.Column("asked", sa.Boolean(), nullable=False),
    *_texts("final_decision"),
    *_counts("n"),
)

_GAP = ("escalated", "asked")


def _latency(name: str, comment: str, *segments: str) -> sa.Table:
    path: sa.Column[object] = sa.Column("path", sa.Text(), nullable=False)
    return _daily(name, comment, *_texts(*segments), path, *_arrays("bins", "counts"))


def _gaps(name: str, comment: str, *segments: str) -> sa.Table:
    return _daily(
        name,
        comment,
        *_texts(*segments),
        *(sa.Column(each, sa.Boolean(), nullable=False) for each in ("escalated", "asked")),
        *_arrays("bins", "counts", "comparable", "changed"),
    )


rolled_latency = _latency("rolled_latency", "Latency histograms over every segment")
rolled_latency_segments = _latency(
    "rolled_latency_segments", "Latency histograms by segment and model", *_SEGMENTS
)
rolled_gaps = _gaps("rolled_gaps", "Distance of rules and model, every segment; −1: unusable")
rolled_gaps_segments = _gaps(
    "rolled_gaps_segments", "Distance of rules and model by segment and model", *_SEGMENTS
)

rolled_reviews = sa.Table(
    "rolled_reviews",
    metadata,
    sa.Column("environment", sa.Text(), nullable=False),
    sa.Column("day", sa.Date(), nullable=False, comment="UTC day of the review"),
    sa.Column("scored_day", sa.Date(), nullable=False, comment="UTC day of the prediction"),
    sa.Column("delay", sa.Integer(), nullable=False, comment="Days from prediction to review"),
    *_texts(*_SEGMENTS, "trigger", "final_decision", "correct_decision"),
    sa.Column("ml_score", sa.Double()),
    *_texts("ml_decision"),
    *(sa.Column(f"{layer}_right", sa.Boolean()) for layer in ("rules", "ml", "llm", "final")),
    sa.Column("weight", sa.BigInteger(), comment="1 / propensity, capped, × 1e15; null: unknown"),
    sa.Column("weight_squared", sa.BigInteger(), comment="Its square × 1e14"),
    sa.Column("capped", sa.Boolean(), nullable=False),
    sa.Column("bin", sa.Integer(), nullable=False, comment="Distance; −1: unusable"),
    *(sa.Column(name, sa.Boolean(), nullable=False) for name in _GAP),
    sa.Column("changed", sa.Boolean()),
    sa.Column("mean_right", sa.Boolean()),
    sa.Column("reviewed_at", _time, nullable=False, comment="Latest of the reviews counted"),
    sa.Column("n", sa.Integer(), nullable=False, comment="+1 in force, −1 superseded that day"),
    sa.Index("rolled_reviews_day", "environment", "day"),
    sa.Index("rolled_reviews_scored", "environment", "scored_day"),
    comment="Reviews as events: the sum over days before a moment is what was known then",
)

PIPELINE_TABLES = (
    rolled_settings,
    rolled_requests,
    rolled_decisions,
    rolled_latency,
    rolled_latency_segments,
    rolled_gaps,
    rolled_gaps_segments,
    rolled_reviews,
)
