"""Candidates in the shadow: their scores beside production's on the same predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dashboard.sample.audit_rows import constant, numbers, times, words
from dashboard.sample.features import Features, Flags, Floats, Integers
from dashboard.sample.models import Matrix
from dashboard.sample.scoring import Predictions, Words, where

CANDIDATE = "lgb-1"
"""The registered candidate; its file is signed for that role."""
RIVAL = "rf-1"
"""Another family in the shadow beside it."""
FLATTERED = "lgb-0"
"""Right on what is reviewed often, wrong on the rest: a planted defect."""

SHADOWED = (CANDIDATE, RIVAL, FLATTERED)

ERROR = "candidate_timeout"
_ERROR_SHARE = 0.0005

Scorer = Callable[[Matrix], Floats]


@dataclass(frozen=True, slots=True)
class ShadowScores:
    """What one candidate made of a batch; the score is NaN where it failed."""

    version: str
    score: Floats
    latency_ms: Floats

    @property
    def failed(self) -> Flags:
        return np.isnan(self.score)


def shadow_scores(
    rng: np.random.Generator, version: str, scorer: Scorer, features: Features
) -> ShadowScores:
    """Let a candidate score; ``features`` are what it saw."""
    n = len(features)
    failed = rng.random(n) < _ERROR_SHARE
    score = np.round(scorer(features.matrix()), 6)
    latency = np.round(rng.lognormal(np.log(26.0), 0.35, n), 1)
    return ShadowScores(
        version, np.where(failed, np.nan, score), np.where(failed, 2_000.0, latency)
    )


def parted(predictions: Predictions, scores: Iterable[ShadowScores]) -> Flags:
    """Where some candidate decides unlike the model in production."""
    unlike = np.zeros(len(predictions.ml_score), dtype=np.bool_)
    mine = predictions.decided(predictions.ml_score)
    for one in scores:
        unlike |= ~one.failed & (predictions.decided(one.score) != mine)
    return unlike


def shadow_table(
    scores: ShadowScores,
    prediction_id: Integers,
    scored_at: Integers,
    production_version: Words,
    predictions: Predictions,
) -> pa.Table:
    """One row a prediction."""
    return pa.table(
        {
            "prediction_id": prediction_id,
            "scored_at": times(scored_at),
            "production_version": words(production_version),
            "candidate_version": constant(scores.version, len(prediction_id)),
            "production_score": numbers(predictions.ml_score),
            "production_decision": words(predictions.decided(predictions.ml_score)),
            "candidate_score": numbers(scores.score),
            "candidate_decision": words(predictions.decided(scores.score)),
            "candidate_latency_ms": numbers(scores.latency_ms),
            "candidate_error": words(where(scores.failed, ERROR)),
        }
    )
