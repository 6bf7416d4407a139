"""Building blocks that several readers of roll-ups share."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from queries.audit_parts import DAILY_UP_TO
from queries.rolled import Plan
from queries.scope import Scope


def rolled_bucket(scope: Scope, day: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The day, or in long periods the Monday of its week; see ``audit_parts.bucket``."""
    if scope.end - scope.start <= DAILY_UP_TO:
        return day
    local = sa.cast(day, sa.DateTime())
    return sa.cast(sa.func.date_trunc("week", local), sa.Date)


def filters(plan: Plan, columns: Any, day: str = "day") -> list[sa.ColumnElement[bool]]:
    """The scope as conditions on a table of roll-ups."""
    found = [columns.environment == plan.scope.environment, plan.days.conditions(columns[day])]
    for name, values in segments(plan.scope).items():
        if values:
            found.append(columns[name].in_(values))
    return found


def segments(scope: Scope) -> dict[str, tuple[str, ...]]:
    """The values to keep of each segment column; an empty tuple keeps every value."""
    return {
        "work_type": scope.work_types,
        "region": scope.regions,
        "ml_version": scope.model_versions,
    }


def filtered(scope: Scope) -> bool:
    """Whether the scope asks for segments or models at all."""
    return any(segments(scope).values())
