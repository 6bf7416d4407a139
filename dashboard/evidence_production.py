"""Evidence that the model in service does harm: what calls for a way out of it (B7, C7)."""

from __future__ import annotations

import sqlalchemy as sa

from components.artifacts import assess_harm
from components.artifacts.assess_harm import ROLLBACK_HARM, RULES, RULES_HARM
from components.artifacts.types import ROLLBACK
from components.gates.evidence import Evidence
from components.gates.policy import Policy
from dashboard.production_harm import judged
from queries.scope import Scope

METRICS = assess_harm.METRICS


def harm(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """Would the rollback model, or the rules alone, have been right more often of late?"""
    found = judged(
        connection,
        scope,
        label_days=policy.shadow.label_days,
        cap=float(policy.shadow.largest_weight),
    )
    pairs = (
        (ROLLBACK_HARM, ROLLBACK, found.rollback, found.unscored),
        (RULES_HARM, RULES, found.rules, 0),
    )
    return tuple(
        assess_harm.unknown(metric, found.why_not.get(way, "No review can be weighed."))
        if one is None or found.over is None
        else assess_harm.evidence(metric, one, found.over, unscored, found.doubt)
        for metric, way, one, unscored in pairs
    )
