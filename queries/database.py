"""Engines: the source opened read-only, errors turned into the product's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from queries.errors import (
    DatabaseBusyError,
    DatabaseDownError,
    DatabaseError,
    ForbiddenError,
    InvalidInputError,
    MissingRelationError,
    QueryTimeoutError,
)
from queries.snapshot import begin, bold_then_guarded, guard

Result = TypeVar("Result")

_POOL = {
    "pool_size": 5,
    "max_overflow": 5,
    "pool_timeout": 5,
    "pool_pre_ping": True,
    "pool_recycle": 1800,
    "pool_use_lifo": True,
}
_CONNECT = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def source_engine(url: str, *, statement_timeout_s: int = 15) -> sa.Engine:
    """An engine for tables that must not be changed.

    The session is read-only and bounded in time; the real fence is the role's GRANT.

    Raises:
        InvalidInputError: the URL is not a PostgreSQL URL. It is never repeated in the message.
    """
    return _engine(url, read_only=True, statement_timeout_s=statement_timeout_s)


def own_engine(url: str, *, statement_timeout_s: int = 60) -> sa.Engine:
    """An engine for the product's own schema, which it may write."""
    return _engine(url, read_only=False, statement_timeout_s=statement_timeout_s)


def _engine(url: str, *, read_only: bool, statement_timeout_s: int) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() != "postgresql":
        raise InvalidInputError(
            "The database URL cannot be used. It has the form "
            "postgresql://user:password@host:5432/database."
        )
    settings = {
        "default_transaction_read_only": "on" if read_only else "off",
        "statement_timeout": f"{statement_timeout_s}s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        "jit": "off",
        # The tables are cached or on flash; with the default of 4 the planner reads a whole
        # year's partition for a month of it.
        "random_page_cost": "1.1",
        # A plan for any period at all, kept after a few rounds, can take a hundred times as long
        # as one for the days that were asked for.
        "plan_cache_mode": "force_custom_plan",
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args={**_CONNECT, "options": options, "application_name": "plumbline"},
        **_POOL,
    )


def read(engine: sa.Engine, question: Callable[[sa.Connection], Result]) -> Result:
    """Ask inside one snapshot, so that all numbers of a page belong together.

    A server that restarts in mid-query is asked once more, and so is a question part of which
    failed and may fail: see :mod:`queries.snapshot`.

    Raises:
        DatabaseError: translated from the driver's error; see :mod:`queries.errors`.
    """
    return bold_then_guarded(lambda guarded: read_snapshot(engine, question, guarded=guarded))


def read_snapshot(
    engine: sa.Engine, question: Callable[[sa.Connection], Result], *, guarded: bool
) -> Result:
    """One attempt, with savepoints or without.

    Raises:
        DatabaseError: translated from the driver's error; see :mod:`queries.errors`.
        UnguardedError: a question failed that may fail, and had no savepoint.
    """
    try:
        return _read_once(engine, question, guarded)
    except exc.DBAPIError as error:
        if not error.connection_invalidated:
            raise translate(error) from error
    except exc.SQLAlchemyError as error:
        raise translate(error) from error
    with translated():
        return _read_once(engine, question, guarded)


def _read_once(
    engine: sa.Engine, question: Callable[[sa.Connection], Result], guarded: bool
) -> Result:
    with opened(engine) as connection, connection.begin():
        return question(begin(connection, guarded=guarded))


def opened(engine: sa.Engine) -> sa.Connection:
    """A connection whose next transaction reads one snapshot and writes nothing."""
    return engine.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ).connect()


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into the product's own."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise translate(error) from error


def if_present(connection: sa.Connection, question: Callable[[], Result]) -> Result | None:
    """The answer, or None where its relation is missing; any other failure is the caller's.

    The snapshot outlives a missing relation.
    """
    try:
        with guard(getattr(question, "__code__", question), connection, may_fail=_is_missing):
            return question()
    except exc.SQLAlchemyError as error:
        if _is_missing(error):
            return None
        raise


def _is_missing(error: exc.SQLAlchemyError) -> bool:
    return isinstance(translate(error), MissingRelationError)


def translate(error: exc.SQLAlchemyError) -> DatabaseError:
    """The product's error for a driver's error; parameters and passwords stay out of it."""
    if isinstance(error, exc.TimeoutError):
        return DatabaseBusyError(
            "The database is busy: every connection is in use. Try again in a moment.",
            log="connection pool exhausted",
        )
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    log = f"{type(error).__name__} sqlstate={state}"
    if state == "57014":
        return QueryTimeoutError(
            "This question took too long and was stopped. Choose a shorter period.", log=log
        )
    if state == "55P03":
        return DatabaseBusyError("A table is being changed. Try again in a moment.", log=log)
    if state == "42501":
        return ForbiddenError(
            "The database role may not read this table. Ask its owner to grant SELECT.", log=log
        )
    if state in {"42P01", "42703"}:
        name = _missing_name(error)
        return MissingRelationError(
            f"The database has no {name}. `plumbline check` lists what the contract needs.",
            relation=name,
            log=log,
        )
    if isinstance(error, exc.OperationalError) and state is None:
        return DatabaseDownError(
            "The database cannot be reached. Check that it runs and that the URL is right.",
            log=log,
        )
    if isinstance(error, exc.DBAPIError) and (
        error.connection_invalidated or _is_going_away(state)
    ):
        return DatabaseDownError("The database is restarting. Try again in a moment.", log=log)
    return DatabaseError("The database could not answer. The log says why.", log=log)


def _is_going_away(state: str | None) -> bool:
    return state is not None and state[:2] in {"08", "57"}


def _missing_name(error: exc.SQLAlchemyError) -> str:
    diagnostic = getattr(getattr(error, "orig", None), "diag", None)
    message = getattr(diagnostic, "message_primary", None) or ""
    parts = message.split('"')
    return parts[1] if len(parts) > 1 else "relation of the contract"
