"""Can a version be put in service now? It is verified, loaded, and scores a row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from components.artifacts.types import RETIRED, ProbeState, Readiness
from dashboard.artifacts import models
from dashboard.artifacts.features import Row
from dashboard.artifacts.models import VerifiedModel
from dashboard.artifacts.verify import Trust, Verified
from queries.artifact_rows import ArtifactRow, ProbeRow
from queries.errors import IntegrityFailureError

# Scores are recorded with six decimals and computed in single precision.
TOLERANCE = 1e-5


def readiness(
    rows: Sequence[ArtifactRow],
    verified: Sequence[Verified],
    probes: Mapping[str, ProbeRow],
    trust: Trust,
) -> tuple[Readiness, ...]:
    """Every version that plays a part, tried out with the newest prediction that it made."""
    found: list[Readiness] = []
    for version, role in dict.fromkeys((row.model_version, row.role) for row in rows):
        if role == RETIRED:
            continue
        own = [
            (row, item)
            for row, item in zip(rows, verified, strict=True)
            if (row.model_version, row.role) == (version, role)
        ]
        found.append(_readiness(version, role, own, probes.get(version), trust))
    return tuple(found)


def _readiness(
    version: str,
    role: str,
    own: Sequence[tuple[ArtifactRow, Verified]],
    probe: ProbeRow | None,
    trust: Trust,
) -> Readiness:
    sound = sum(item.check.sound for _, item in own)
    loadable, state, words = _tried(own, probe, trust)
    return Readiness(version, role, len(own), sound, loadable, state, words)


def _tried(
    own: Sequence[tuple[ArtifactRow, Verified]], probe: ProbeRow | None, trust: Trust
) -> tuple[bool | None, ProbeState, str]:
    native = [(row, item) for row, item in own if models.family_of(row.path) is not None]
    if not native:
        return None, ProbeState.NOT_TRIED, "only a pickle is registered, which is never loaded here"
    row, item = native[0]
    if item.content is None:
        return False, ProbeState.NOT_TRIED, f"{row.path} was refused: {item.check.reason}"
    try:
        model = models.from_verified(row, item, trust)
    except IntegrityFailureError as error:
        return False, ProbeState.NOT_TRIED, str(error)
    state, words = scored(model, probe)
    return True, state, words


def scored(model: VerifiedModel, probe: ProbeRow | None) -> tuple[ProbeState, str]:
    """Score the newest recorded prediction again; without one, a row of missing values."""
    if probe is None or model.schema is None:
        score = _score(model, np.full((1, len(model.feature_names)), np.nan, dtype=np.float32))
        if score is None:
            return ProbeState.FAILED, "it gives no score between 0 and 1 for a row without values"
        why = "no prediction of its own" if probe is None else "no feature schema in the folder"
        return ProbeState.SCORED, f"scores a row without values ({why} to compare with)"
    if not isinstance(probe.features, Mapping):
        return ProbeState.FAILED, f"prediction {probe.prediction_id} stores no features by name"
    try:
        matrix = model.schema.matrix([probe.features])
    except ValueError as error:
        return ProbeState.FAILED, f"prediction {probe.prediction_id}: {error}"
    score = _score(model, matrix)
    if score is None:
        return ProbeState.FAILED, f"it gives prediction {probe.prediction_id} no score from 0 to 1"
    words = f"prediction {probe.prediction_id}: {score:.6f}, on record {probe.ml_score:.6f}"
    if abs(score - probe.ml_score) <= TOLERANCE:
        return ProbeState.REPRODUCED, words
    return ProbeState.DIFFERS, words


def _score(model: VerifiedModel, matrix: Row) -> float | None:
    score = float(model.score(matrix)[0])
    return score if math.isfinite(score) and 0 <= score <= 1 else None
