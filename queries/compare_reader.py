"""One read-only snapshot of one PostgreSQL, streamed by COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psycopg
import sqlalchemy as sa

from queries.database import translate, translated

Texts = tuple[str | None, ...]

# Canonical text depends on these; a long comparison must not be cut off for waiting.
_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
WORK_MEMORY_MB = 32


class Reader:
    """A connection that cannot write and sees one moment of the database.

    ``snapshot`` joins the moment that another reader has exported.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        snapshot: str | None = None,
        work_memory_mb: int = WORK_MEMORY_MB,
    ) -> None:
        self._engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._snapshot = snapshot
        self._work_memory_mb = work_memory_mb
        self._connection: sa.Connection | None = None

    def __enter__(self) -> Self:
        with translated():
            self._connection = self._engine.connect()
            self._connection.begin()
            if self._snapshot is not None:
                literal = self._snapshot.replace("'", "")
                self._connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{literal}'")
            settings = _SETTINGS | {"work_mem": f"{self._work_memory_mb}MB"}
            asked = (f"set_config('{name}', '{value}', true)" for name, value in settings.items())
            self._connection.exec_driver_sql(f"SELECT {', '.join(asked)}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is None:
            return
        if kind is not None:
            self.cancel()
        with suppress(sa.exc.SQLAlchemyError, psycopg.Error):
            self._connection.invalidate() if kind is not None else self._connection.rollback()
        self._connection.close()
        self._connection = None

    @property
    def connection(self) -> sa.Connection:
        if self._connection is None:
            raise RuntimeError("the reader is not open")
        return self._connection

    def export_snapshot(self) -> str:
        """A name under which other readers join this moment."""
        with translated():
            return str(self.connection.scalar(sa.select(sa.func.pg_export_snapshot())))

    def cancel(self) -> None:
        """Stop what runs on this connection; it may be called from another thread."""
        with suppress(psycopg.Error):
            self._driver().cancel_safe(timeout=5)

    def rows(self, statement: str) -> Iterator[Texts]:
        """Stream the rows of a statement as text; null is None."""
        return self.start(statement).rows()

    def start(self, statement: str) -> Stream:
        """Let the server begin; the rows are read later."""
        return Stream(self._driver(), statement)

    def explain(self, statement: str) -> str:
        """The measured plan of a statement, for people."""
        found: Sequence[Any] = self.connection.exec_driver_sql(
            "EXPLAIN (ANALYZE, BUFFERS) " + statement.replace("%", "%%")
        ).all()
        return "\n".join(str(line[0]) for line in found)

    def _driver(self) -> psycopg.Connection[Any]:
        held = self.connection.connection.driver_connection
        if not isinstance(held, psycopg.Connection):
            raise TypeError("the reconciliation engine reads through psycopg")
        return held


class Stream:
    """A COPY that the server has begun; leaving it early keeps the snapshot."""

    def __init__(self, driver: psycopg.Connection[Any], statement: str) -> None:
        self._driver = driver
        self._cursor = driver.cursor()
        self._context = self._cursor.copy(f"COPY ({statement}) TO STDOUT".encode())
        try:
            driver.execute("SAVEPOINT stream")
            self._copy = self._context.__enter__()
        except psycopg.Error as error:
            raise _translated(error) from error

    def rows(self) -> Iterator[Texts]:
        """Read every row, or as many as are wanted."""
        finished = False
        try:
            yield from self._copy.rows()
            finished = True
        except psycopg.Error as error:
            raise _translated(error) from error
        finally:
            if finished:
                self._context.__exit__(None, None, None)
                self._cursor.close()
            else:
                self.abandon()

    def abandon(self) -> None:
        """Leave the COPY before its end, without waiting for the rest."""
        with suppress(psycopg.Error):
            self._context.__exit__(GeneratorExit, GeneratorExit(), None)
        self._cursor.close()
        with suppress(psycopg.Error):
            self._driver.execute("ROLLBACK TO SAVEPOINT stream")


def _translated(error: psycopg.Error) -> Exception:
    wrapped = sa.exc.DBAPIError.instance(None, None, error, psycopg.Error)
    return translate(wrapped) if isinstance(wrapped, sa.exc.SQLAlchemyError) else error
