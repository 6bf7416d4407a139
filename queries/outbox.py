"""The outbox of the webhook: written with the event it tells of, emptied by whoever delivers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from queries.alert_schema import webhook_outbox
from queries.answer import Answer, ask

_DELIVERING = 7_585_672_015

_outbox = webhook_outbox.c


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``message_id`` stays the same however often it is tried."""

    message_id: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class OutboxState:
    """What waits, since when, and what the last attempt came to."""

    waiting: int
    oldest_at: datetime | None
    delivered: int
    last_error: str | None


def enqueue(connection: sa.Connection, message: Message, created_at: datetime) -> None:
    """Put a message in the outbox, within the transaction of its event."""
    connection.execute(
        sa.insert(webhook_outbox).values(
            message_id=message.message_id,
            kind=message.kind,
            body=message.body,
            created_at=created_at,
        )
    )


def waiting(connection: sa.Connection) -> Answer[Message]:
    """Messages that are not delivered, in the order in which they were written."""
    statement = (
        sa.select(_outbox.message_id, _outbox.kind, _outbox.body)
        .where(_outbox.delivered_at.is_(None))
        .order_by(_outbox.message_no)
    )
    return ask(connection, statement, Message)


def delivered(connection: sa.Connection, message_id: str, attempts: int, at: datetime) -> None:
    """Note that a message arrived."""
    _note(connection, message_id, attempts, at, error=None)


def failed(
    connection: sa.Connection, message_id: str, attempts: int, at: datetime, error: str
) -> None:
    """Note that a message did not arrive; it stays in the outbox."""
    _note(connection, message_id, attempts, at, error=error)


def _note(
    connection: sa.Connection, message_id: str, attempts: int, at: datetime, error: str | None
) -> None:
    connection.execute(
        sa.update(webhook_outbox)
        .where(_outbox.message_id == message_id)
        .values(
            attempts=_outbox.attempts + attempts,
            last_attempt_at=at,
            last_error=error,
            delivered_at=None if error else at,
        )
    )


def outbox_state(connection: sa.Connection) -> Answer[OutboxState]:
    """How many messages wait and how many were delivered."""
    pending = _outbox.delivered_at.is_(None)
    columns: list[sa.ColumnElement[Any]] = [
        sa.func.count().filter(pending).label("waiting"),
        sa.func.min(_outbox.created_at).filter(pending).label("oldest_at"),
        sa.func.count().filter(~pending).label("delivered"),
        sa.func.max(_outbox.last_error).filter(pending).label("last_error"),
    ]
    return ask(connection, sa.select(*columns), OutboxState)


@contextmanager
def only_deliverer(engine: sa.Engine) -> Iterator[sa.Connection | None]:
    """A connection while nobody else delivers; None where somebody does.

    The lock belongs to the session, so that no transaction is open while a receiver is slow.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        lock = sa.select(sa.func.pg_try_advisory_lock(_DELIVERING))
        if not connection.execute(lock).scalar_one():
            yield None
            return
        try:
            yield connection
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_DELIVERING)))
