"""Rolled-up days whose rows were altered since: values too, not only how many there are.

A page counts rows, from an index. What decides or goes on record takes the time to hash every
row of the weeks that any gate reads, as the nightly refresh does, and reads altered days in the
source. So an edit in place cannot hide until the next refresh.
"""

from __future__ import annotations

import logging
from datetime import UTC, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from components.gates.policy import Policy
from dashboard.refresh.plan import altered, look
from queries.database import translate
from queries.rolled import beside, rollups_of
from queries.rollup_state import known_days
from queries.rollups import FAMILIES
from queries.scope import Scope
from queries.snapshot import forget, guard

LOG = logging.getLogger("plumbline.rollups")


def leave_out_altered(connection: sa.Connection, scope: Scope, policy: Policy) -> None:
    """Have the source asked for every rolled-up day that no longer is what it was rolled up from.

    A source that cannot be hashed is left as it is: the questions themselves say what is wrong.
    """
    rollups, own = rollups_of(connection), beside(connection)
    if rollups is None or own is None:
        return
    end = scope.until.astimezone(UTC).date()
    start = end - timedelta(days=_longest(policy))
    try:
        with guard(leave_out_altered, connection, own):
            known = known_days(own, scope.environment)
            seen = look(connection, scope.environment, start, end, FAMILIES)
    except exc.SQLAlchemyError as error:
        LOG.warning("roll-ups: %s", translate(error).log)
        return
    others = altered(known, seen, start, end)
    if others:
        rollups.leave_out(scope.environment, others)
        forget(connection)


def _longest(policy: Policy) -> int:
    """Days before the as-of that some gate reads."""
    drift = policy.drift
    return max(
        policy.window_days,
        policy.shadow.comparison_days,
        drift.current_days + drift.reference_gap_days + drift.reference_days,
    )
