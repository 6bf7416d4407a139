"""Evidence on explanations: from what `plumbline refresh` kept, never recomputed here (B5, C8)."""

from __future__ import annotations

import sqlalchemy as sa

from components.artifacts.assess_evidence import only
from components.artifacts.types import CANDIDATE
from components.explanations.assess import METHOD
from components.explanations.assess_evidence import (
    COVERAGE,
    METRICS,
    STABILITY,
    VERIFIED,
    candidate_evidence,
    evidence,
)
from components.gates.evidence import Evidence
from queries import artifacts, explanation_candidates, explanation_results
from queries.database import if_present
from queries.scope import Scope

__all__ = ["METRICS", "attested"]

NOT_ATTESTED = "No explanation was recomputed in these weeks. Run “plumbline refresh”."


def attested(
    connection: sa.Connection, scope: Scope, own: sa.Connection | None
) -> tuple[Evidence, ...]:
    """Are stored explanations what the models say? As attested; no number where none was."""
    if own is None:
        return _nothing()
    whose = if_present(own, lambda: explanation_results.whose(connection, scope).rows)
    if not whose or not whose[0].same:
        return _nothing()
    results = if_present(own, lambda: explanation_results.results(own, scope).rows)
    cover = if_present(own, lambda: explanation_results.cover(own, scope).rows)
    found = evidence(results or (), cover or ()) or _nothing()
    files = if_present(connection, lambda: artifacts.files(connection, scope).rows) or ()
    version = only({row.model_version for row in files if row.role == CANDIDATE})
    if version is None:
        return found
    scores = if_present(own, lambda: explanation_candidates.results(own, scope, version).rows)
    return (*found, candidate_evidence(version, scores or ()))


def _nothing() -> tuple[Evidence, ...]:
    """No value, and why: nobody recomputed anything in the window."""
    return tuple(
        Evidence(metric, value=None, n=0, method=METHOD, measured_at=None, sentence=NOT_ATTESTED)
        for metric in (VERIFIED, COVERAGE, STABILITY)
    )
