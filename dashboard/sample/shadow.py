"""The candidate in the shadow: its score beside production's on the same predictions."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dashboard.sample.audit_rows import constant, numbers, times, words
from dashboard.sample.features import Features, Integers
from dashboard.sample.models import Model
from dashboard.sample.scoring import Predictions, Words, where

CANDIDATE = "lgb-1"
ERROR = "candidate_timeout"
_ERROR_SHARE = 0.0005


def shadow_table(
    rng: np.random.Generator,
    candidate: Model,
    prediction_id: Integers,
    scored_at: Integers,
    production_version: Words,
    predictions: Predictions,
    features: Features,
) -> pa.Table:
    """One row a prediction; ``features`` are what the candidate saw."""
    n = len(features)
    failed = rng.random(n) < _ERROR_SHARE
    score = np.round(candidate.score(features.matrix()), 6)
    score[failed] = np.nan
    latency = np.round(rng.lognormal(np.log(26.0), 0.35, n), 1)
    return pa.table(
        {
            "prediction_id": prediction_id,
            "scored_at": times(scored_at),
            "production_version": words(production_version),
            "candidate_version": constant(CANDIDATE, n),
            "production_score": numbers(predictions.ml_score),
            "production_decision": words(predictions.decided(predictions.ml_score)),
            "candidate_score": numbers(score),
            "candidate_decision": words(predictions.decided(score)),
            "candidate_latency_ms": numbers(np.where(failed, 2_000.0, latency)),
            "candidate_error": words(where(failed, ERROR)),
        }
    )
