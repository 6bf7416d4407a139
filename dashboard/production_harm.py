"""The model in service against both ways out of it, on tickets that reviewers judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa

from components.artifacts import assess_harm, assess_history
from components.artifacts.assess_harm import RULES, Harm, Pairs, Span
from components.artifacts.types import PRODUCTION, ROLLBACK
from dashboard.artifacts import models, trusted
from dashboard.artifacts.models import VerifiedModel
from dashboard.explanations.recompute import outputs, usable_rows
from queries import artifacts, audit, promotions
from queries.artifact_rows import ArtifactRow
from queries.database import if_present
from queries.errors import IntegrityFailureError, InvalidInputError
from queries.names import WORKFLOW_KNOB
from queries.promotions import Reviewed, columns
from queries.scope import Scope


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of both ways out; each is None where ``why_not`` says why.

    ``unscored`` reviewed tickets could not be scored by the rollback model. ``doubt`` says why the
    chances of review on record cannot be right, and is empty where they can be.
    """

    over: Span | None
    rollback: Harm | None
    rules: Harm | None
    why_not: Mapping[str, str]
    unscored: int = 0
    doubt: str = ""


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
    seen = columns(promotions.reviewed(connection, scope, version, over.start, over.end).rows)
    if not seen.features:
        return _neither(f"No ticket that {version} scored has been reviewed.")
    doubt = assess_harm.distrust(seen.propensity, _tickets(connection, scope, over), cap)
    rules = assess_harm.harm(RULES, _by_rules(seen), over, cap)
    thresholds = _thresholds(connection, scope)
    way_back, why = target(rows)
    if way_back is None:
        return Judged(over, None, rules, {ROLLBACK: why}, doubt=doubt)
    pairs = _by_model(seen, way_back, thresholds)
    found = assess_harm.harm(way_back.model_version, pairs, over, cap)
    n = len(seen.features)
    why = f"{way_back.model_version} could score none of {n:,} reviewed tickets."
    unscored = n - pairs.at.size
    return Judged(over, found, rules, {} if found else {ROLLBACK: why}, unscored, doubt)


def _tickets(connection: sa.Connection, scope: Scope, over: Span) -> int:
    """How many predictions the model in service made over the span."""
    served = replace(scope, start=over.start, end=over.end, model_versions=(over.version,))
    return sum(row.n for row in artifacts.served(connection, served).rows)


def _neither(why: str) -> Judged:
    return Judged(None, None, None, {ROLLBACK: why, RULES: why})


def _by_rules(seen: Reviewed) -> Pairs:
    kept = seen.rules_decided
    return Pairs(
        seen.scored_at[kept], seen.ml_right[kept], seen.rules_right[kept], seen.propensity[kept]
    )


def _by_model(seen: Reviewed, model: VerifiedModel, thresholds: Mapping[str, float]) -> Pairs:
    """The rollback model's own decisions, at the threshold that each ticket names."""
    assert model.schema is not None
    limits = np.array([thresholds.get(name, np.nan) for name in seen.workflow_config])
    known = np.flatnonzero(~np.isnan(limits))
    places, matrix = usable_rows(model.schema, [seen.features[place] for place in known])
    kept = known[places]
    scores = 1 / (1 + np.exp(-outputs(model, matrix))) if places else np.zeros(0)
    right = (scores >= limits[kept]) == seen.priority[kept]
    return Pairs(seen.scored_at[kept], seen.ml_right[kept], right, seen.propensity[kept])


def target(rows: Sequence[ArtifactRow]) -> tuple[VerifiedModel | None, str]:
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
