"""Emptying the outbox: every message until it arrives, one deliverer at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from dashboard.alerts.webhook import Webhook
from queries import outbox
from queries.database import translated


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one round delivered, what waits, and why; ``busy`` if somebody else delivers."""

    delivered: int = 0
    waiting: int = 0
    error: str | None = None
    busy: bool = False


def deliver(engine: sa.Engine, webhook: Webhook) -> Delivery:
    """Send what waits, oldest first; what fails stays for the next round.

    A message that is refused does not hold up the others; a receiver that is out of reach ends
    the round.

    Raises:
        DatabaseError: the outbox cannot be read or written.
    """
    with translated(), outbox.only_deliverer(engine) as connection:
        if connection is None:
            return Delivery(busy=True)
        sent, error = _send(connection, webhook)
        waiting = outbox.outbox_state(connection).rows[0].waiting
    return Delivery(sent, waiting, error)


def _send(connection: sa.Connection, webhook: Webhook) -> tuple[int, str | None]:
    delivered, error = 0, None
    for message in outbox.waiting(connection).rows:
        result = webhook.send(message)
        at = datetime.now(UTC)
        if result.error is None:
            outbox.delivered(connection, message.message_id, result.attempts, at)
            delivered += 1
            continue
        error = result.error
        outbox.failed(connection, message.message_id, result.attempts, at, error)
        if result.unreachable:
            break
    return delivered, error
