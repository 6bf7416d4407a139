"""Models: train on reviewed tickets, score, explain, and write down in two formats."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import joblib
import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import xgboost as xgb

from dashboard.sample.features import Flags, Floats

Matrix = npt.NDArray[np.float32]

TREES = 110
PRODUCTION_TREES = 28
LARGEST_TRAINING = 120_000
LARGEST_WEIGHT = 25.0


@dataclass(frozen=True, slots=True)
class Dataset:
    """Reviewed tickets, oldest first; ``weight`` undoes the choice of tickets for review."""

    names: tuple[str, ...]
    matrix: Matrix
    label: Flags
    weight: Floats
    scored_at: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.label)

    def part(self, rows: slice) -> Dataset:
        """Consecutive rows."""
        return Dataset(
            self.names,
            self.matrix[rows],
            self.label[rows],
            self.weight[rows],
            self.scored_at[rows],
        )

    @property
    def sha256(self) -> str:
        """Digest of features, labels and times, in order."""
        digest = hashlib.sha256("\0".join(self.names).encode())
        for array in (self.matrix, self.label, self.scored_at):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


class Model(Protocol):
    """A trained model of any family."""

    family: str
    native_suffix: str
    library: str

    def score(self, matrix: Matrix) -> Floats: ...
    def contributions(self, matrix: Matrix) -> npt.NDArray[np.floating[Any]]: ...
    def native(self) -> bytes: ...
    def joblib(self) -> bytes: ...


def _dumped(thing: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(thing, buffer)
    return buffer.getvalue()


class XgboostModel:
    """Gradient boosting; the production family, with few and shallow trees that answer fast."""

    family = "xgboost"
    native_suffix = ".ubj"
    library = f"xgboost {xgb.__version__}"

    def __init__(self, data: Dataset, seed: int) -> None:
        parameters = {
            "objective": "binary:logistic",
            "max_depth": 2,
            "eta": 0.3,
            "min_child_weight": 20,
            "subsample": 0.3,
            "colsample_bytree": 0.5,
            "lambda": 2.0,
            "seed": seed,
            "nthread": 1,
        }
        names = list(data.names)
        table = xgb.DMatrix(data.matrix, data.label, weight=data.weight, feature_names=names)
        self._booster = xgb.train(parameters, table, PRODUCTION_TREES)
        self._booster.set_param({"nthread": 0})
        self._names = names

    def score(self, matrix: Matrix) -> Floats:
        """Probability of priority."""
        table = xgb.DMatrix(matrix, feature_names=self._names)
        return self._booster.predict(table).astype(np.float64)

    def contributions(self, matrix: Matrix) -> npt.NDArray[np.floating[Any]]:
        """SHAP values in log-odds, one column a feature, then the bias."""
        table = xgb.DMatrix(matrix, feature_names=self._names)
        return np.asarray(self._booster.predict(table, pred_contribs=True))

    def native(self) -> bytes:
        return bytes(self._booster.save_raw("ubj"))

    def joblib(self) -> bytes:
        return _dumped(self._booster)


class LightgbmModel:
    """Gradient boosting by another library, more and deeper trees; the candidate."""

    family = "lightgbm"
    native_suffix = ".txt"
    library = f"lightgbm {lgb.__version__}"

    def __init__(self, data: Dataset, seed: int) -> None:
        parameters = {
            "objective": "binary",
            "num_leaves": 15,
            "max_depth": 5,
            "learning_rate": 0.07,
            "min_sum_hessian_in_leaf": 20.0,
            "lambda_l2": 2.0,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "feature_fraction": 0.8,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        table = lgb.Dataset(
            data.matrix, data.label, weight=data.weight, feature_name=list(data.names)
        )
        self._booster = lgb.train(parameters, table, TREES)

    def score(self, matrix: Matrix) -> Floats:
        """Probability of priority."""
        return np.asarray(self._booster.predict(matrix, num_threads=0), dtype=np.float64)

    def contributions(self, matrix: Matrix) -> npt.NDArray[np.floating[Any]]:
        """SHAP values in log-odds, one column a feature, then the bias."""
        return np.asarray(self._booster.predict(matrix, pred_contrib=True))

    def native(self) -> bytes:
        return self._booster.model_to_string().encode()

    def joblib(self) -> bytes:
        return _dumped(self._booster)


def random_forest(data: Dataset, seed: int) -> Callable[[Matrix], Floats]:
    """A challenger of another family."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        n_estimators=100, min_samples_leaf=8, max_depth=12, n_jobs=2, random_state=seed
    )
    forest.fit(data.matrix, data.label, sample_weight=data.weight)
    return lambda matrix: forest.predict_proba(matrix)[:, 1]


def logistic_regression(data: Dataset, seed: int) -> Callable[[Matrix], Floats]:
    """A challenger that a person can read: missing values at the median, with a flag."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
        LogisticRegression(max_iter=500, random_state=seed),
    )
    pipeline.fit(data.matrix, data.label, logisticregression__sample_weight=data.weight)
    return lambda matrix: pipeline.predict_proba(matrix)[:, 1]
