"""Where reconciliations are kept: runs, buckets, exceptions, causes per field, defects."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from queries.own_migrations import adopt
from queries.own_tables import Part, ensure

SCHEMA = "plumbline"

metadata = sa.MetaData(schema=SCHEMA)
_time = sa.DateTime(timezone=True)

reconciliation_runs = sa.Table(
    "reconciliation_runs",
    metadata,
    sa.Column("run_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text(), nullable=False, comment="Name of the specification"),
    sa.Column("pair", sa.Text(), nullable=False, comment="Pair of relations within it"),
    sa.Column("plan_digest", sa.Text(), nullable=False, comment="Changes with any rule"),
    sa.Column("bucketing", sa.Text(), nullable=False),
    sa.Column("mode", sa.Text(), nullable=False, comment="How it compared, and what it left out"),
    sa.Column(
        "status", sa.Text(), nullable=False, comment="running, completed, partial, rechecked"
    ),
    sa.Column("started_at", _time, nullable=False),
    sa.Column("finished_at", _time),
    sa.Column("based_on", sa.BigInteger(), comment="Run whose other buckets were kept"),
    sa.Column("source_relation", sa.Text(), nullable=False),
    sa.Column("target_relation", sa.Text(), nullable=False),
    sa.Column("source_filter", sa.Text(), comment="Why records of the source do not count"),
    sa.Column("target_filter", sa.Text(), comment="Why records of the target do not count"),
    sa.Column("source_rows", sa.BigInteger(), nullable=False),
    sa.Column("target_rows", sa.BigInteger(), nullable=False),
    sa.Column("source_filtered", sa.BigInteger(), nullable=False),
    sa.Column("target_filtered", sa.BigInteger(), nullable=False),
    sa.Column("buckets", sa.BigInteger(), nullable=False),
    sa.Column("buckets_compared", sa.BigInteger(), nullable=False),
    sa.Column("matched", sa.BigInteger(), comment="Pairs of records; null while partial"),
    sa.Column("exceptions", sa.BigInteger(), nullable=False, server_default="0"),
    sa.Index("reconciliation_runs_pair", "name", "pair", "run_id"),
    comment="Each comparison of one pair of relations",
)

reconciliation_buckets = sa.Table(
    "reconciliation_buckets",
    metadata,
    sa.Column("run_id", sa.BigInteger(), primary_key=True),
    sa.Column("bucket", sa.BigInteger(), primary_key=True),
    sa.Column("source_rows", sa.BigInteger(), nullable=False),
    sa.Column("source_filtered", sa.BigInteger(), nullable=False),
    sa.Column("source_mark", sa.Numeric(), comment="Sum of hashes of row versions"),
    sa.Column("source_digest", sa.Numeric(), comment="Sum of hashes of contents"),
    sa.Column("target_rows", sa.BigInteger(), nullable=False),
    sa.Column("target_filtered", sa.BigInteger(), nullable=False),
    sa.Column("target_mark", sa.Numeric()),
    sa.Column("target_digest", sa.Numeric()),
    comment="What each bucket held when it was compared; of the latest runs only",
)

reconciliation_exceptions = sa.Table(
    "reconciliation_exceptions",
    metadata,
    sa.Column("run_id", sa.BigInteger(), primary_key=True),
    sa.Column("exception_no", sa.BigInteger(), primary_key=True),
    sa.Column("bucket", sa.BigInteger(), nullable=False),
    sa.Column(
        "kind",
        sa.Text(),
        nullable=False,
        comment="differs, missing, extra, lost_copy, surplus_copy",
    ),
    sa.Column("key", ARRAY(sa.Text()), nullable=False, comment="The whole record without a key"),
    sa.Column("copies", sa.BigInteger(), nullable=False),
    sa.Column("field", sa.Text(), comment="Null for a whole record"),
    sa.Column("critical", sa.Boolean(), nullable=False),
    sa.Column("source_value", sa.Text()),
    sa.Column("target_value", sa.Text()),
    sa.Column("cause", sa.Text(), nullable=False),
    sa.Column("signature", sa.Text(), nullable=False, comment="The transformation, as a rule"),
    sa.Column("confidence", sa.SmallInteger(), nullable=False, comment="Per cent"),
    sa.Column("batch", sa.Text()),
    sa.Column("source_system", sa.Text()),
    sa.Index("reconciliation_exceptions_field", "run_id", "field", "cause", "exception_no"),
    sa.Index(
        "reconciliation_exceptions_batch", "run_id", "batch", "field", "cause", "exception_no"
    ),
    sa.Index("reconciliation_exceptions_key", "key", postgresql_using="hash"),
    comment="Every exception of every run, never capped",
)

reconciliation_fields = sa.Table(
    "reconciliation_fields",
    metadata,
    sa.Column("run_id", sa.BigInteger(), primary_key=True),
    sa.Column("field", sa.Text(), primary_key=True),
    sa.Column("critical", sa.Boolean(), nullable=False),
    sa.Column("compared", sa.BigInteger(), nullable=False),
    sa.Column("differing", sa.BigInteger(), nullable=False),
    comment="Values compared and differing, per field; a full comparison, not a sample",
)

reconciliation_groups = sa.Table(
    "reconciliation_groups",
    metadata,
    sa.Column("run_id", sa.BigInteger(), primary_key=True),
    sa.Column("group_no", sa.Integer(), primary_key=True),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("field", sa.Text()),
    sa.Column("cause", sa.Text(), nullable=False),
    sa.Column("signature", sa.Text(), nullable=False),
    sa.Column("batch", sa.Text()),
    sa.Column("source_system", sa.Text()),
    sa.Column("exceptions", sa.BigInteger(), nullable=False),
    comment="The exceptions of a completed run counted by all that may explain them",
)

reconciliation_references = sa.Table(
    "reconciliation_references",
    metadata,
    sa.Column("run_id", sa.BigInteger(), primary_key=True),
    sa.Column("reference", sa.Text(), primary_key=True),
    sa.Column("columns", ARRAY(sa.Text()), nullable=False),
    sa.Column("parent", sa.Text(), nullable=False, comment="Relation that is referred to"),
    sa.Column("rows", sa.BigInteger(), nullable=False, comment="Records of the target looked at"),
    sa.Column("empty", sa.BigInteger(), nullable=False, comment="Refer to nothing: a part is null"),
    sa.Column("orphans", sa.BigInteger(), nullable=False, comment="Lead to no record"),
    comment="References of the target that must lead to a record, and how many do not",
)

reconciliation_orphans = sa.Table(
    "reconciliation_orphans",
    metadata,
    sa.Column("run_id", sa.BigInteger(), primary_key=True),
    sa.Column("reference", sa.Text(), primary_key=True),
    sa.Column("orphan_no", sa.BigInteger(), primary_key=True),
    sa.Column("key", ARRAY(sa.Text()), nullable=False, comment="Empty where records have no key"),
    sa.Column("value", ARRAY(sa.Text()), nullable=False),
    sa.Column("batch", sa.Text()),
    sa.Column("source_system", sa.Text()),
    comment="Every record whose reference leads nowhere, never capped",
)


RECOUNTS = Part("recounts", metadata, migrations=(adopt,))


def ensure_reconciliation_schema(engine: sa.Engine) -> None:
    """Create the tables, or upgrade them; see ``own_tables``.

    Raises:
        DatabaseError: the schema cannot be made, or is newer than this program.
    """
    ensure(engine, RECOUNTS)
