"""What the database's own catalogue says about the relations of the contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

TABLE, PARTITIONED = "r", "p"
VIEWS = frozenset({"v", "m", "f"})
"""Views, materialised views and foreign tables."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column; ``base`` is the type's catalogue name, a domain resolved to what it is over."""

    name: str
    base: str
    written: str
    not_null: bool
    readable: bool


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """One valid, unconditional index; an expression in it is an empty name."""

    method: str
    unique: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelationFacts:
    """One relation as it is: its shape, and what the role may do to it or its partitions."""

    name: str
    kind: str
    partition_key: str | None
    found_by_name: bool
    owned: bool
    beyond_select: tuple[str, ...]
    columns: dict[str, ColumnFacts]
    indexes: tuple[IndexFacts, ...]
    leaf_indexes: tuple[tuple[IndexFacts, ...], ...]

    @property
    def is_view(self) -> bool:
        """Whether indexes and partitions are those of another relation."""
        return self.kind in VIEWS


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The server, the role and the schema."""

    version: str
    version_number: int
    role: str
    superuser: bool
    schema_exists: bool
    may_use_schema: bool
    may_create_in_schema: bool


_SERVER = sa.text(
    """
    SELECT current_setting('server_version') AS version,
           current_setting('server_version_num')::int AS version_number,
           current_user::text AS role,
           current_setting('is_superuser') = 'on' AS superuser,
           n.oid IS NOT NULL AS schema_exists,
           coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS may_use_schema,
           coalesce(has_schema_privilege(n.oid, 'CREATE'), false) AS may_create_in_schema
    FROM (SELECT 1) AS one LEFT JOIN pg_namespace n ON n.nspname = :schema
    """
)

_RELATIONS = sa.text(
    """
    SELECT c.oid AS oid, c.relname AS name, c.relkind AS kind,
           pg_get_partkeydef(c.oid) AS partition_key,
           pg_table_is_visible(c.oid) AS found_by_name,
           pg_has_role(c.relowner, 'USAGE') AS owned
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = ANY(:names)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    """
)

_COLUMNS = sa.text(
    """
    WITH RECURSIVE resolved AS (
        SELECT t.oid AS declared, t.oid AS actual FROM pg_type t WHERE t.typtype <> 'd'
        UNION ALL
        SELECT t.oid, r.actual FROM pg_type t JOIN resolved r ON r.declared = t.typbasetype
        WHERE t.typtype = 'd'
    )
    SELECT a.attrelid AS oid, a.attname AS name,
           CASE WHEN base.typtype = 'e' THEN 'enum' ELSE base.typname END AS base,
           format_type(a.atttypid, a.atttypmod) AS written,
           a.attnotnull OR EXISTS (
               SELECT FROM pg_type d WHERE d.oid = a.atttypid AND d.typnotnull
           ) AS not_null,
           has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable
    FROM pg_attribute a
    JOIN resolved r ON r.declared = a.atttypid
    JOIN pg_type base ON base.oid = r.actual
    WHERE a.attrelid = ANY(:oids) AND a.attnum > 0 AND NOT a.attisdropped
    """
)

_LEAVES = sa.text(
    """
    SELECT root.oid AS root, leaf.relid::oid AS leaf, leaf.isleaf AS is_leaf
    FROM pg_class root CROSS JOIN pg_partition_tree(root.oid) AS leaf
    WHERE root.oid = ANY(:oids) AND root.relkind = 'p' AND leaf.relid <> root.oid
    """
)

_INDEXES = sa.text(
    """
    SELECT i.indrelid AS oid, am.amname AS method, i.indisunique AS unique,
           array_agg(coalesce(a.attname, '')::text ORDER BY k.place) AS columns
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am am ON am.oid = c.relam
    CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
    WHERE i.indrelid = ANY(:oids) AND i.indisvalid AND i.indpred IS NULL
      AND k.place <= i.indnkeyatts
    GROUP BY i.indexrelid, i.indrelid, am.amname, i.indisunique
    """
)

_BEYOND_SELECT = sa.text(
    """
    SELECT c.oid AS oid, p.privilege AS privilege
    FROM pg_class c
    CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'])
        WITH ORDINALITY AS p (privilege, place)
    WHERE c.oid = ANY(:oids)
      AND (has_table_privilege(c.oid, p.privilege)
           OR (p.privilege IN ('INSERT', 'UPDATE')
               AND has_any_column_privilege(c.oid, p.privilege)))
    ORDER BY p.place
    """
)


def server(connection: sa.Connection, schema: str) -> ServerFacts:
    """The server, the role that asks, and the schema."""
    row = connection.execute(_SERVER, {"schema": schema}).mappings().one()
    return ServerFacts(**row)


def relations(
    connection: sa.Connection, schema: str, names: Iterable[str]
) -> dict[str, RelationFacts]:
    """Those of the named relations that the schema has."""
    roots = (
        connection.execute(_RELATIONS, {"schema": schema, "names": list(names)}).mappings().all()
    )
    oids = [row["oid"] for row in roots]
    leaves: dict[int, list[int]] = defaultdict(list)
    parts: dict[int, int] = {oid: oid for oid in oids}
    for row in connection.execute(_LEAVES, {"oids": oids}).mappings():
        parts[row["leaf"]] = row["root"]
        if row["is_leaf"]:
            leaves[row["root"]].append(row["leaf"])
    columns = _columns(connection, oids)
    indexes = _indexes(connection, list(parts))
    beyond = _beyond_select(connection, parts)
    return {
        row["name"]: RelationFacts(
            name=row["name"],
            kind=row["kind"],
            partition_key=row["partition_key"],
            found_by_name=row["found_by_name"],
            owned=row["owned"],
            beyond_select=tuple(beyond[row["oid"]]),
            columns=columns[row["oid"]],
            indexes=tuple(indexes[row["oid"]]),
            leaf_indexes=tuple(tuple(indexes[leaf]) for leaf in leaves[row["oid"]]),
        )
        for row in roots
    }


def _columns(connection: sa.Connection, oids: list[int]) -> dict[int, dict[str, ColumnFacts]]:
    found: dict[int, dict[str, ColumnFacts]] = defaultdict(dict)
    for row in connection.execute(_COLUMNS, {"oids": oids}).mappings():
        values: dict[str, Any] = {**row}
        relation = values.pop("oid")
        found[relation][row["name"]] = ColumnFacts(**values)
    return found


def _indexes(connection: sa.Connection, oids: list[int]) -> dict[int, list[IndexFacts]]:
    found: dict[int, list[IndexFacts]] = defaultdict(list)
    for row in connection.execute(_INDEXES, {"oids": oids}).mappings():
        found[row["oid"]].append(IndexFacts(row["method"], row["unique"], tuple(row["columns"])))
    return found


def _beyond_select(connection: sa.Connection, parts: dict[int, int]) -> dict[int, list[str]]:
    """Privileges larger than SELECT on a relation or any of its partitions, by relation."""
    found: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(_BEYOND_SELECT, {"oids": list(parts)}).mappings():
        privileges = found[parts[row["oid"]]]
        if row["privilege"] not in privileges:
            privileges.append(row["privilege"])
    return found
