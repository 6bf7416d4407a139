"""Bulk loading: COPY from Arrow tables in a thread of its own, indexes after the rows."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import psycopg
import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa
from psycopg import sql

from dashboard.progress import Progress

BULK_TABLES = (
    "prediction_audit",
    "prediction_explanations",
    "ml_shadow_scores",
    "ml_feedback",
)

_SETTINGS = (
    "SET synchronous_commit = off",
    "SET maintenance_work_mem = '512MB'",
    "SET max_parallel_maintenance_workers = 2",
    "SET jit = off",
    "SET timezone = 'UTC'",
)
_CSV = pyarrow.csv.WriteOptions(include_header=False, batch_size=16_384)
_PIECE = 1 << 20
_WAITING = 3


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection of the driver itself, for COPY; ``url`` as SQLAlchemy writes it."""
    plain = sa.make_url(url).set(drivername="postgresql")
    connection = psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)
    for setting in _SETTINGS:
        connection.execute(setting)
    return connection


def copy_rows(
    connection: psycopg.Connection[tuple[object, ...]], relation: str, rows: pa.Table
) -> None:
    """COPY the rows into the columns of the same names."""
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(rows, buffer, _CSV)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(relation),
        sql.SQL(", ").join(sql.Identifier(name) for name in rows.column_names),
    )
    view = buffer.getbuffer()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for begin in range(0, len(view), _PIECE):
            copy.write(view[begin : begin + _PIECE])


class Loader:
    """Loads tables while the caller makes the next ones; at most three wait in memory.

    An error of the database is raised by the next call, or when the loader is left.
    """

    def __init__(self, url: str) -> None:
        self._connection = connect(url)
        self._waiting: queue.Queue[tuple[str, pa.Table] | None] = queue.Queue(_WAITING)
        self._error: psycopg.Error | None = None
        self._thread = threading.Thread(target=self._load, name="sample-loader", daemon=True)
        self.rows: dict[str, int] = {}

    def add(self, relation: str, rows: pa.Table) -> None:
        """Hand over rows; waits while too many are waiting."""
        self._raise()
        if rows.num_rows:
            self.rows[relation] = self.rows.get(relation, 0) + rows.num_rows
            self._waiting.put((relation, rows))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._waiting.put(None)
        self._thread.join()
        self._connection.close()
        if error is None:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _load(self) -> None:
        while (item := self._waiting.get()) is not None:
            if self._error is not None:
                continue
            try:
                copy_rows(self._connection, *item)
            except psycopg.Error as error:
                self._error = error


@contextmanager
def indexes_after(url: str, progress: Progress) -> Iterator[None]:
    """Drop keys and indexes of the bulk tables, and build them again when all rows are in."""
    with connect(url) as connection:
        restore = [statement for table in BULK_TABLES for statement in _drop(connection, table)]
    yield
    with progress.stage("Building indexes") as stage, connect(url) as connection:
        for done, statement in enumerate(restore, start=1):
            connection.execute(statement)
            stage.advance(done, len(restore))


def _drop(connection: psycopg.Connection[tuple[object, ...]], table: str) -> Sequence[sql.Composed]:
    """Drop the keys and indexes of one table; returns the statements that make them again."""
    restore: list[sql.Composed] = []
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('p', 'u')",
        (table,),
    ).fetchall()
    for name, definition in keys:
        alter = sql.SQL("ALTER TABLE {} ").format(sql.Identifier(table))
        constraint = sql.Identifier(str(name))
        connection.execute(alter + sql.SQL("DROP CONSTRAINT {}").format(constraint))
        body = sql.SQL(str(definition))
        restore.append(alter + sql.SQL("ADD CONSTRAINT {} {}").format(constraint, body))
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = current_schema() AND tablename = %s ORDER BY indexname",
        (table,),
    ).fetchall()
    for name, definition in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(str(name))))
        # pg_indexes writes ON ONLY for a partitioned table; without it partitions follow.
        text = str(definition).replace(" ON ONLY ", " ON ", 1)
        restore.append(sql.Composed([sql.SQL(text)]))
    return restore


def vacuum(url: str, relations: Sequence[str]) -> None:
    """Statistics for the planner, and pages marked as visible to all."""
    with connect(url) as connection:
        for relation in relations:
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(relation)))
