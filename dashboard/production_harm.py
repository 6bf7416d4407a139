"""The model in service against both ways out of it, on tickets that reviewers judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from components.artifacts import assess_harm, assess_history
from components.artifacts.assess_harm import RULES, Harm, Pair, Span
from components.artifacts.types import PRODUCTION, ROLLBACK
from dashboard.artifacts import models, trusted
from dashboard.artifacts.models import VerifiedModel
from dashboard.explanations.recompute import outputs, usable_rows
from queries import artifacts, audit, promotions
from queries.artifact_rows import ArtifactRow
from queries.audit_parts import PRIORITY
from queries.database import if_present
from queries.errors import IntegrityFailureError, InvalidInputError
from queries.names import WORKFLOW_KNOB
from queries.promotions import ReviewedRow
from queries.scope import Scope


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of both ways out; each is None where ``why_not`` says why.

    ``unscored`` reviewed tickets could not be scored by the rollback model.
    """

    over: Span | None
    rollback: Harm | None
    rules: Harm | None
    why_not: Mapping[str, str]
    unscored: int = 0


def judged(connection: sa.Connection, scope: Scope, *, label_days: int, cap: float) -> Judged:
    """Compare the model in service with the rollback model and with the rules alone."""
    rows = artifacts.files(connection, scope).rows
    events = artifacts.events(connection, scope).rows
    serving = {row.model_version for row in rows if row.role == PRODUCTION}
    if len(serving) != 1:
        return _neither("Not exactly one model is registered as the one in production.")
    version = serving.pop()
    served = assess_history.served(events, scope.as_of)
    over = assess_harm.span(served, version, scope.as_of, label_days)
    if over is None:
        return _neither(f"No label of a week in which {version} served has come in yet.")
    seen = promotions.reviewed(connection, scope, version, over.start, over.end).rows
    if not seen:
        return _neither(f"No ticket that {version} scored has been reviewed.")
    rules = assess_harm.harm(RULES, _by_rules(seen), over, cap)
    thresholds = _thresholds(connection, scope)
    target, why = _target(rows)
    if target is None:
        return Judged(over, None, rules, {ROLLBACK: why})
    pairs = _by_model(seen, target, thresholds)
    found = assess_harm.harm(target.model_version, pairs, over, cap)
    why = f"{target.model_version} could score none of {len(seen):,} reviewed tickets."
    return Judged(
        over, found, rules, {} if found else {ROLLBACK: why}, unscored=len(seen) - len(pairs)
    )


def _neither(why: str) -> Judged:
    return Judged(None, None, None, {ROLLBACK: why, RULES: why})


def _by_rules(rows: Sequence[ReviewedRow]) -> list[Pair]:
    return [
        Pair(
            row.scored_at,
            row.ml_decision == row.correct_decision,
            row.rules_decision == row.correct_decision,
            row.review_propensity,
        )
        for row in rows
        if row.rules_decision is not None
    ]


def _by_model(
    rows: Sequence[ReviewedRow], model: VerifiedModel, thresholds: Mapping[str, float]
) -> list[Pair]:
    """The rollback model's own decisions, at the threshold that each ticket names."""
    assert model.schema is not None
    known = [row for row in rows if row.workflow_config in thresholds]
    documents = json.loads(f"[{','.join(row.features or 'null' for row in known)}]")
    places, matrix = usable_rows(model.schema, documents)
    if not places:
        return []
    scores = 1 / (1 + np.exp(-outputs(model, matrix)))
    kept = [known[place] for place in places]
    limits = np.array([thresholds[row.workflow_config or ""] for row in kept])
    return [
        Pair(
            row.scored_at,
            row.ml_decision == row.correct_decision,
            priority == (row.correct_decision == PRIORITY),
            row.review_propensity,
        )
        for row, priority in zip(kept, (scores >= limits).tolist(), strict=True)
    ]


def _target(rows: Sequence[ArtifactRow]) -> tuple[VerifiedModel | None, str]:
    """The rollback model, verified now; else why there is none."""
    versions = dict.fromkeys(row.model_version for row in rows if row.role == ROLLBACK)
    if not versions:
        return None, "No rollback model is registered."
    if not trusted.configured():
        return None, "No folder of model files is configured, so the rollback model is not read."
    why = ""
    for version in versions:
        try:
            model = models.load_verified(version, rows)
        except (IntegrityFailureError, InvalidInputError) as error:
            why = str(error)
            continue
        if model.schema is not None:
            return model, ""
        why = f"The folder of model files lacks the feature schema of {version}."
    return None, why


def _thresholds(connection: sa.Connection, scope: Scope) -> dict[str, float]:
    rows = if_present(connection, lambda: audit.configurations(connection, scope).rows) or ()
    return {
        row.version: row.decision_threshold
        for row in rows
        if row.knob == WORKFLOW_KNOB and row.decision_threshold is not None
    }
