"""Questions about reviews, asked of several periods at once: one snapshot, one look at roll-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from queries.answer import Answer, joined
from queries.feedback import confusion, overrides
from queries.feedback_rows import HoldoutRow, SwitchRow
from queries.rolled_days import midnight
from queries.scope import Scope


def holdouts(
    connection: sa.Connection, scope: Scope, periods: Sequence[tuple[datetime, datetime]]
) -> Answer[HoldoutRow]:
    """Reviews of the tickets that training runs were measured on, as they stood at each run."""
    answers = [
        confusion(connection, replace(scope, start=since, end=until, as_of=until))
        for since, until in periods
    ]
    rows = [
        HoldoutRow(*period, answer.rows) for period, answer in zip(periods, answers, strict=True)
    ]
    return joined(answers, rows)


def switches(
    connection: sa.Connection, scope: Scope, moments: Sequence[datetime], span: timedelta
) -> Answer[SwitchRow]:
    """Reviews in force by model version, of the days around each of some moments (UTC)."""
    days = [midnight(at.astimezone(UTC).date()) for at in moments]
    answers = [
        overrides(connection, replace(scope, start=day - span, end=day + span), by="ml_version")
        for day in days
    ]
    rows = [SwitchRow(at, answer.rows) for at, answer in zip(moments, answers, strict=True)]
    return joined(answers, rows)
