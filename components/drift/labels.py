"""Reviews as columns: outcomes, scores, weights, and what a score meant in the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.statistics.weighting import WEIGHT_CAP, WeightedMean, hajek_mean
from queries.drift_facts import LabelRow


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Reviews as columns; ``chance`` is what the score meant in the reference."""

    day: NDArray[np.int64]
    score: NDArray[np.float64]
    decided: NDArray[np.bool_]
    needed: NDArray[np.float64]
    propensity: NDArray[np.float64]
    segment: dict[str, NDArray[np.object_]]
    version: NDArray[np.object_]
    chance: NDArray[np.float64]
    cap: float = WEIGHT_CAP

    @property
    def weight(self) -> NDArray[np.float64]:
        """Capped inverse propensities."""
        return np.asarray(np.minimum(1 / self.propensity, self.cap), dtype=np.float64)

    def mean(self, values: NDArray[np.float64], within: tuple[float, float]) -> WeightedMean | None:
        """Hájek's mean of one value a review; None without reviews."""
        return hajek_mean(values.tolist(), self.propensity.tolist(), cap=self.cap, within=within)

    def take(self, rows: NDArray[np.bool_]) -> Labels:
        """Some of them."""
        return Labels(
            self.day[rows],
            self.score[rows],
            self.decided[rows],
            self.needed[rows],
            self.propensity[rows],
            {name: values[rows] for name, values in self.segment.items()},
            self.version[rows],
            self.chance[rows],
            self.cap,
        )

    def and_(self, other: Labels) -> Labels:
        """Both together, with the cap of the first."""
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS
        }
        segment = {
            name: np.concatenate([values, other.segment[name]])
            for name, values in self.segment.items()
        }
        return replace(self, segment=segment, **joined)

    def of_version(self, version: str) -> Labels:
        """The reviews of one version of the model."""
        return self.take(np.asarray(self.version == version, dtype=np.bool_))


_COLUMNS = ("day", "score", "decided", "needed", "propensity", "version", "chance")


def usual_cap(found: Labels) -> float:
    """The weight that 95 of 100 reviews do not exceed, and never more than the general cap.

    Weights of a fortnight without random reviews would otherwise decide alone; truncating them
    trades a small bias for much variance (S. R. Cole and M. A. Hernán, American Journal of
    Epidemiology 168 (2008) 656–664).
    """
    if not found.propensity.size:
        return WEIGHT_CAP
    usual = float(np.quantile(1 / found.propensity, 0.95))
    return float(np.clip(usual, 1.0, WEIGHT_CAP))


def columns(rows: Sequence[LabelRow]) -> Labels:
    """Rows with a known propensity, as columns; the chances are still to be set."""
    return Labels(
        day=np.array([row.scored_at.astimezone(UTC).date().toordinal() for row in rows], np.int64),
        score=np.array([row.score for row in rows], dtype=np.float64),
        decided=np.array([row.decided for row in rows], dtype=np.bool_),
        needed=np.array([row.needed for row in rows], dtype=np.float64),
        propensity=np.array([row.propensity for row in rows], dtype=np.float64),
        segment={
            "work_type": np.array([row.work_type for row in rows], dtype=object),
            "region": np.array([row.region for row in rows], dtype=object),
        },
        version=np.array([row.ml_version for row in rows], dtype=object),
        chance=np.zeros(len(rows)),
    )


def between(found: Labels, start: date, end: date) -> NDArray[np.bool_]:
    """Which were scored on the UTC days ``[start, end)``."""
    return np.asarray((found.day >= start.toordinal()) & (found.day < end.toordinal()))
