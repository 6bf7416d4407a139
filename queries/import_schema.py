"""Where results of other tools are kept: what was imported, judged again, and appended."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from queries.own_migrations import adopt
from queries.own_tables import Part, ensure

SCHEMA = "plumbline"

metadata = sa.MetaData(schema=SCHEMA)
_time = sa.DateTime(timezone=True)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("import_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
    sa.Column("tool", sa.Text(), nullable=False, comment="dvt or dms"),
    sa.Column("origin", sa.Text(), nullable=False, comment="Name of the file or table"),
    sa.Column("sha256", sa.Text(), nullable=False, comment="Of the content that was read"),
    sa.Column("imported_at", _time, nullable=False),
    sa.Column("rows", sa.BigInteger(), nullable=False),
    sa.UniqueConstraint("tool", "sha256"),
    comment="Each import of another tool's results",
)

imported_totals = sa.Table(
    "imported_totals",
    metadata,
    sa.Column("import_id", sa.BigInteger(), primary_key=True),
    sa.Column("row_no", sa.BigInteger(), primary_key=True),
    sa.Column("validation_name", sa.Text()),
    sa.Column("validation_type", sa.Text()),
    sa.Column("aggregation_type", sa.Text()),
    sa.Column("source_table_name", sa.Text()),
    sa.Column("source_column_name", sa.Text()),
    sa.Column("source_agg_value", sa.Text()),
    sa.Column("target_table_name", sa.Text()),
    sa.Column("target_column_name", sa.Text()),
    sa.Column("target_agg_value", sa.Text()),
    sa.Column("group_by_columns", sa.Text()),
    sa.Column("primary_keys", sa.Text()),
    sa.Column("num_random_rows", sa.Text()),
    sa.Column("difference", sa.Text(), comment="As the tool printed it"),
    sa.Column("pct_difference", sa.Text(), comment="As the tool printed it"),
    sa.Column("pct_threshold", sa.Text()),
    sa.Column("validation_status", sa.Text(), comment="The tool's own verdict"),
    sa.Column("run_id", sa.Text()),
    sa.Column("labels", sa.Text()),
    sa.Column("start_time", sa.Text()),
    sa.Column("end_time", sa.Text()),
    sa.Column("exact_difference", sa.Numeric(), comment="Target − source; null if no numbers"),
    sa.Column("judgement", sa.Text(), nullable=False, comment="equal, tolerated, differs, unknown"),
    sa.Column("false_pass", sa.Boolean(), nullable=False),
    sa.Column("false_alarm", sa.Boolean(), nullable=False),
    comment="Results of Google's Data Validation Tool, judged again exactly",
)

imported_exceptions = sa.Table(
    "imported_exceptions",
    metadata,
    sa.Column("import_id", sa.BigInteger(), primary_key=True),
    sa.Column("exception_no", sa.BigInteger(), primary_key=True),
    sa.Column("row_no", sa.BigInteger(), nullable=False, comment="Row of the tool's table"),
    sa.Column("task_name", sa.Text(), nullable=False),
    sa.Column("pair", sa.Text(), nullable=False, comment="Pair of relations in the specification"),
    sa.Column("failed_at", _time, nullable=False),
    sa.Column("kind", sa.Text(), nullable=False, comment="differs, missing, extra, warning"),
    sa.Column("key_columns", ARRAY(sa.Text()), nullable=False),
    sa.Column("key", ARRAY(sa.Text()), nullable=False),
    sa.Column("field", sa.Text(), comment="Null for a whole record"),
    sa.Column("critical", sa.Boolean(), comment="Null where the specification lacks the field"),
    sa.Column("source_value", sa.Text()),
    sa.Column("target_value", sa.Text()),
    sa.Column("equal", sa.Boolean(), nullable=False, comment="Both values are the same number"),
    sa.Column("readable", sa.Boolean(), nullable=False, comment="Whether details were legible"),
    sa.Column("cause", sa.Text(), nullable=False),
    sa.Column("signature", sa.Text(), nullable=False),
    sa.Column("resync", sa.Text(), comment="Result of the tool's repair; version 2 alone"),
    comment="Failures of AWS DMS's validation, one row for each value or record",
)


IMPORTS = Part("imports", metadata, migrations=(adopt,))


def ensure_import_schema(engine: sa.Engine) -> None:
    """Create the tables, or upgrade them; see ``own_tables``.

    Raises:
        DatabaseError: the schema cannot be made, or is newer than this program.
    """
    ensure(engine, IMPORTS)
