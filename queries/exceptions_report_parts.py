"""What the questions about reported exceptions share: columns of one in full, odd ids, words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from queries.answer import Answer, ask
from queries.errors import InvalidInputError
from queries.exceptions_rows import RecordRow


def record_columns(columns: Any, run_id: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
    """The columns of :class:`RecordRow` from those of ``migration_exceptions``."""
    same = ("table_name", "key", "field", "source_value", "target_value", "cause", "severity")
    more = ("status", "details", "first_seen_at", "last_seen_at")
    return [
        as_text(columns.batch_id).label("group"),
        as_text(columns.exception_id).label("exception_id"),
        as_text(columns.batch_id).label("batch_id"),
        as_text(run_id).label("run_name"),
        *(columns[name] for name in (*same, *more)),
        columns.failure_type.label("kind"),
        sa.literal("").label("signature"),
        sa.cast(sa.null(), sa.Integer()).label("confidence"),
    ]


def as_text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """An id as text, whatever the owner keeps it as."""
    return sa.cast(column, sa.Text())


def texts(values: Iterable[str | None]) -> sa.ColumnElement[Any]:
    """Words as one array, which may be longer than a statement takes parameters."""
    return sa.cast(list(values), sa.ARRAY(sa.Text()))


def distinct_values(column: sa.ColumnElement[Any]) -> sa.CTE:
    """The values of a column with which an index begins, hopped over in it."""
    first = sa.select(sa.func.min(column).label("value")).cte("hop", recursive=True)
    following = sa.select(sa.func.min(column)).where(column > first.c.value).scalar_subquery()
    return first.union_all(sa.select(following).where(first.c.value.is_not(None)))


def ask_records(connection: sa.Connection, statement: sa.Select[Any]) -> Answer[RecordRow]:
    """Ask for exceptions by ids that came from a link.

    Raises:
        InvalidInputError: an id is a word where this database numbers its exceptions.
    """
    try:
        with connection.begin_nested():
            return ask(connection, statement, RecordRow)
    except exc.DataError as error:
        raise InvalidInputError(
            "No exception can have this id. Open a record from the list."
        ) from error
