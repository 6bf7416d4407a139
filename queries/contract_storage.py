"""How a relation is stored: the indexes and partitions that keep its pages fast."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from queries.contract_catalog import PARTITIONED, IndexFacts, RelationFacts
from queries.contract_findings import Finding, Severity

LARGE = 5_000_000
"""Rows from which a missing index or partition is a problem rather than a warning."""

SMALL = 10_000
"""Rows up to which an index does not matter."""

Path = tuple[tuple[str, ...], frozenset[str]]
"""Leading columns of an index, and the index methods that serve."""


def storage(table: sa.Table, facts: RelationFacts, rows: int) -> Iterator[Finding]:
    """Indexes, key and partitions of one relation that holds about ``rows`` rows."""
    if facts.is_view:
        if table.info["hot"]:
            yield Finding(
                Severity.INFORMATION,
                table.name,
                None,
                "It is a view: indexes and partitions are not checkable on a view",
                "Make sure that the tables beneath have "
                f"{_list_of_paths(table)}, and one partition a year.",
            )
        return
    yield from _partitions(table, facts, rows)
    for columns, methods in paths(table):
        if not _covered(facts, columns, methods):
            yield _missing_index(table, columns, methods, rows)
    if not _has_unique_key(table, facts):
        key = ", ".join(column.name for column in table.primary_key)
        yield Finding(
            Severity.WARNING,
            table.name,
            None,
            f"Nothing keeps its key unique ({key}): a repeated row would count twice",
            f"ALTER TABLE {table.name} ADD PRIMARY KEY ({key}).",
        )


def paths(table: sa.Table) -> list[Path]:
    """Leading columns by which rows are looked up, with the index methods that serve.

    The key's first column is one of them. A block range index serves only where the contract
    itself has one: rows arrive in the order of that column.
    """
    wanted: list[Path] = [((next(iter(table.primary_key)).name,), frozenset({"btree"}))]
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        brin = index.dialect_options["postgresql"]["using"] == "brin"
        methods = frozenset({"btree", "brin"} if brin else {"btree"})
        wanted.append((tuple(column.name for column in index.columns), methods))
    return wanted


def _covered(facts: RelationFacts, columns: tuple[str, ...], methods: frozenset[str]) -> bool:
    """Whether the relation, or else every one of its partitions, has such an index."""

    def serves(indexes: tuple[IndexFacts, ...]) -> bool:
        return any(
            index.method in methods and index.columns[: len(columns)] == columns
            for index in indexes
        )

    leaves = facts.leaf_indexes
    return serves(facts.indexes) or (bool(leaves) and all(serves(leaf) for leaf in leaves))


def _has_unique_key(table: sa.Table, facts: RelationFacts) -> bool:
    key = {column.name for column in table.primary_key}
    return any(index.unique and set(index.columns) <= key for index in facts.indexes)


def _missing_index(
    table: sa.Table, columns: tuple[str, ...], methods: frozenset[str], rows: int
) -> Finding:
    named = ", ".join(columns)
    using = " USING brin" if "brin" in methods else ""
    return Finding(
        _severity(table, rows),
        table.name,
        columns[0],
        f"No index begins with ({named}); a page would read all of about {rows:,} rows",
        f"CREATE INDEX ON {table.name}{using} ({named}).",
    )


def _severity(table: sa.Table, rows: int) -> Severity:
    if table.info["hot"]:
        return Severity.PROBLEM if rows >= LARGE else Severity.WARNING
    return Severity.INFORMATION if rows <= SMALL else Severity.WARNING


def _partitions(table: sa.Table, facts: RelationFacts, rows: int) -> Iterator[Finding]:
    by = table.info["partition_by"]
    if not by:
        return
    if facts.kind != PARTITIONED:
        yield Finding(
            Severity.PROBLEM if rows >= LARGE else Severity.WARNING,
            table.name,
            None,
            f"It is not partitioned and holds about {rows:,} rows: an old year cannot be "
            "archived or skipped",
            f"Partition it BY RANGE ({by}), one partition a year: plumbline contract --sql.",
        )
    elif facts.partition_key != f"RANGE ({by})":
        yield Finding(
            Severity.WARNING,
            table.name,
            None,
            f"It is partitioned by {facts.partition_key}, not by RANGE ({by}): a period cannot "
            "be read from its own partitions alone",
            f"Partition it BY RANGE ({by}), one partition a year: plumbline contract --sql.",
        )


def _list_of_paths(table: sa.Table) -> str:
    return "indexes on " + ", ".join(f"({', '.join(columns)})" for columns, _ in paths(table))
