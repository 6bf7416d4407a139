"""Both sides of the sample migration, as tables: what was, what is to be, and the load's notes."""

from __future__ import annotations

import sqlalchemy as sa

LEGACY = "legacy"
RISE = "rise"

metadata = sa.MetaData()

legacy_members = sa.Table(
    "members",
    metadata,
    sa.Column("member_no", sa.Text, primary_key=True, comment="Eight digits, leading zeros kept"),
    sa.Column("source_system", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("last_name", sa.Text, nullable=False),
    sa.Column("first_name", sa.Text, nullable=False),
    sa.Column("birth_date", sa.Text, nullable=False, comment="DD/MM/YYYY"),
    sa.Column("hire_date", sa.Text, comment="DD/MM/YYYY"),
    sa.Column("tax_reference", sa.Text, nullable=False),
    sa.Column("plan_code", sa.Text, nullable=False),
    sa.Column("status_code", sa.Text, nullable=False),
    sa.Column("salary_cents", sa.BigInteger, nullable=False),
    sa.Column("service_credit", sa.Numeric(9, 4), nullable=False, comment="Years"),
    sa.Column("updated_local", sa.DateTime, nullable=False, comment="New York wall-clock time"),
    schema=LEGACY,
)

legacy_contributions = sa.Table(
    "contributions",
    metadata,
    sa.Column("contribution_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("member_no", sa.Text, nullable=False, index=True),
    sa.Column("source_system", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False, comment="YYYYMM"),
    sa.Column("kind_code", sa.Text, nullable=False),
    sa.Column("amount", sa.Numeric(14, 4), nullable=False, comment="USD"),
    sa.Column("posted_local", sa.DateTime, nullable=False, comment="New York wall-clock time"),
    sa.Column("posted_by", sa.Text, nullable=False),
    sa.Index("contributions_source", "source_system", "region"),
    schema=LEGACY,
)

rise_members = sa.Table(
    "members",
    metadata,
    sa.Column("member_key", sa.Text, nullable=False),
    sa.Column("family_name", sa.Text),
    sa.Column("given_name", sa.Text),
    sa.Column("date_of_birth", sa.Date),
    sa.Column("date_of_hire", sa.Date),
    sa.Column("tax_reference", sa.Text),
    sa.Column("plan", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("annual_salary", sa.Numeric(12, 2), comment="USD"),
    sa.Column("service_credit", sa.Numeric(9, 4), comment="Years"),
    sa.Column("changed_at", sa.DateTime(timezone=True)),
    sa.Column("loaded_batch", sa.Text, nullable=False, index=True),
    schema=RISE,
)

rise_contributions = sa.Table(
    "contributions",
    metadata,
    sa.Column("contribution_key", sa.BigInteger, nullable=False),
    sa.Column("member_key", sa.Text),
    sa.Column("pay_period", sa.Date),
    sa.Column("kind", sa.Text),
    sa.Column("amount", sa.Numeric(14, 4), comment="USD"),
    sa.Column("posted_at", sa.DateTime(timezone=True)),
    sa.Column("loaded_batch", sa.Text, nullable=False, index=True),
    schema=RISE,
)

rise_rejects = sa.Table(
    "rejects",
    metadata,
    sa.Column("batch_id", sa.Text, nullable=False, index=True),
    sa.Column("target_table", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    schema=RISE,
)

_scratch = sa.MetaData()

staged = sa.Table(
    "staged",
    _scratch,
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("disposition", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
    comment="What the load decided about each record of the batch at hand",
)

planted_keys = sa.Table(
    "planted_keys",
    _scratch,
    sa.Column("defect", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
    comment="The source records on which a planted defect acts",
)


def create(connection: sa.Connection) -> None:
    """Create both schemas with empty tables, and the scratch tables of this transaction."""
    for schema in (LEGACY, RISE):
        connection.execute(sa.schema.CreateSchema(schema))
    metadata.create_all(connection)
    _scratch.create_all(connection)


def index_target(connection: sa.Connection) -> None:
    """Index the target's keys, once the last run has been loaded: loads are quicker without."""
    for statement in (
        "create index members_key on rise.members (member_key)",
        "create index contributions_key on rise.contributions (contribution_key)",
        "create index contributions_member on rise.contributions (member_key)",
    ):
        connection.execute(sa.text(statement))
