"""Evidence on explanations: from what `plumbline refresh` kept, never recomputed here (B5, C8)."""

from __future__ import annotations

import sqlalchemy as sa

from components.artifacts.types import CANDIDATE
from components.explanations.assess import METHOD
from components.explanations.assess_evidence import (
    COVERAGE,
    METRICS,
    STABILITY,
    VERIFIED,
    evidence,
)
from components.gates.evidence import Evidence
from queries import artifacts, explanation_results
from queries.database import if_present, read, source_engine
from queries.errors import MissingRelationError
from queries.scope import Scope

__all__ = ["METRICS", "attested"]

NOT_ATTESTED = "No explanation was recomputed in these weeks. Run “plumbline refresh”."


def attested(connection: sa.Connection, scope: Scope, own_url: str | None) -> tuple[Evidence, ...]:
    """Are stored explanations what the models say? As attested; no number where none was."""
    if own_url is None:
        return _nothing()
    files = if_present(connection, lambda: artifacts.files(connection, scope).rows) or ()
    candidates = frozenset(row.model_version for row in files if row.role == CANDIDATE)
    own = source_engine(own_url)
    try:
        results = read(own, lambda kept: explanation_results.results(kept, scope).rows)
        cover = read(own, lambda kept: explanation_results.cover(kept, scope).rows)
    except MissingRelationError:
        return _nothing()
    finally:
        own.dispose()
    return evidence(results, cover, candidates) or _nothing()


def _nothing() -> tuple[Evidence, ...]:
    """No value, and why: nobody recomputed anything in the window."""
    return tuple(
        Evidence(metric, value=None, n=0, method=METHOD, measured_at=None, sentence=NOT_ATTESTED)
        for metric in (VERIFIED, COVERAGE, STABILITY)
    )
