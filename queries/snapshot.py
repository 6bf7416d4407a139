"""What holds for one snapshot of a database: questions asked once, savepoints where they matter.

A snapshot does not change while it is read: the same question with the same arguments has the
same answer in it. What is kept here ends with the snapshot, so nothing of it can grow old.

A question may fail because a table is not there, and the others must still be answered. A
savepoint around each makes three statements of one, and hardly any is ever needed. So a snapshot
is first read without them; where a question fails that may, the whole snapshot is read again
behind savepoints, and that one question has its own from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import exc

_OPTION = "plumbline_snapshot"
_FAILED: WeakKeyDictionary[sa.Pool, set[Hashable]] = WeakKeyDictionary()
"""Questions that failed in a database before. It decides on savepoints, never on an answer."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Question = Callable[Concatenate[sa.Connection, Arguments], Result]


class UnguardedError(Exception):
    """A question failed that may fail, and no savepoint stood before it."""


@dataclass(slots=True)
class _Snapshot:
    """Answers given so far, and whether every question that may fail has its savepoint."""

    guarded: bool
    failed: set[Hashable]
    answers: dict[Hashable, Any] = field(default_factory=dict)


def bold_then_guarded(attempt: Callable[[bool], Result]) -> Result:
    """Try without savepoints; where a question failed that may fail, again behind them."""
    try:
        return attempt(False)
    except UnguardedError:
        return attempt(True)


def begin(connection: sa.Connection, *, guarded: bool) -> sa.Connection:
    """Note at a connection that the snapshot it now reads begins."""
    failed = _FAILED.setdefault(connection.engine.pool, set())
    return connection.execution_options(**{_OPTION: _Snapshot(guarded, failed)})


def guard_all(connection: sa.Connection) -> None:
    """Ask behind savepoints from here on: to read everything again would take long."""
    snapshot = _of(connection)
    if snapshot is not None:
        snapshot.guarded = True


def forget(connection: sa.Connection) -> None:
    """Ask everything anew from here on: other days are read from the roll-ups."""
    snapshot = _of(connection)
    if snapshot is not None:
        snapshot.answers.clear()


@contextmanager
def guard(
    name: Hashable,
    *connections: sa.Connection,
    may_fail: Callable[[exc.SQLAlchemyError], bool] = lambda _: True,
) -> Iterator[None]:
    """What is asked inside may fail, and the snapshots can still be read; ``name`` tells it again.

    Raises:
        UnguardedError: it failed as it may at the first attempt, which is given up.
    """
    snapshots = [found for found in map(_of, connections) if found is not None]
    bare = len(snapshots) == len(connections) and not any(
        found.guarded or name in found.failed for found in snapshots
    )
    try:
        with ExitStack() as savepoints:
            for connection in () if bare else connections:
                savepoints.enter_context(connection.begin_nested())
            yield
    except exc.SQLAlchemyError as error:
        lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
        if lost or not may_fail(error):
            raise
        for found in snapshots:
            found.failed.add(name)
        if bare:
            raise UnguardedError from error
        raise


def once(question: Question[Arguments, Result]) -> Question[Arguments, Result]:
    """Mark a question that a snapshot is asked once for the same arguments.

    They must be hashable, and nobody may change what it returns.
    """

    @wraps(question)
    def asked(
        connection: sa.Connection, /, *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        snapshot = _of(connection)
        if snapshot is None:
            return question(connection, *arguments, **options)
        key = (question, arguments, tuple(sorted(options.items())))
        if key not in snapshot.answers:
            snapshot.answers[key] = question(connection, *arguments, **options)
        found: Result = snapshot.answers[key]
        return found

    return asked


def _of(connection: sa.Connection) -> _Snapshot | None:
    found: _Snapshot | None = connection.get_execution_options().get(_OPTION)
    return found
