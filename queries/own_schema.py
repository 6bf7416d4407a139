"""The product's own schema: what was judged and who looked, append-only and chained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from queries import alert_schema, artifact_schema
from queries.chains import SCHEMA, TIME, chained, metadata
from queries.own_migrations import adopt_ledger
from queries.own_tables import Part, ensure

gate_evaluations = chained(
    "gate_evaluations",
    "Every recorded evaluation of the policy",
    sa.Column("evaluation_id", sa.Text(), nullable=False, unique=True),
    sa.Column("evaluated_at", TIME, nullable=False),
    sa.Column("as_of", TIME, nullable=False, index=True),
    sa.Column("policy_version", sa.Text(), nullable=False),
    sa.Column("verdict", sa.Text(), nullable=False),
    sa.Column("decisions", JSONB(), nullable=False),
    sa.Column("gates", JSONB(), nullable=False),
    sa.Column("digest", sa.Text(), nullable=False),
    sa.UniqueConstraint("as_of", "policy_version", "digest"),
)

access_log = chained(
    "access_log",
    "Who looked at or exported what, by role and pseudonym",
    sa.Column("occurred_at", TIME, nullable=False, index=True),
    sa.Column("role", sa.Text(), nullable=False),
    sa.Column("viewer", sa.Text(), nullable=False),
    sa.Column("action", sa.Text(), nullable=False),
    sa.Column("detail", JSONB(), nullable=False),
)

CHAINED = (gate_evaluations, access_log, *alert_schema.CHAINED, *artifact_schema.CHAINED)

# What a JSON column may hold: numbers are whole or written as text, so that a hash over the
# value read back equals the hash over the value written.
Json = None | bool | int | str | list["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """An evaluation as it is recorded: verdicts and gates as plain JSON."""

    evaluated_at: datetime
    as_of: datetime
    policy_version: str
    verdict: str
    decisions: list[Json]
    gates: list[Json]
    digest: str


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One look or export: a role and a pseudonym, never a name; no personal data in detail."""

    occurred_at: datetime
    role: str
    viewer: str
    action: str
    detail: Mapping[str, Json]


_REFUSE = f"""
    CREATE OR REPLACE FUNCTION {SCHEMA}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{SCHEMA}.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation';
    END $$
    """


def ensure_own_schema(engine: sa.Engine) -> None:
    """Create the ledger, and the triggers that refuse any change of a row; see ``own_tables``.

    Raises:
        DatabaseError: the schema cannot be made, or is newer than this program.
    """
    ensure(engine, LEDGER)


def _guard(table: sa.Table) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER append_only "
        f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.fullname} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_change()"
    )


def _guarded(connection: sa.Connection) -> bool:
    """Whether every table is guarded."""
    guarded = sa.text(
        """
        SELECT count(*) FROM pg_trigger
        JOIN pg_class ON pg_class.oid = pg_trigger.tgrelid
        JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
        WHERE pg_namespace.nspname = :schema AND pg_class.relname = ANY(:tables)
          AND pg_trigger.tgname = 'append_only' AND pg_trigger.tgenabled <> 'D'
        """
    )
    names = [table.name for table in CHAINED]
    found = connection.execute(guarded, {"schema": SCHEMA, "tables": names}).scalar_one()
    return bool(found == len(CHAINED))


LEDGER = Part(
    "ledger",
    metadata,
    migrations=(adopt_ledger,),
    finish=(*alert_schema.VIEWS, _REFUSE, *(_guard(table) for table in CHAINED)),
    complete=_guarded,
)
