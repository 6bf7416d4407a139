"""What a relation is made of, on any engine: columns, types, uniqueness, size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from queries.compare_bucket import Bucketing, by_density, by_rows
from queries.compare_plan import Kind, Plan, Relation
from queries.compare_sql import as_text, relation, typed
from queries.errors import MissingRelationError

_KINDS = {
    **dict.fromkeys(("int2", "int4", "int8"), Kind.INTEGER),
    **dict.fromkeys(("numeric", "money"), Kind.NUMERIC),
    **dict.fromkeys(("float4", "float8"), Kind.FLOAT),
    "bool": Kind.BOOLEAN,
    "date": Kind.DATE,
    "timestamp": Kind.TIMESTAMP,
    "timestamptz": Kind.TIMESTAMPTZ,
    "bytea": Kind.BYTES,
    **dict.fromkeys(("json", "jsonb"), Kind.JSON),
}
_FOREIGN_KINDS: tuple[tuple[type[sa.types.TypeEngine[Any]], Kind], ...] = (
    (sa.Boolean, Kind.BOOLEAN),
    (sa.Integer, Kind.INTEGER),
    (sa.Float, Kind.FLOAT),
    (sa.Numeric, Kind.NUMERIC),
    (sa.DateTime, Kind.TIMESTAMP),
    (sa.Date, Kind.DATE),
    (sa.LargeBinary, Kind.BYTES),
    (sa.JSON, Kind.JSON),
)
# Kinds whose values keep a row version in the table itself.
_VERSIONED = frozenset({"r", "p", "m"})
_SAMPLED_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column of a relation and the kind that its type suggests."""

    name: str
    native: str
    kind: Kind
    nullable: bool
    plain_collation: bool = True


@dataclass(frozen=True, slots=True)
class RelationInfo:
    """A relation as found. ``unique`` lists sets of columns that no two records share."""

    columns: Mapping[str, ColumnInfo]
    unique: frozenset[frozenset[str]]
    schema: str | None
    readable: bool
    versioned: bool
    rows: int


_OID = sa.text(
    "SELECT c.oid, c.relkind, n.nspname, has_table_privilege(c.oid, 'SELECT') "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relname = :name AND CASE WHEN CAST(:schema AS text) IS NULL "
    "THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END "
    "AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
)
_COLUMNS = sa.text(
    "SELECT a.attname, coalesce(b.typname, t.typname), a.attnotnull, "
    "a.attcollation IN (0, 100, 950) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype "
    "WHERE a.attrelid = :oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
_UNIQUE = sa.text(
    "SELECT array_agg(a.attname::text) FROM pg_index i CROSS JOIN unnest(i.indkey) AS k (attnum) "
    "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
    "WHERE i.indrelid = :oid AND i.indisunique AND i.indisvalid AND i.indimmediate "
    "AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts "
    "GROUP BY i.indexrelid HAVING bool_and(a.attnotnull)"
)


def inspect(connection: sa.Connection, side: Relation) -> RelationInfo:
    """Look a relation up.

    Raises:
        MissingRelationError: there is no such table or view, or the role cannot see it.
    """
    if connection.dialect.name != "postgresql":
        return _inspect_foreign(connection, side)
    found = connection.execute(_OID, {"name": side.name, "schema": side.schema}).first()
    if found is None:
        raise _missing(side)
    oid, relkind, schema, readable = found
    columns = {
        name: ColumnInfo(name, native, _KINDS.get(native, Kind.TEXT), not not_null, plain)
        for name, native, not_null, plain in connection.execute(_COLUMNS, {"oid": oid})
    }
    unique = frozenset(
        frozenset(names) for names in connection.execute(_UNIQUE, {"oid": oid}).scalars()
    )
    versioned = _relkind(relkind) in _VERSIONED
    rows = _planned_rows(connection, side) if readable else 0
    return RelationInfo(columns, unique, schema, readable, versioned, rows)


def _planned_rows(connection: sa.Connection, side: Relation) -> int:
    """The planner's own estimate, which views and unanalysed tables have too."""
    statement = as_text(sa.select(sa.literal_column("1")).select_from(relation(side)))
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}").scalar_one()
    held = json.loads(plan) if isinstance(plan, str) else plan
    return int(held[0]["Plan"]["Plan Rows"])


def _inspect_foreign(connection: sa.Connection, side: Relation) -> RelationInfo:
    inspector = sa.inspect(connection)
    try:
        found = inspector.get_columns(side.name, schema=side.schema)
    except sa.exc.NoSuchTableError:
        raise _missing(side) from None
    columns = {
        str(each["name"]): ColumnInfo(
            str(each["name"]),
            str(each["type"]).lower(),
            _foreign_kind(each["type"]),
            bool(each.get("nullable", True)),
        )
        for each in found
    }
    rows = connection.execute(sa.select(sa.func.count()).select_from(relation(side))).scalar_one()
    return RelationInfo(columns, frozenset(), side.schema, True, False, int(rows))


def _foreign_kind(native: sa.types.TypeEngine[Any]) -> Kind:
    return next((kind for base, kind in _FOREIGN_KINDS if isinstance(native, base)), Kind.TEXT)


def _missing(side: Relation) -> MissingRelationError:
    return MissingRelationError(
        f"There is no table or view {side.title} that this role can see. "
        "Check the spelling, the schema and the grants.",
        relation=side.title,
    )


def choose_bucketing(
    connection: sa.Connection, plan: Plan, rows: int, *, source: bool
) -> Bucketing:
    """Ranges for a single integer key whose density is known, hashes for everything else."""
    if len(plan.keys) != 1 or plan.keys[0].kind is not Kind.INTEGER:
        return by_rows(rows)
    side = plan.source if source else plan.target
    key = typed(plan.keys[0].source if source else plan.keys[0].target, Kind.INTEGER)
    place: sa.FromClause = relation(side)
    if _is_table(connection, side):
        # A sample of pages is enough for quartiles.
        share = min(100.0, _SAMPLED_ROWS * 100 / max(rows, 1))
        place = sa.tablesample(relation(side), sa.func.system(share), name="s")
    sample = sa.select(sa.cast(key, sa.BigInteger()).label("k")).select_from(place).subquery()
    quartiles = sa.select(
        sa.func.percentile_disc(sa.literal_column("ARRAY[0.25, 0.75]")).within_group(sample.c.k)
    )
    found = connection.execute(quartiles).scalar_one()
    if not found or found[0] is None:
        return by_rows(rows)
    return by_density(rows, int(found[1]) - int(found[0]))


def _is_table(connection: sa.Connection, side: Relation) -> bool:
    found = connection.execute(_OID, {"name": side.name, "schema": side.schema}).first()
    return found is not None and _relkind(found[1]) in {"r", "m"}


def _relkind(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
