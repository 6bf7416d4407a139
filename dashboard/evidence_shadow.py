"""Evidence on the candidate in the shadow, over its whole comparison (B3)."""

from __future__ import annotations

import sqlalchemy as sa

from components.gates.evidence import Evidence
from components.gates.policy import Policy
from components.shadow.assess import report, rules
from components.shadow.assess_evidence import METRICS, evidence, unmeasured
from dashboard import shadow_kept, shadow_material
from queries.scope import Scope

__all__ = ["METRICS", "shadow"]


def shadow(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """May the candidate replace the model in production, by what both said of the same tickets?

    The comparison lasts from the candidate's first score, whatever the policy's window is. A
    candidate that is registered but never scored is named, so that its gates say NO DATA about it.
    """
    found = shadow_material.candidates(connection, scope)
    if found.registered is not None and found.unscored:
        words = f"{found.registered} is registered as candidate and has not scored any ticket"
        return unmeasured(found.registered, words)
    pair = found.pair()
    if pair is None:
        return ()
    known = shadow_kept.kept(connection, scope, pair, policy)
    if known is not None:
        return evidence(known.report, policy)
    made = shadow_material.material(connection, scope, found, pair, policy.shadow)
    return () if made is None else evidence(report(made[0], rules(policy)), policy)
