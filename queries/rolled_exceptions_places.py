"""Where the exceptions that a filter keeps lie, so that no other need be read to find them.

The roll-ups know which batches hold such exceptions, how many, and under which causes and fields.
Of a batch that is full of them the next page is soon met on the way through it; in any other they
are looked up by what they have in common. What may have changed in place since the refresh
without a trace (severity, state) is looked for under every word, unless the filter names one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from queries.answer import Provenance
from queries.contract import migration_exceptions
from queries.contract_parts import OneOf
from queries.exceptions_rows import Filters
from queries.rolled_days import UnreadableError
from queries.rolled_exceptions import among, parts
from queries.rolled_exceptions_schema import rollup_exception_counts
from queries.scope import Scope

DENSE = 50
"""A batch is walked through where at least one in so many of its exceptions is kept."""

_counts = rollup_exception_counts.c


@dataclass(frozen=True, slots=True)
class Place:
    """What exceptions of one batch have in common; None where nothing is recorded."""

    batch_id: str
    cause: str | None
    field: str | None
    severity: str
    status: str


@dataclass(frozen=True, slots=True)
class Places:
    """Batches to walk through, and places to enter in the others."""

    walked: tuple[str, ...]
    entered: tuple[Place, ...]
    provenance: tuple[Provenance, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    batch_id: str
    kept: int


def places(
    connection: sa.Connection,
    scope: Scope,
    batches: Sequence[str],
    filters: Filters,
    *,
    begun: str | None,
    enough: int,
) -> Places | None:
    """Where the next ``enough`` exceptions lie that a filter keeps; None without roll-ups.

    ``batches`` stand in the order of the list. Nobody knows how many of the first page's batch
    (``begun``) have been listed, so that it counts for nothing.
    """
    found = parts(connection, scope, batches)
    if found is None:
        return None
    sizes = {row.batch_id: row.exceptions for row in found.totals}
    wanted = [among(_counts.batch_id, list(sizes)), *kept(_counts, filters)]
    try:
        sums = found.rollups.ask(
            sa.select(
                _counts.batch_id,
                sa.cast(sa.func.sum(_counts.exceptions), sa.BigInteger()).label("kept"),
            )
            .where(*wanted)
            .group_by(_counts.batch_id),
            _Kept,
        )
        number = {row.batch_id: row.kept for row in sums.rows}
        walked, sparse, met = [], [], 0
        for batch in batches:
            if met >= enough:
                break
            met += number.get(batch, 0) if batch != begun else 0
            if batch not in sizes or number.get(batch, 0) * DENSE >= sizes[batch]:
                walked.append(batch)
            elif batch in number:
                sparse.append(batch)
        columns = [_counts[name] for name in Place.__dataclass_fields__]
        cells = found.rollups.ask(
            sa.select(*columns).where(among(_counts.batch_id, sparse), *kept(_counts, filters)),
            Place,
        )
    except UnreadableError:
        return None
    asked = (*found.provenance, sums.provenance, cells.provenance)
    return Places(tuple(walked), _under_every_word(cells.rows, filters), asked)


def kept(columns: Any, filters: Filters) -> list[sa.ColumnElement[bool]]:
    """What a filter keeps of a batch: equalities alone. An empty word asks for no value."""
    found: list[sa.ColumnElement[bool]] = []
    for name in ("cause", "severity", "status", "field"):
        wanted = getattr(filters, name)
        if wanted is not None:
            found.append(columns[name] == wanted if wanted else columns[name].is_(None))
    return found


def _under_every_word(cells: Sequence[Place], filters: Filters) -> tuple[Place, ...]:
    severities = _words("severity", {cell.severity for cell in cells}, filters.severity)
    states = _words("status", {cell.status for cell in cells}, filters.status)
    common = dict.fromkeys((cell.batch_id, cell.cause, cell.field) for cell in cells)
    return tuple(
        Place(*each, severity, status)
        for each in common
        for severity in severities
        for status in states
    )


def _words(name: str, known: set[str], asked: str | None) -> list[str]:
    if asked is not None:
        return [asked]
    domain = migration_exceptions.c[name].info["domain"]
    assert isinstance(domain, OneOf)
    return sorted({*domain.values, *known})
