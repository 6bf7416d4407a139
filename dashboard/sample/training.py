"""Training runs: data known at the time, one hold-out for all families, metrics on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from dashboard.sample import models
from dashboard.sample.models import Dataset, LightgbmModel, Model, XgboostModel
from dashboard.sample.shadow import CANDIDATE, FLATTERED, RIVAL, SHADOWED, Scorer
from dashboard.sample.tickets import to_datetime

HOLDOUT_SHARE = 0.2
TRAINER = "ml-platform"


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One row of ``ml_training_runs``, before its file is written."""

    model_version: str
    family: str
    parent_version: str | None
    started_at: datetime
    finished_at: datetime
    training_rows: int
    window_start: datetime
    window_end: datetime
    dataset_sha256: str
    metrics: Mapping[str, float | str]

    @property
    def run_id(self) -> str:
        return f"run-{self.model_version}"


def train_production(
    data: Dataset, version: str, parent: str | None, at: datetime, seed: int
) -> tuple[Model, TrainingRun]:
    """Retrain the production family on what has been reviewed."""
    fitting, holdout = _split(data)
    model = XgboostModel(fitting, seed)
    return model, _run(version, "xgboost", parent, at, fitting, holdout, model.score)


@dataclass(frozen=True, slots=True)
class Challengers:
    """The candidate, and what scores in the shadow by version, it among them."""

    candidate: Model
    shadow: Mapping[str, Scorer]
    runs: Sequence[TrainingRun]


def train_challengers(
    data: Dataset, production: tuple[str, Model], at: datetime, seed: int, *, flattered: bool
) -> Challengers:
    """The candidate, challengers of two other families and a refit of production's own, all on
    the same rows and measured on the same hold-out as the model in production.

    ``flattered`` adds a second one of the candidate's own family.
    """
    fitting, holdout = _split(data)
    version, serving = production
    candidate = LightgbmModel(fitting, seed)
    families: list[tuple[str, str, Scorer]] = [
        (CANDIDATE, "lightgbm", candidate.score),
        ("xgb-5", "xgboost", XgboostModel(fitting, seed).score),
        (RIVAL, "random_forest", models.random_forest(fitting, seed)),
        ("logit-1", "logistic_regression", models.logistic_regression(fitting, seed)),
    ]
    if flattered:
        families.append((FLATTERED, "lightgbm", LightgbmModel(fitting, seed + 1).score))
    beside = {
        f"production_{name}": value
        for name, value in _metrics(serving.score, holdout).items()
        if isinstance(value, float)
    }
    runs = [
        _run(name, family, version, at, fitting, holdout, scorer, beside)
        for name, family, scorer in families
    ]
    shadow = {name: scorer for name, _, scorer in families if name in SHADOWED}
    return Challengers(candidate, shadow, runs)


def _split(data: Dataset) -> tuple[Dataset, Dataset]:
    """The newest fifth is held out: a model is judged on what came after its training."""
    newest = data.part(slice(-models.LARGEST_TRAINING, None))
    edge = round(len(newest) * (1 - HOLDOUT_SHARE))
    return newest.part(slice(0, edge)), newest.part(slice(edge, None))


def _run(
    version: str,
    family: str,
    parent: str | None,
    at: datetime,
    fitting: Dataset,
    holdout: Dataset,
    scorer: Scorer,
    beside: Mapping[str, float | str] | None = None,
) -> TrainingRun:
    return TrainingRun(
        model_version=version,
        family=family,
        parent_version=parent,
        started_at=at,
        finished_at=at + timedelta(minutes=2 + len(fitting) // 5_000),
        training_rows=len(fitting),
        window_start=to_datetime(fitting.scored_at[0]),
        window_end=to_datetime(fitting.scored_at[-1]),
        dataset_sha256=fitting.sha256,
        metrics={**_metrics(scorer, holdout), **(beside or {})},
    )


def _metrics(scorer: Scorer, holdout: Dataset) -> Mapping[str, float | str]:
    """AUC, Brier score and log loss, weighted for the choice of tickets for review."""
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    score = np.clip(scorer(holdout.matrix), 1e-6, 1 - 1e-6)
    label, weight = holdout.label, holdout.weight
    return {
        "auc": round(float(roc_auc_score(label, score, sample_weight=weight)), 6),
        "brier": round(float(brier_score_loss(label, score, sample_weight=weight)), 6),
        "log_loss": round(float(log_loss(label, score, sample_weight=weight)), 6),
        "n": len(holdout),
        "weighted_by": "review_propensity",
        "holdout_sha256": holdout.sha256,
        "holdout_from": to_datetime(holdout.scored_at[0]).isoformat(),
    }
