"""Where roll-ups are kept: layouts, days, histograms and SHAP mass; families add their tables."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from queries.chains import SCHEMA

PART, VERSION = "roll-ups", 1
"""The part of the schema, and its version; see ``rollup_tables``."""

DAY, MONTH = "day", "month"
"""Grains."""
LEVELS = {
    (): "all",
    ("work_type",): "work_type",
    ("region",): "region",
    ("work_type", "region"): "pair",
}
"""Which segment columns a row is split by; every level is split by the model's version."""

metadata = sa.MetaData(schema=SCHEMA)
_time = sa.DateTime(timezone=True)

rollup_layouts = sa.Table(
    "rollup_layouts",
    metadata,
    sa.Column("edges_id", sa.Text(), primary_key=True, comment="Hash of the content"),
    sa.Column("created_at", _time, nullable=False),
    sa.Column("environment", sa.Text(), nullable=False, comment="Of the reference"),
    sa.Column("reference_start", _time, nullable=False),
    sa.Column("reference_end", _time, nullable=False),
    sa.Column("reference_rows", sa.BigInteger(), nullable=False),
    sa.Column("variables", JSONB(), nullable=False, comment="Bins in the order of the vector"),
    comment="Frozen bins; a new reference adds a row, and none is ever changed",
)

rollup_days = sa.Table(
    "rollup_days",
    metadata,
    sa.Column("environment", sa.Text(), primary_key=True),
    sa.Column("day", sa.Date(), primary_key=True, comment="UTC"),
    sa.Column("edges_id", sa.Text(), nullable=False, comment="Layout it was last built with"),
    sa.Column("source_rows", sa.BigInteger(), nullable=False, comment="When it was last built"),
    sa.Column("fingerprint", sa.Text(), nullable=False, comment="Sum of hashes of the rows"),
    sa.Column("marks", JSONB(), nullable=False, comment="Family to what its source held"),
    sa.Column("state", sa.Text(), nullable=False, comment="built, purged, vanished"),
    sa.Column("rows_left", sa.BigInteger(), comment="Where purged or vanished: rows still there"),
    sa.Column("refreshed_at", _time, nullable=False),
    comment="Which days are rolled up, and from what",
)

rollup_months = sa.Table(
    "rollup_months",
    metadata,
    sa.Column("environment", sa.Text(), primary_key=True),
    sa.Column("edges_id", sa.Text(), primary_key=True),
    sa.Column("month", sa.Date(), primary_key=True, comment="Its first day"),
    comment="Months whose sums stand beside their days and equal them",
)

rollup_origin = sa.Table(
    "rollup_origin",
    metadata,
    sa.Column("place", sa.SmallInteger(), primary_key=True, autoincrement=False),
    sa.Column("identity", sa.Text(), nullable=False, comment="Hash; see queries.rollup_origin"),
    sa.Column("recorded_at", _time, nullable=False),
    sa.CheckConstraint("place = 1", name="rollup_origin_is_one"),
    comment="The source that everything here was rolled up from",
)


def _kept(name: str, comment: str, column: sa.Column[object]) -> sa.Table:
    """A table of what was computed of the newest days, under the rules and bins of then."""
    return sa.Table(
        name,
        metadata,
        sa.Column("environment", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True, comment="Last day of the current window"),
        sa.Column("policy_version", sa.Text(), primary_key=True, comment="Of the section on drift"),
        sa.Column("edges_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("refreshed_at", _time, nullable=False, comment="Newest of the days behind it"),
        column,
        sa.Column("computed_at", _time, nullable=False),
        comment=comment,
    )


drift_evidence = _kept(
    "drift_evidence",
    "What gates take long to measure, drift first of all, so that they need not do it again",
    sa.Column("evidence", JSONB(), nullable=False, comment="Numbers as text, exactly"),
)

drift_reports = _kept(
    "drift_reports",
    "The comparison of the usual windows, so that the page need not compute it again",
    sa.Column("report", sa.Text(), nullable=False, comment="JSON"),
)


def _vectors(name: str, comment: str, *columns: sa.Column[object]) -> sa.Table:
    """A table with one row for each grain, day, version and segment."""
    keys = ("edges_id", "environment", "grain", "level", "day")
    return sa.Table(
        name,
        metadata,
        sa.Column("edges_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False, comment="day, month"),
        sa.Column("level", sa.Text(), nullable=False, comment="all, work_type, region, pair"),
        sa.Column("day", sa.Date(), nullable=False, comment="First day of the grain, UTC"),
        sa.Column("ml_version", sa.Text()),
        sa.Column("work_type", sa.Text(), comment="Null also where the level does not split by it"),
        sa.Column("region", sa.Text(), comment="Null also where the level does not split by it"),
        *columns,
        sa.Index(
            f"{name}_key",
            *keys,
            "ml_version",
            "work_type",
            "region",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        comment=comment,
    )


rollup_histograms = _vectors(
    "rollup_histograms",
    "Predictions per bin, every variable of the layout in one vector",
    sa.Column("predictions", sa.BigInteger(), nullable=False),
    sa.Column("counts", ARRAY(sa.Integer()), nullable=False),
)

rollup_shap = _vectors(
    "rollup_shap",
    "Explained predictions and SHAP mass per feature bin; the features' part of the vector",
    sa.Column("explained", ARRAY(sa.Integer()), nullable=False),
    sa.Column("total_micro", ARRAY(sa.BigInteger()), nullable=False, comment="Sum of SHAP × 1e6"),
)
