"""One road for questions about the past: whole days from roll-ups, the rest from the source.

A question of :mod:`queries.audit` that is marked with :func:`rolled_up` looks whether roll-ups
stand beside its connection (:func:`read_rolled`). If so, the covered UTC days of its scope are
read there, its own statement reads what is left, and the rows are added up. Both hold integers
and exact decimals, so the sum is what the source alone would answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from queries.answer import Answer
from queries.database import opened, read_snapshot, translate
from queries.errors import DatabaseError, InvalidInputError
from queries.rolled_days import Days, RollUps, UnreadableError, part_of, whole_days
from queries.rolled_rows import Standing
from queries.rollup_origin import OTHER_SOURCE
from queries.rollup_schema import rollup_days
from queries.scope import Scope
from queries.snapshot import begin, bold_then_guarded

LOG = logging.getLogger("plumbline.rollups")
_OPTION = "plumbline_rollups"
_FAILED = "plumbline_own_failed"

Row = TypeVar("Row")
Result = TypeVar("Result")
Question = Callable[..., Answer[Row]]
Merge = Callable[[Sequence[Row]], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A scope with its covered days, and where to ask for them."""

    scope: Scope
    days: Days
    rollups: RollUps
    source: sa.Connection


Reader = Callable[..., Sequence[Answer[Row]]]
"""Answers from a plan, with whatever else the question is given."""


def rolled_up(reader: Reader[Row], merge: Merge[Row]) -> Callable[[Question[Row]], Question[Row]]:
    """Mark a question that roll-ups can answer.

    ``reader`` answers it for the covered days; ``merge`` adds up rows of any number of answers
    and brings them into the order and the types that the question promises.
    """

    def marked(question: Question[Row]) -> Question[Row]:
        @wraps(question)
        def asked(
            connection: sa.Connection, scope: Scope, *arguments: Any, **options: Any
        ) -> Answer[Row]:
            def of_source(part: Scope) -> Answer[Row]:
                return question(connection, part, *arguments, **options)

            def of_rollups(plan: Plan) -> Sequence[Answer[Row]]:
                return reader(plan, *arguments, **options)

            answers = _rolled(of_source, of_rollups, connection, scope)
            first, *others = answers or [of_source(scope)]
            rows = merge([row for answer in (first, *others) for row in answer.rows])
            return replace(
                first, rows=tuple(rows), others=tuple(each.provenance for each in others)
            )

        return asked

    return marked


def _rolled(
    of_source: Callable[[Scope], Answer[Row]],
    of_rollups: Callable[[Plan], Sequence[Answer[Row]]],
    connection: sa.Connection,
    scope: Scope,
) -> list[Answer[Row]]:
    """The answers of the roll-ups and of the source; none where there is no roll-up to ask."""
    rollups: RollUps | None = connection.get_execution_options().get(_OPTION)
    if rollups is None or rollups.broken:
        return []
    try:
        days = rollups.days(connection, scope)
        if not days.ranges:
            return []
        answers = list(of_rollups(Plan(scope, days, rollups, connection)))
    except UnreadableError:
        return []
    if days.parts:
        answers.append(of_source(part_of(scope, days.parts)))
    return answers


def own_of(connection: sa.Connection) -> sa.Connection | None:
    """The connection to the product's own schema that stands beside; None where there is none.

    Raises:
        DatabaseError: there is one, and it cannot be reached.
        InvalidInputError: what it holds was found in another source.
    """
    failed: DatabaseError | None = connection.get_execution_options().get(_FAILED)
    if failed is not None:
        raise failed
    rollups = rollups_of(connection)
    if rollups is None:
        return None
    if not rollups.usable(connection) and rollups.foreign:
        raise InvalidInputError(OTHER_SOURCE)
    return rollups.connection


def beside(connection: sa.Connection) -> sa.Connection | None:
    """The connection to the roll-ups of this connection's source; None where there are none."""
    rollups: RollUps | None = connection.get_execution_options().get(_OPTION)
    return rollups.connection if rollups is not None and rollups.usable(connection) else None


@dataclass(frozen=True, slots=True)
class _Environment:
    name: str


def rolled_environments(connection: sa.Connection, scope: Scope) -> tuple[str, ...]:
    """Environments of which days of this period are rolled up; none where nothing can be read."""
    rollups = rollups_of(connection)
    if rollups is None or not rollups.usable(connection):
        return ()
    first, behind = whole_days(scope)
    d = rollup_days.c
    statement = (
        sa.select(d.environment.label("name")).where(d.day >= first, d.day < behind).distinct()
    )
    try:
        return tuple(row.name for row in rollups.ask(statement, _Environment).rows)
    except UnreadableError:
        return ()


def standing(connection: sa.Connection, scope: Scope) -> Standing:
    """What the roll-ups beside this connection cover."""
    rollups = rollups_of(connection)
    if rollups is None or rollups.broken:
        return Standing(configured=False, foreign=rollups is not None and rollups.foreign)
    try:
        days = rollups.days(connection, scope)
    except UnreadableError:
        return Standing(configured=False, foreign=rollups.foreign)
    return Standing(True, days.refreshed_at, days.gone)


def rollups_of(connection: sa.Connection) -> RollUps | None:
    """The roll-ups that stand beside this connection, if any."""
    found: RollUps | None = connection.get_execution_options().get(_OPTION)
    return found


def adding(
    key: Sequence[str], counts: Sequence[str], newest: str | None = None
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A merge that adds up ``counts`` of rows with the same ``key``, and keeps the ``newest``."""

    def merge(rows: Sequence[Any]) -> Sequence[Any]:
        found: dict[tuple[Any, ...], list[Any]] = {}
        for row in rows:
            found.setdefault(tuple([getattr(row, name) for name in key]), []).append(row)
        return [_added(found[own]) for own in _sorted(found)]

    def _added(rows: Sequence[Any]) -> Any:
        if len(rows) == 1:
            return rows[0]
        values = {name: sum(getattr(row, name) for row in rows) for name in counts}
        if newest is not None:
            moments = (getattr(row, newest) for row in rows)
            values[newest] = max((at for at in moments if at is not None), default=None)
        return replace(rows[0], **values)

    return merge


def _sorted(keys: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """In order, and what is unknown before what is known."""
    try:
        return sorted(keys)
    except TypeError:  # some are unknown
        return sorted(keys, key=lambda key: [(part is not None, part) for part in key])


def read_rolled(
    source: sa.Engine, own: sa.Engine | None, question: Callable[[sa.Connection], Result]
) -> Result:
    """Ask the source inside one snapshot, with roll-ups beside it where there are any.

    Raises:
        DatabaseError: the source failed; see :func:`queries.database.read`. A failure of the
            product's own schema is logged, and the source is read instead.
    """

    def attempt(guarded: bool) -> Result:
        with _opened_beside(own, guarded) as found:
            return read_snapshot(
                source,
                lambda connection: question(connection.execution_options(**found)),
                guarded=guarded,
            )

    return bold_then_guarded(attempt)


@contextmanager
def _opened_beside(own: sa.Engine | None, guarded: bool) -> Iterator[dict[str, Any]]:
    """What is noted at the connection to the source: roll-ups, or why there are none."""
    if own is None:
        yield {}
        return
    try:
        connection = opened(own)
    except exc.SQLAlchemyError as error:
        failed = translate(error)
        LOG.warning("roll-ups: %s", failed.log)
        yield {_FAILED: failed}
        return
    with connection, connection.begin():
        yield {_OPTION: RollUps(begin(connection, guarded=guarded))}
