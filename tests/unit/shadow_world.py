"""Two models on tickets whose truth is known: what the tests of a comparison are made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from components.shadow.material import Material
from queries.shadow_labels import Labels
from queries.shadow_rows import (
    ABSENT,
    DIFFERENCE_BINS,
    EPOCH_DAY,
    SCORE_UNIT,
    TENTHS,
    Kind,
    Pair,
    Tallies,
)

START = date(2026, 9, 1)
_REGIONS = ("Central", "Harbour", "North", "South")


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One array entry for each ticket; a chance of NaN is an unknown propensity."""

    days: int
    day: NDArray[np.int64]
    region: NDArray[np.str_]
    truth: NDArray[np.bool_]
    production: NDArray[np.bool_]
    candidate: NDArray[np.bool_]
    chance: NDArray[np.float64]
    absent: NDArray[np.bool_]
    seed: int

    @classmethod
    def equal(cls, n: int = 120_000, days: int = 40, seed: int = 1, churn: float = 0.03) -> World:
        """Both models are right equally often; every ticket is as likely to be reviewed."""
        rng = np.random.default_rng(seed)
        truth = rng.random(n) < 0.3
        production = truth ^ (rng.random(n) < 0.2)
        return cls(
            days=days,
            day=np.sort(rng.integers(0, days, n)),
            region=rng.choice(_REGIONS, n, p=(0.6, 0.2, 0.15, 0.05)),
            truth=truth,
            production=production,
            candidate=_swapped(rng, truth, production, churn / 2, churn / 2),
            chance=np.full(n, 0.3),
            absent=np.zeros(n, dtype=np.bool_),
            seed=seed,
        )

    def with_candidate(
        self, wins: NDArray[np.float64] | float, losses: NDArray[np.float64] | float
    ) -> World:
        """A candidate that is right where production is wrong, and wrong where it is right, on
        these shares of all tickets."""
        rng = np.random.default_rng(self.seed + 100)
        return replace(self, candidate=_swapped(rng, self.truth, self.production, wins, losses))

    def difference(self) -> float:
        """The true difference of accuracies."""
        right = (self.candidate == self.truth).astype(float) - (self.production == self.truth)
        return float(right.mean())

    def material(self) -> Material:
        """As the queries would bring it."""
        rng = np.random.default_rng(self.seed + 7)
        reviewed = rng.random(self.truth.size) < np.nan_to_num(self.chance, nan=0.3)
        scores = [
            np.where(one, 0.62, 0.095) + 0.02 * rng.random(one.size)
            for one in (self.production, self.candidate)
        ]
        start = START.toordinal() - EPOCH_DAY
        production = self.production.astype(np.int64)
        candidate = np.where(self.absent, ABSENT, self.candidate.astype(np.int64))
        pair = production * 4 + candidate
        mine = np.where(self.absent, TENTHS - 1, np.floor(scores[1] * 10))
        cell = (pair * TENTHS + np.floor(scores[0] * 10)) * TENTHS + mine
        scored = ~self.absent
        gained = scores[1] - scores[0]
        place = np.floor((gained + 1) * DIFFERENCE_BINS / 2)
        final = self.production.astype(np.int64)
        load = (((0 * 2 + 0) * 3 + 0) * 3 + final) * 3 + np.minimum(candidate, 1)
        day = self.day + start
        whole = {
            Kind.CELL: _tallied(day, cell),
            Kind.PAIR: _tallied(day, pair),
            Kind.DIFFERENCE: _tallied(
                day[scored], place[scored], np.rint(gained[scored] * SCORE_UNIT)
            ),
            Kind.LOAD: _tallied(day[scored], load[scored] * 2 + 1, np.full(scored.sum(), 3e8)),
        }
        end = START + timedelta(days=self.days)
        as_of = datetime(end.year, end.month, end.day, tzinfo=UTC)
        return Material(
            pair=Pair("candidate-1", "model-1", datetime(2026, 9, 1, tzinfo=UTC)),
            as_of=as_of,
            start=START,
            end=end,
            last_at=as_of - timedelta(minutes=1),
            whole=whole,
            segments={
                "work_type": {"Tree": _tallied(day, pair)},
                "region": {
                    name: _tallied(day[self.region == name], pair[self.region == name])
                    for name in np.unique(self.region).tolist()
                },
            },
            labels=self._labels(reviewed, day, candidate, scores),
        )

    def _labels(
        self,
        reviewed: NDArray[np.bool_],
        day: NDArray[np.int64],
        candidate: NDArray[np.int64],
        scores: list[NDArray[np.float64]],
    ) -> Labels:
        n = int(reviewed.sum())
        truth = self.truth[reviewed].astype(np.int64)
        critical = self.truth & (self.production | self.candidate)
        regions, region = np.unique(self.region[reviewed], return_inverse=True)
        return Labels(
            names={"work_type": ("Tree",), "region": tuple(regions.tolist())},
            ticket=np.arange(n),
            day=day[reviewed],
            work_type=np.zeros(n, dtype=np.int64),
            region=region,
            production_decision=self.production[reviewed].astype(np.int64),
            candidate_decision=candidate[reviewed],
            correct=truth,
            severity=np.where(critical[reviewed], 1, 3),
            reason=np.full(n, 1 if np.ptp(self.chance) == 0 else 3),
            production=scores[0][reviewed],
            candidate=np.where(self.absent, np.nan, scores[1])[reviewed],
            propensity=self.chance[reviewed],
            reviewed=(day[reviewed] + 0.5) * 86_400.0,
        )


def _swapped(
    rng: np.random.Generator,
    truth: NDArray[np.bool_],
    production: NDArray[np.bool_],
    wins: NDArray[np.float64] | float,
    losses: NDArray[np.float64] | float,
) -> NDArray[np.bool_]:
    """Turns round so many of production's wrong and of its right decisions."""
    right = production == truth
    share = np.where(right, losses / right.mean(), wins / (~right).mean())
    return np.asarray(production ^ (rng.random(truth.size) < share))


def _tallied(
    day: NDArray[np.int64], key: NDArray[np.float64], total: NDArray[np.float64] | None = None
) -> Tallies:
    values = np.zeros(day.size) if total is None else total
    spots = np.column_stack((day, key)).astype(np.int64)
    found, place, counts = np.unique(spots, axis=0, return_inverse=True, return_counts=True)
    sums = np.bincount(place.ravel(), values, len(found))
    return Tallies(found[:, 0], found[:, 1], counts.astype(np.int64), sums.astype(np.int64))
