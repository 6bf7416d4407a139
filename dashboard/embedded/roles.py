"""The two roles of the product: one that reads the source, one that owns our own schema."""

from __future__ import annotations

import sqlalchemy as sa

READER = "plumbline_reader"
WRITER = "plumbline_writer"
OWN_SCHEMA = "plumbline"

_MAKE_ROLES = f"""
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['{READER}', '{WRITER}'] LOOP
    BEGIN
      EXECUTE format(
        'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
END $$
"""
_SOURCE_SCHEMAS = sa.text(
    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' "
    "AND nspname NOT IN ('information_schema', :own) ORDER BY nspname"
)


def grant_roles(connection: sa.Connection) -> None:
    """Make both roles where they are missing and grant them this database; may be repeated.

    The reader may SELECT the source's tables and nothing else. The writer may do the same,
    and owns schema ``plumbline``. The connection must be a superuser's; it is not committed.
    """
    connection.execute(sa.text(_MAKE_ROLES))
    quoted = connection.dialect.identifier_preparer.quote
    database = quoted(connection.execute(sa.text("SELECT current_database()")).scalar_one())
    both = f"{READER}, {WRITER}"
    statements = [
        f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {both}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        # CREATE on the database is what CREATE SCHEMA IF NOT EXISTS asks for first.
        f"GRANT CREATE ON DATABASE {database} TO {WRITER}",
        f"CREATE SCHEMA IF NOT EXISTS {OWN_SCHEMA} AUTHORIZATION {WRITER}",
    ]
    for name in connection.execute(_SOURCE_SCHEMAS, {"own": OWN_SCHEMA}).scalars():
        schema = quoted(name)
        statements += [
            f"GRANT USAGE ON SCHEMA {schema} TO {both}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {both}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {both}",
        ]
    for statement in statements:
        connection.execute(sa.text(statement))
