"""What an explanation is compared with, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

BIAS = "(base value)"
"""Name of the last element: what the model says before it looks at any feature."""


class Unverified(StrEnum):
    """Why an explanation could not be recomputed. It is NO DATA, neither right nor wrong."""

    MODEL_GONE = "model_gone"
    MODEL_REFUSED = "model_refused"
    SCHEMA_GONE = "schema_gone"
    METHOD = "method"
    OUTPUT_SPACE = "output_space"
    PREDICTION_GONE = "prediction_gone"
    FEATURES = "features"

    @property
    def words(self) -> str:
        """The reason in words."""
        return _WORDS[self]


_WORDS = {
    Unverified.MODEL_GONE: "the model has no registered file that can be loaded",
    Unverified.MODEL_REFUSED: "the model's file failed its verification",
    Unverified.SCHEMA_GONE: "the signed feature schema is not in the models' folder",
    Unverified.METHOD: "explained by another method than path-dependent TreeSHAP",
    Unverified.OUTPUT_SPACE: "stored in another output space than log-odds",
    Unverified.PREDICTION_GONE: "its prediction is not in the audit table",
    Unverified.FEATURES: "the stored features are missing or cannot be used",
}


@dataclass(frozen=True, slots=True)
class Element:
    """One attribution as it is stored and as the model gives it, in the output space.

    ``stored`` is None where there is no such number; ``recomputed`` where the model has no such
    feature.
    """

    feature: str
    stored: float | None
    recomputed: float | None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An explanation that is not what the model says, with every element that differs.

    ``sum_gap`` is stored sum minus the model's own output, None where the sum is no number.
    """

    prediction_id: Any
    scored_at: datetime
    elements: tuple[Element, ...]
    sum_gap: float | None
