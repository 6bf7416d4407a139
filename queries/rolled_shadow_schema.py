"""Tables of the roll-ups of candidates in the shadow: one UTC day of one pair at a time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from queries.rollup_schema import metadata

_time = sa.DateTime(timezone=True)


def _table(
    name: str, comment: str, *columns: sa.Column[object], by: tuple[str, ...] = ("day",)
) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="UTC"),
        sa.Column("candidate_version", sa.Text(), nullable=False),
        sa.Column("production_version", sa.Text(), nullable=False),
        *columns,
        sa.Index(f"{name}_key", "environment", "candidate_version", "production_version", *by),
        comment=comment,
    )


def _segments() -> list[sa.Column[object]]:
    return [sa.Column("work_type", sa.Text()), sa.Column("region", sa.Text())]


rolled_shadow_runs = _table(
    "rolled_shadow_runs",
    "What each candidate scored beside each production model",
    sa.Column("rows", sa.BigInteger(), nullable=False),
    sa.Column("scored", sa.BigInteger(), nullable=False),
    sa.Column("first_at", _time, nullable=False),
    sa.Column("last_at", _time, nullable=False),
)

rolled_shadow_tallies = _table(
    "rolled_shadow_tallies",
    "Counts of the pair's predictions; keys as queries.shadow_rows.Kind says",
    sa.Column("level", sa.Text(), nullable=False, comment="all, work_type, region, pair (both)"),
    *_segments(),
    sa.Column("kind", sa.SmallInteger(), nullable=False),
    sa.Column("keys", ARRAY(sa.Integer()), nullable=False),
    sa.Column("counts", ARRAY(sa.Integer()), nullable=False),
    sa.Column("totals", ARRAY(sa.BigInteger()), nullable=False),
    by=("level", "kind", "day"),
)

rolled_shadow_errors = _table(
    "rolled_shadow_errors",
    "Error codes of the candidate",
    *_segments(),
    sa.Column("error", sa.Text(), nullable=False),
    sa.Column("n", sa.BigInteger(), nullable=False),
)

rolled_shadow_reviews = _table(
    "rolled_shadow_reviews",
    "Every review of the pair's predictions; the latest before a moment is in force then",
    sa.Column("reviewed_day", sa.Date(), nullable=False, comment="UTC day of the review"),
    *_segments(),
    sa.Column("ticket", sa.BigInteger(), nullable=False, comment="Hash of its ticket's id"),
    sa.Column("feedback", sa.BigInteger(), nullable=False, comment="Hash of its id"),
    sa.Column("code", sa.Integer(), nullable=False),
    sa.Column("production", sa.Double()),
    sa.Column("candidate", sa.Double()),
    sa.Column("propensity", sa.Double(), comment="Null: unknown"),
    sa.Column("reviewed_at", _time, nullable=False),
)

shadow_reports = sa.Table(
    "shadow_reports",
    metadata,
    sa.Column("candidate_version", sa.Text(), primary_key=True),
    sa.Column("production_version", sa.Text(), primary_key=True),
    sa.Column("rules", sa.Text(), primary_key=True, comment="Hash of the policy's rules"),
    sa.Column("day", sa.Date(), nullable=False, comment="The last one compared, UTC"),
    sa.Column("refreshed_at", _time, nullable=False, comment="Newest of the days it was read from"),
    sa.Column("method", sa.Text(), nullable=False),
    sa.Column("report", sa.Text(), nullable=False, comment="JSON"),
    sa.Column("computed_at", _time, nullable=False),
    comment="The comparison of each pair as the last refresh found it, over every segment",
)

SHADOW_TABLES = (
    rolled_shadow_runs,
    rolled_shadow_tallies,
    rolled_shadow_errors,
    rolled_shadow_reviews,
)
