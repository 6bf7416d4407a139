"""Programmes and populations for the simulations of promotion: generated ones, and the census."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.statistics.daily_scores import Reviewed

_SHARED = os.environ.get("PLUMBLINE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data"
CENSUS = Path(_SHARED) / "acs_employment_ma_2015_2016.parquet"
DAILY = 4_110
_BINS = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Truth:
    """Shares of predictions on which only the candidate, and only production, is right; and how
    much the candidate's share of disagreements moves from day to day (standard deviation)."""

    candidate_only: float
    production_only: float
    day_sd: float = 0.0

    @property
    def difference(self) -> float:
        return self.candidate_only - self.production_only


@dataclass(frozen=True, slots=True)
class Programme:
    """Shadow days: predictions by day and cell (0: both decide alike), reviewed disagreements."""

    population: NDArray[np.int64]
    reviewed: Reviewed

    @property
    def days(self) -> int:
        return int(self.population.shape[0])

    def labels(self) -> tuple[int, ...]:
        """Labelled disagreements of each day."""
        return tuple(int(n) for n in np.bincount(self.reviewed.day, minlength=self.days))

    def wins(self) -> tuple[int, ...]:
        """Those of each day in which the candidate was right."""
        right = self.reviewed.day[self.reviewed.value > 0]
        return tuple(int(n) for n in np.bincount(right, minlength=self.days))

    def losses(self) -> tuple[int, ...]:
        """Those of each day in which production was right."""
        return tuple(n - won for n, won in zip(self.labels(), self.wins(), strict=True))

    def until(self, days: int) -> Programme:
        """The first days of it."""
        seen = self.reviewed.day < days
        one = self.reviewed
        return Programme(
            self.population[:days],
            Reviewed(one.day[seen], one.cell[seen], one.value[seen], one.propensity[seen]),
        )


def programme(rng: np.random.Generator, truth: Truth, days: int) -> Programme:
    """Days of 4,110 predictions. Of the disagreements 8% are reviewed, near the threshold 8 times
    as often as far from it, and the candidate does better near it: naive counts mislead."""
    unlike = truth.candidate_only + truth.production_only
    share = np.array([0.35, 0.25, 0.2, 0.12, 0.08])
    propensity = np.array([0.12, 0.09, 0.06, 0.03, 0.015])
    tilt = np.array([0.1, 0.05, 0.0, -0.1, -0.2])
    tilt = tilt - share @ tilt
    disagreements = rng.binomial(DAILY, unlike, days)
    cells = rng.multinomial(disagreements, share)
    population = np.column_stack((DAILY - disagreements, cells))
    day = np.repeat(np.arange(days), disagreements)
    cell = np.repeat(np.tile(np.arange(_BINS), days), cells.ravel())
    wins = truth.candidate_only / unlike + tilt[cell]
    wins = wins + truth.day_sd * rng.normal(size=days)[day]
    value = np.where(rng.random(day.size) < np.clip(wins, 0, 1), 1.0, -1.0)
    seen = rng.random(day.size) < propensity[cell]
    found = Reviewed(day[seen], cell[seen] + 1, value[seen], propensity[cell][seen])
    return Programme(population, found)


@dataclass(frozen=True, slots=True)
class Population:
    """Items with everything known: labels, both models' scores, review propensities."""

    label: Floats
    candidate: Floats
    production: Floats
    propensity: Floats

    def again(self, rng: np.random.Generator, n: int = 40_000) -> Population:
        """A sample of it, with replacement: people like these."""
        drawn = rng.integers(0, self.label.size, n)
        return Population(
            self.label[drawn],
            self.candidate[drawn],
            self.production[drawn],
            self.propensity[drawn],
        )

    @property
    def value(self) -> Floats:
        """Candidate right minus production right."""
        return self._right(self.candidate) - self._right(self.production)

    @property
    def right(self) -> Floats:
        """Whether production is right."""
        return self._right(self.production)

    def _right(self, score: Floats) -> Floats:
        return np.asarray((score >= 0.5) == (self.label == 1), dtype=np.float64)

    @property
    def cell(self) -> NDArray[np.int64]:
        """Production's score in twenty bins × the pair of decisions."""
        pair = 2 * (self.candidate >= 0.5) + (self.production >= 0.5)
        return np.asarray(np.minimum((self.production * 20).astype(np.int64), 19) * 4 + pair)


def uncertain(score: Floats, reviewed: float = 0.058, floor: float = 0.01) -> Floats:
    """Chances of review that fall with distance from the threshold; a floor is at random."""
    shape = np.exp(-12 * np.abs(score - 0.5))
    return np.asarray(np.clip(floor + shape * (reviewed - floor) / shape.mean(), 0, 1))


def census() -> Population | None:
    """Massachusetts 2016: the file's model as production, a gradient boosting fitted to 2015 as
    the candidate. None where the file is not there."""
    if not CENSUS.is_file():
        return None
    from lightgbm import LGBMClassifier

    data = pd.read_parquet(CENSUS)
    features = [name for name in data.columns if name not in _NOT_FEATURES]
    before, after = data[data.year == 2015], data[data.year == 2016]
    model = LGBMClassifier(n_estimators=60, num_leaves=15, n_jobs=1, verbose=-1, random_state=7)
    model.fit(before[features], before["employed"])
    production = after["predicted_probability"].to_numpy(dtype=np.float64)
    return Population(
        label=after["employed"].to_numpy(dtype=np.float64),
        candidate=np.asarray(model.predict_proba(after[features]), dtype=np.float64)[:, 1],
        production=production,
        propensity=uncertain(production),
    )


_NOT_FEATURES = {"id", "employed", "year", "prediction", "predicted_probability"}


def generated(rng: np.random.Generator, n: int = 40_000) -> Population:
    """Risks of which both models see a part; a new population each time."""
    from scipy.special import expit

    signal = rng.normal(-0.5, 1.5, n)
    label = (rng.random(n) < expit(signal)).astype(np.float64)
    production = expit(0.9 * signal + rng.normal(0, 0.6, n))
    candidate = expit(0.9 * signal + rng.normal(0, 0.5, n))
    return Population(label, candidate, production, uncertain(production))
