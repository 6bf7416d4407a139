"""The feature schema that a manifest names: how a stored prediction becomes a model's row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.artifacts import files
from dashboard.artifacts.files import RefusedError

MOST_BYTES = 4 << 20
NUMBER, FLAG, CATEGORY = "number", "flag", "category"
_KINDS = (NUMBER, FLAG, CATEGORY)

Row = npt.NDArray[np.float32]
Column = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModelFeature:
    """One feature as the model reads it; a category is the position of its word."""

    name: str
    kind: str
    categories: tuple[str, ...]

    def number(self, value: Any) -> float:
        """A stored value as the model sees it; a missing one is NaN.

        Raises:
            ValueError: the value is of another kind, or a category that the model never saw.
        """
        if value is None:
            return float("nan")
        if self.kind == CATEGORY:
            return float(self.categories.index(value))
        if isinstance(value, bool) != (self.kind == FLAG) or not isinstance(value, int | float):
            raise ValueError(f"{self.name} holds no {self.kind}")
        return float(value)

    def numbers(self, values: Sequence[Any]) -> Column:
        """The same of many values, at a tenth of the time.

        Raises:
            ValueError, KeyError, TypeError, OverflowError: one of them cannot be used.
        """
        if self.kind == CATEGORY:
            words = reversed(list(enumerate(self.categories)))
            place: dict[Any, float] = {word: float(at) for at, word in words}
            place[None] = float("nan")
            return np.array([place[value] for value in values], dtype=np.float64)
        plain = {bool} if self.kind == FLAG else {int, float}
        if not set(map(type, values)) <= plain | {type(None)}:
            raise ValueError(f"{self.name} holds no {self.kind}")
        return np.array(values, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class FeatureSchema:
    """The features of a model in their order; its digest is the one that was signed."""

    features: tuple[ModelFeature, ...]
    sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def matrix(self, rows: Sequence[Mapping[str, Any]]) -> Row:
        """Stored features (``prediction_audit.features``) as rows for the model.

        Raises:
            ValueError: a feature is missing from a document, or its value cannot be used.
        """
        return np.array([self._row(row) for row in rows], dtype=np.float32)

    def _row(self, row: Mapping[str, Any]) -> list[float]:
        absent = [feature.name for feature in self.features if feature.name not in row]
        if absent:
            raise ValueError(f"the stored features lack {absent[0]}")
        return [feature.number(row[feature.name]) for feature in self.features]


def file_name(sha256: str) -> str:
    """Where a schema lies in the models' folder."""
    return f"feature_schema_{sha256[:16]}.json"


def load(folder: Path, sha256: str) -> FeatureSchema | None:
    """The schema with this digest; None where the folder does not hold it unaltered.

    Its digest stands in the signed manifest, so the file needs no signature of its own.
    """
    try:
        content = files.read(folder, file_name(sha256), most=MOST_BYTES)
    except RefusedError:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    try:
        features = tuple(_feature(item) for item in json.loads(content))
    except (ValueError, TypeError):
        return None
    return FeatureSchema(features, sha256)


def _feature(item: Any) -> ModelFeature:
    name, kind, _, categories = item
    if kind not in _KINDS:
        raise ValueError(f"{kind} is no kind of feature")
    return ModelFeature(str(name), kind, tuple(str(word) for word in categories))
