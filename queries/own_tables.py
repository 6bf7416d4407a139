"""Creating what is missing in the product's own schema, by several processes at once."""

from __future__ import annotations

import sqlalchemy as sa

from queries.database import translated

_SETUP_LOCK = 7_585_672_005


def ensure_tables(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Create the schema and the tables that are missing; calling it again does nothing.

    Raises:
        DatabaseError: the server cannot be reached, or the role may not create a schema.
    """
    schema = metadata.schema
    if schema is None:
        raise ValueError("the product's own tables have a schema of their own")
    wanted = {table.name for table in metadata.sorted_tables}
    with translated(), engine.begin() as connection:
        if set(sa.inspect(connection).get_table_names(schema=schema)) >= wanted:
            return
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SETUP_LOCK)))
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        metadata.create_all(connection)
