"""SHAP values of stored predictions, by the model's own library, from a verified model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.explanations.assess import Flags, Floats
from dashboard.artifacts.features import NUMBER, FeatureSchema
from dashboard.artifacts.models import XGBOOST, VerifiedModel
from queries.errors import InvalidInputError

METHODS = frozenset({"tree_path_dependent"})
OUTPUT_SPACES = frozenset({"log_odds"})
_AT_ONCE = 256
"""Documents read together: one that cannot be used slows these down, and no others."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """``values``: attributions and base value, rows × (features + 1); ``output``: of each row."""

    values: Floats
    output: Floats


def usable_rows(schema: FeatureSchema, rows: Sequence[Any]) -> tuple[list[int], Floats]:
    """Which documents of stored features can be used, and those as rows in the model's order.

    A missing value is NaN and a category the place of its word in the signed schema. A document
    that lacks a feature, or holds a category that the model never saw, cannot be used.
    """
    places: list[int] = []
    found = [np.zeros((0, len(schema.features)))]
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        try:
            found.append(_columns(schema, some))
            places += range(start, start + len(some))
        except (ValueError, KeyError, TypeError, OverflowError):
            own, matrix = _one_by_one(schema, some)
            found.append(matrix)
            places += [start + place for place in own]
    return places, np.concatenate(found)


def _columns(schema: FeatureSchema, rows: Sequence[Any]) -> Floats:
    """Documents of which every one can be used, feature by feature."""
    if not all(isinstance(row, Mapping) for row in rows):
        raise ValueError("no features are stored")
    columns = [feature.numbers([row[feature.name] for row in rows]) for feature in schema.features]
    return np.array(columns, dtype=np.float64).reshape(len(schema.features), len(rows)).T


def _one_by_one(schema: FeatureSchema, rows: Sequence[Any]) -> tuple[list[int], Floats]:
    """Documents of which some cannot be used."""
    places, found = [], []
    for place, row in enumerate(rows):
        try:
            found.append(_numbers(schema, row))
        except (ValueError, TypeError, OverflowError):
            continue
        places.append(place)
    return places, np.array(found, dtype=np.float64).reshape(len(found), len(schema.features))


def _numbers(schema: FeatureSchema, row: Any) -> list[float]:
    if not isinstance(row, Mapping):
        raise ValueError("no features are stored")
    absent = [feature.name for feature in schema.features if feature.name not in row]
    if absent:
        raise ValueError(f"the stored features lack {absent[0]}")
    return [feature.number(row[feature.name]) for feature in schema.features]


def codes(schema: FeatureSchema) -> Flags:
    """Which features hold codes or flags, whose values are equal or not."""
    return np.array([feature.kind != NUMBER for feature in schema.features], dtype=np.bool_)


def recompute(model: VerifiedModel, matrix: Floats, *, single: bool = False) -> Recomputed:
    """Attributions and output in log-odds, over the trees that the model was stopped at.

    XGBoost compares in single precision; LightGBM in double, whatever its input was stored as:
    ``single`` gives what a platform gets that hands it single-precision features.

    Raises:
        InvalidInputError: the model has more than one output.
    """
    seen = matrix.astype(np.float32) if single else matrix
    if model.family == XGBOOST:
        values, output = _xgboost(model, seen, "pred_contribs", "output_margin")
    else:
        values = _lightgbm(model, seen, pred_contrib=True)
        output = _lightgbm(model, seen, raw_score=True)
    if values.shape != (len(matrix), len(model.feature_names) + 1):
        raise InvalidInputError("The model has several outputs; one explanation cannot hold them.")
    return Recomputed(values.astype(np.float64), output.astype(np.float64))


def outputs(model: VerifiedModel, matrix: Floats) -> Floats:
    """The model's output in log-odds alone, which costs a hundredth of its explanation."""
    if model.family != XGBOOST:
        return np.asarray(_lightgbm(model, matrix, raw_score=True), dtype=np.float64)
    found = _xgboost(model, matrix, "output_margin")[0]
    return np.asarray(found, dtype=np.float64)


def _xgboost(model: VerifiedModel, matrix: Any, *wanted: str) -> list[Any]:
    """One thread: on a busy machine several that wait for each other take ten times as long."""
    import xgboost as xgb

    types = model.booster.feature_types
    with xgb.config_context(nthread=1):
        table = xgb.DMatrix(
            matrix.astype(np.float32),
            feature_names=list(model.feature_names),
            feature_types=types,
            enable_categorical=bool(types and "c" in types),
            nthread=1,
        )
        trees = model.iteration_range
        return [
            np.asarray(model.booster.predict(table, iteration_range=trees, **{what: True}))
            for what in wanted
        ]


def _lightgbm(model: VerifiedModel, matrix: Any, **what: bool) -> Any:
    limit = model.iteration_range[1] or None
    found = model.booster.predict(matrix, num_iteration=limit, num_threads=1, **what)
    return np.asarray(found)
