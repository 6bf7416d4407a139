"""Roll-ups of the exceptions that the migration reports: one row a batch, and its counts."""

from __future__ import annotations

import sqlalchemy as sa

from queries.rollup_schema import metadata

_time = sa.DateTime(timezone=True)

rollup_exception_batches = sa.Table(
    "rollup_exception_batches",
    metadata,
    sa.Column("batch_id", sa.Text(), primary_key=True),
    sa.Column("exceptions", sa.BigInteger(), nullable=False),
    sa.Column("open_exceptions", sa.BigInteger(), nullable=False),
    sa.Column("records", sa.BigInteger(), nullable=False, comment="Distinct records that failed"),
    sa.Column("open_records", sa.BigInteger(), nullable=False),
    sa.Column("critical_open", sa.BigInteger(), nullable=False),
    sa.Column("untraceable", sa.BigInteger(), nullable=False),
    sa.Column("blocked", sa.Boolean(), nullable=False, comment="Met any critical exception"),
    sa.Column("newest_at", _time, nullable=False, comment="Newest first_seen_at"),
    sa.Column("latest_at", _time, nullable=False, comment="Newest last_seen_at"),
    sa.Column("mark", sa.Text(), nullable=False, comment="Rows and the sum of their hashes"),
    sa.Column("refreshed_at", _time, nullable=False, comment="When the source was looked at"),
    comment="Exceptions of each batch as they stood when the source was last looked at",
)

rollup_exception_counts = sa.Table(
    "rollup_exception_counts",
    metadata,
    sa.Column("batch_id", sa.Text(), nullable=False),
    sa.Column("field", sa.Text()),
    sa.Column("cause", sa.Text()),
    sa.Column("severity", sa.Text(), nullable=False),
    sa.Column("status", sa.Text(), nullable=False),
    sa.Column("exceptions", sa.BigInteger(), nullable=False),
    sa.Index(
        "rollup_exception_counts_key",
        *("batch_id", "field", "cause", "severity", "status"),
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
    comment="They by all that they can be filtered by; table and source belong to the batch",
)
