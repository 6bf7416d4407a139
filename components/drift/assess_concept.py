"""Concept drift: does the same score still mean the same, on reviewed tickets (METHODS §2, §3)?

In each segment the weighted mean of *outcome less the chance that the same model's score had
before* is compared between the windows. Beside it stands the accuracy that scores alone lead to
expect (CBPE) and the one that reviews realise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from components.drift import words_concept as words
from components.drift.assess_accuracy import accuracy_points
from components.drift.concept_gap import comparable, effective, gap, with_meanings
from components.drift.labels import Labels, between, columns, usual_cap
from components.drift.material import Material
from components.drift.types import (
    ALL_SEGMENTS,
    Calibration,
    Concept,
    ConceptSegment,
    ConceptVerdict,
    Since,
)
from components.gates.policy_drift import DriftPolicy
from components.statistics import isotonic
from components.statistics.change_point import NoChangePoint, change_point
from components.statistics.multiplicity import benjamini_hochberg
from queries.drift_facts import LabelRow

LONGEST_REFERENCE = timedelta(days=400)
CURVE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def concept(material: Material, policy: DriftPolicy) -> Concept | None:
    """All segments; None where there is no table of reviews."""
    rows = material.reviews
    if rows is None:
        return None
    weighted = [row for row in rows if row.propensity is not None]
    delay = _delay(rows, material.as_of, float(policy.mature_share))
    reviews = _Reviews.of(weighted, material, policy)
    before = reviews.served_before
    fitted = isotonic.calibrate(before.score, before.needed, before.weight)
    if fitted is None:
        return Concept((), delay, len(rows), len(rows) - len(weighted), _newest(rows), words.NONE)
    judged = _judged(_segments(material, reviews, fitted, delay, policy), policy)
    found = _traced(judged, reviews, policy)
    return Concept(
        segments=found,
        label_delay_days=delay,
        reviews=len(rows),
        unknown_propensity=len(rows) - len(weighted),
        newest_review=_newest(rows),
        sentence=words.concept(found),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Reviews:
    """Reviews of what served, and those that tell what scores meant before ``start``.

    ``reference`` holds what served until then, and what models said of reviewed tickets in the
    shadow, which is how the scores of a model are known that began to serve since.
    """

    served: Labels
    reference: Labels
    start: date

    @classmethod
    def of(cls, rows: Sequence[LabelRow], material: Material, policy: DriftPolicy) -> _Reviews:
        """With the chance of priority that each score had before the days for concept drift."""
        end = material.windows.current[1]
        start = end - timedelta(days=policy.concept_days)
        served = columns(rows)
        served = served.take(between(served, start - LONGEST_REFERENCE, end))
        shadow = columns([row for row in material.shadow_reviews if row.propensity is not None])
        before = served.take(between(served, date.min, start))
        cap = usual_cap(before)
        known = replace(before.and_(shadow.take(between(shadow, date.min, start))), cap=cap)
        return cls(
            with_meanings(replace(served, cap=cap), known), with_meanings(known, known), start
        )

    @property
    def served_before(self) -> Labels:
        """What served before the days for concept drift."""
        return self.served.take(between(self.served, date.min, self.start))

    @property
    def current(self) -> Labels:
        """What served in those days."""
        return self.served.take(between(self.served, self.start, date.max))

    def inside(self, dimension: str, segment: str) -> _Reviews:
        """The reviews of a segment."""
        if dimension == ALL_SEGMENTS:
            return self
        return self.where(lambda found: found.segment[dimension] == segment)

    def outside(self, dimension: str, segment: str) -> _Reviews:
        """All but the reviews of a segment."""
        return self.where(lambda found: found.segment[dimension] != segment)

    def where(self, kept: Callable[[Labels], NDArray[np.bool_]]) -> _Reviews:
        """Some of them."""
        return _Reviews(
            self.served.take(kept(self.served)),
            self.reference.take(kept(self.reference)),
            self.start,
        )

    def comparable(self, least: float) -> tuple[Labels, Labels]:
        """Both sides of a comparison, as :func:`~components.drift.concept_gap.comparable`."""
        return comparable(self.reference, self.current, least)


def _newest(rows: Sequence[LabelRow]) -> datetime | None:
    return max((row.scored_at + row.delay for row in rows), default=None)


def _delay(rows: Sequence[LabelRow], as_of: datetime, share: float) -> int | None:
    """Days within which this share of the reviews of old enough tickets came."""
    old = [row for row in rows if row.scored_at < as_of - timedelta(days=30)] or list(rows)
    if not old:
        return None
    days = [row.delay.total_seconds() / 86_400 for row in old]
    return max(1, ceil(float(np.quantile(days, share))))


def _segments(
    material: Material,
    reviews: _Reviews,
    fitted: isotonic.Calibration,
    delay: int | None,
    policy: DriftPolicy,
) -> list[tuple[ConceptSegment, float | None]]:
    """Each segment with its p-value, None where there are too few reviews."""
    places = [
        (dimension, segment)
        for dimension, histograms in material.segments
        for segment in histograms.segments
    ]
    return [
        _segment(material, reviews.inside(*place), place, fitted, delay, policy)
        for place in ((ALL_SEGMENTS, ALL_SEGMENTS), *places)
    ]


def _segment(
    material: Material,
    reviews: _Reviews,
    place: tuple[str, str],
    fitted: isotonic.Calibration,
    delay: int | None,
    policy: DriftPolicy,
) -> tuple[ConceptSegment, float | None]:
    current = reviews.current
    before, after = reviews.comparable(policy.concept_effective_reviews)
    judged = effective(after) >= policy.concept_effective_reviews
    moved = gap(before, after) if judged else None
    made = ConceptSegment(
        dimension=place[0],
        segment=place[1],
        verdict=ConceptVerdict.TOO_LITTLE,
        gap=moved.value if moved else None,
        gap_low=moved.low if moved else None,
        gap_high=moved.high if moved else None,
        p_adjusted=None,
        effective_n=effective(after),
        reviews=len(current.day),
        too_new=len(current.day) - len(after.day),
        curve=_curve(before, after) if judged else _curve(reviews.served_before, current),
        points=accuracy_points(material, reviews.served, place, fitted, delay),
        since=_since(reviews.served.take(~np.isnan(reviews.served.chance))),
        sentence="",
    )
    return made, moved.p if moved else None


def _curve(before: Labels, after: Labels) -> tuple[Calibration, ...]:
    """Share of tickets that needed priority by score, in both windows."""
    found = []
    for low, high in pairwise(CURVE):
        sides = []
        for side in (before, after):
            rows = (side.score >= low) & ((side.score < high) | (high == CURVE[-1]))
            part = side.take(np.asarray(rows))
            sides.append(part.mean(part.needed, (0.0, 1.0)))
        found.append(Calibration(low, high, *sides))
    return tuple(found)


def _since(part: Labels) -> Since | None:
    """The day on which outcomes left the scores, from daily weighted residuals."""
    if not len(part.day):
        return None
    days, place = np.unique(part.day, return_inverse=True)
    weight = part.weight
    values = np.bincount(place, weight * (part.needed - part.chance)) / np.bincount(place, weight)
    when = change_point([date.fromordinal(int(d)) for d in days], values.tolist(), confidence=0.90)
    if isinstance(when, NoChangePoint):
        return None
    return Since(when.since, when.earliest, when.latest, when.p)


def _judged(
    made: list[tuple[ConceptSegment, float | None]], policy: DriftPolicy
) -> tuple[ConceptSegment, ...]:
    """Benjamini–Hochberg over the segments, and the practical band."""
    p = [value for _, value in made if value is not None]
    family = benjamini_hochberg(p, float(policy.false_discovery_rate))
    adjusted = iter(family.adjusted.tolist())
    found = []
    for segment, value in made:
        if value is None or segment.gap is None:
            found.append(words.told(replace(segment, since=None)))
            continue
        own = next(adjusted)
        suspected = own <= family.level and abs(segment.gap) >= float(policy.concept_gap)
        verdict = ConceptVerdict.SUSPECTED if suspected else ConceptVerdict.HOLDS
        one = replace(
            segment,
            verdict=verdict,
            p_adjusted=own,
            since=segment.since if suspected else None,
        )
        found.append(words.told(one))
    return tuple(sorted(found, key=_surest_first))


def _traced(
    found: tuple[ConceptSegment, ...], reviews: _Reviews, policy: DriftPolicy
) -> tuple[ConceptSegment, ...]:
    """Say of each suspected segment whether it still is without the surest one's reviews."""
    suspected = [s for s in found if s.verdict is ConceptVerdict.SUSPECTED]
    origin = next((s for s in suspected if s.dimension != ALL_SEGMENTS), None)
    if origin is None:
        return found
    rest = reviews.outside(origin.dimension, origin.segment)
    carried = [
        one.verdict is ConceptVerdict.SUSPECTED
        and one.dimension != origin.dimension
        and _holds(rest.inside(one.dimension, one.segment), policy)
        for one in found
    ]
    return tuple(
        words.told(replace(one, carried_by=origin.segment)) if without else one
        for one, without in zip(found, carried, strict=True)
    )


def _holds(reviews: _Reviews, policy: DriftPolicy) -> bool:
    """Whether enough reviews show no gap beyond the band, or none that is sure."""
    before, after = reviews.comparable(policy.concept_effective_reviews)
    if effective(after) < policy.concept_effective_reviews:
        return False
    left = gap(before, after)
    if left is None:
        return False
    small = abs(left.value) < float(policy.concept_gap)
    return small or left.p > float(policy.false_discovery_rate)


def _surest_first(segment: ConceptSegment) -> tuple[bool, float]:
    if segment.verdict is not ConceptVerdict.SUSPECTED or segment.p_adjusted is None:
        return True, 0.0
    return False, segment.p_adjusted
