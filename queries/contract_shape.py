"""Relations, columns, types, keys: the contract beside the database's catalogue, without rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from queries import contract
from queries.contract_catalog import RelationFacts
from queries.contract_ddl import type_name
from queries.contract_findings import Finding, Severity
from queries.contract_types import comparable, misfit

_LINKS = {
    "prediction_id": "prediction_audit",
    "batch_id": "migration_batches",
}
"""Ids that join relations, and the relation in which each is at home."""


def pages_of(table: sa.Table) -> str:
    """The pages that need a relation, in words."""
    names = [page.replace("_", " ").capitalize() for page in table.info["pages"]]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def absent(present: Mapping[str, RelationFacts], schema: str) -> Iterator[Finding]:
    """Relations that the schema has not, and the pages that go without."""
    if not present:
        yield Finding(
            Severity.PROBLEM,
            None,
            None,
            f"Schema “{schema}” has none of the contract's relations",
            "Check that this is the right database and name the schema with --schema; "
            "plumbline contract --sql prints what is needed.",
        )
    for table in contract.relations:
        if table.name not in present:
            pages = pages_of(table)
            verb = "needs" if len(table.info["pages"]) == 1 else "need"
            yield Finding(
                Severity.WARNING,
                table.name,
                None,
                f"It is not there; {pages} {verb} it",
                "Create it or a view of that name: plumbline contract --sql --views.",
            )


def shape(table: sa.Table, facts: RelationFacts, schema: str, role: str) -> Iterator[Finding]:
    """Columns, types and nulls of one relation, and whether the role may read them."""
    if not facts.found_by_name:
        yield Finding(
            Severity.PROBLEM,
            table.name,
            None,
            f"Its name alone does not lead to schema “{schema}”: the role's search path has "
            "another relation first, or lacks the schema",
            f'ALTER ROLE "{role}" SET search_path = "{schema}".',
        )
    yield from _unreadable(table, facts, role)
    for column in table.columns:
        yield from _column(table, column.name, facts)


def _unreadable(table: sa.Table, facts: RelationFacts, role: str) -> Iterator[Finding]:
    """What the role may not read: the relation as a whole in one finding, else each column."""
    names = [column.name for column in table.columns]
    wanted = [facts.columns[name] for name in names if name in facts.columns]
    closed = [column.name for column in wanted if not column.readable]
    for name in [None] if wanted and len(closed) == len(wanted) else closed:
        yield Finding(
            Severity.PROBLEM,
            table.name,
            name,
            f"The role “{role}” may not read it",
            f'GRANT SELECT ON {table.name} TO "{role}".',
        )


def _column(table: sa.Table, name: str, facts: RelationFacts) -> Iterator[Finding]:
    column = table.columns[name]
    found = facts.columns.get(name)
    if found is None:
        rest = f"{type_name(column)}: {column.comment}"
        yield Finding(
            Severity.PROBLEM,
            table.name,
            name,
            f"The column is not there; {pages_of(table)} may fail without it",
            f"Add it ({rest})"
            + (
                f"; NULL::{type_name(column)} in a view where it is unknown."
                if column.nullable
                else "."
            ),
        )
        return
    wrong = misfit(column, found)
    if wrong:
        severity, message, remedy = wrong
        yield Finding(severity, table.name, name, f"It {message}", remedy)
    if column.primary_key and not found.not_null and not facts.is_view:
        yield Finding(
            Severity.PROBLEM,
            table.name,
            name,
            "It is part of the key and may be null",
            f"ALTER TABLE {table.name} ALTER COLUMN {name} SET NOT NULL.",
        )


def links(present: Mapping[str, RelationFacts]) -> Iterator[Finding]:
    """Ids that join relations must compare without a cast."""
    for table in contract.relations:
        facts = present.get(table.name)
        if facts is None:
            continue
        for column in table.columns:
            home = _home(table, column)
            here = facts.columns.get(column.name)
            there = present[home[0]].columns.get(home[1]) if home and home[0] in present else None
            if here and there and home and not comparable(here, there):
                yield Finding(
                    Severity.PROBLEM,
                    table.name,
                    column.name,
                    f"It is {here.written} and {'.'.join(home)} is {there.written}: "
                    "the two cannot be compared",
                    "Give both the same type; in a view, cast one of them.",
                )


def _home(table: sa.Table, column: sa.Column[object]) -> tuple[str, str] | None:
    """Relation and column that an id refers to, or None."""
    if not isinstance(column.type, contract.Identifier):
        return None
    domain = column.info["domain"]
    if isinstance(domain, contract.KnownIn):
        return domain.relation, domain.column
    home = _LINKS.get(column.name)
    return (home, column.name) if home and home != table.name else None
