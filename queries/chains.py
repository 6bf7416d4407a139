"""Tables of the product's own schema whose rows are numbered and hold each other's hashes."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA = "plumbline"

metadata = sa.MetaData(schema=SCHEMA)
TIME = sa.DateTime(timezone=True)


def chained(name: str, comment: str, *items: sa.schema.SchemaItem) -> sa.Table:
    """A table whose rows are numbered from 1 and each hold the hash of the one before.

    The previous hash is unique, so that two writers can never both follow the same row.
    """
    return sa.Table(
        name,
        metadata,
        sa.Column("row_number", sa.BigInteger(), primary_key=True, autoincrement=False),
        *items,
        sa.Column("previous_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("row_hash", sa.Text(), nullable=False, unique=True),
        comment=comment,
    )
