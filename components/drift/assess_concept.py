"""Concept drift: does the same score still mean the same, on reviewed tickets (METHODS §2, §3)?

In each segment the weighted mean of *outcome less the chance that the same model's score had
before* is compared between the windows. Beside it stands the accuracy that scores alone lead to
expect (CBPE) and the one that reviews realise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
    everything = columns(weighted)
    spans = _spans(material, policy)
    before = everything.take(between(everything, *spans[0]))
    cap = usual_cap(before)
    before = replace(before, cap=cap)
    fitted = isotonic.calibrate(before.score, before.needed, before.weight)
    if fitted is None:
        return Concept((), delay, len(rows), len(rows) - len(weighted), _newest(rows), words.NONE)
    everything = with_meanings(replace(everything, cap=cap), before)
    judged = _judged(_segments(material, everything, spans, fitted, delay, policy), policy)
    found = _traced(judged, everything, spans, policy)
    return Concept(
        segments=found,
        label_delay_days=delay,
        reviews=len(rows),
        unknown_propensity=len(rows) - len(weighted),
        newest_review=_newest(rows),
        sentence=words.concept(found),
    )


def _newest(rows: Sequence[LabelRow]) -> datetime | None:
    return max((row.scored_at + row.delay for row in rows), default=None)


def _delay(rows: Sequence[LabelRow], as_of: datetime, share: float) -> int | None:
    """Days within which this share of the reviews of old enough tickets came."""
    old = [row for row in rows if row.scored_at < as_of - timedelta(days=30)] or list(rows)
    if not old:
        return None
    days = [row.delay.total_seconds() / 86_400 for row in old]
    return max(1, ceil(float(np.quantile(days, share))))


def _spans(material: Material, policy: DriftPolicy) -> tuple[tuple[date, date], tuple[date, date]]:
    """All reviews there are before the days for concept drift, and those days."""
    end = material.windows.current[1]
    start = end - timedelta(days=policy.concept_days)
    return (start - LONGEST_REFERENCE, start), (start, end)


def _segments(
    material: Material,
    found: Labels,
    spans: tuple[tuple[date, date], tuple[date, date]],
    fitted: isotonic.Calibration,
    delay: int | None,
    policy: DriftPolicy,
) -> list[tuple[ConceptSegment, float | None]]:
    """Each segment with its p-value, None where there are too few reviews."""
    made = [_segment(material, found, (ALL_SEGMENTS, ALL_SEGMENTS), spans, fitted, delay, policy)]
    for dimension, histograms in material.segments:
        for segment in histograms.segments:
            place = (dimension, segment)
            part = found.take(_inside(found, *place))
            made.append(_segment(material, part, place, spans, fitted, delay, policy))
    return made


def _inside(found: Labels, dimension: str, segment: str) -> NDArray[np.bool_]:
    """Which reviews are of a segment."""
    if dimension == ALL_SEGMENTS:
        return np.ones(len(found.day), dtype=np.bool_)
    return np.asarray(found.segment[dimension] == segment, dtype=np.bool_)


def _segment(
    material: Material,
    found: Labels,
    place: tuple[str, str],
    spans: tuple[tuple[date, date], tuple[date, date]],
    fitted: isotonic.Calibration,
    delay: int | None,
    policy: DriftPolicy,
) -> tuple[ConceptSegment, float | None]:
    first, last = (found.take(between(found, *span)) for span in spans)
    before, after = comparable(first, last, policy.concept_effective_reviews)
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
        reviews=len(last.day),
        too_new=len(last.day) - len(after.day),
        curve=_curve(before, after) if judged else _curve(first, last),
        points=accuracy_points(material, found, place, fitted, delay),
        since=_since(found.take(~np.isnan(found.chance)), spans),
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


def _since(found: Labels, spans: tuple[tuple[date, date], tuple[date, date]]) -> Since | None:
    """The day on which outcomes left the scores, from daily weighted residuals."""
    rows = between(found, spans[0][0], spans[1][1])
    part = found.take(rows)
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
    found: tuple[ConceptSegment, ...],
    reviews: Labels,
    spans: tuple[tuple[date, date], tuple[date, date]],
    policy: DriftPolicy,
) -> tuple[ConceptSegment, ...]:
    """Say of each suspected segment whether it still is without the surest one's reviews."""
    suspected = [s for s in found if s.verdict is ConceptVerdict.SUSPECTED]
    origin = next((s for s in suspected if s.dimension != ALL_SEGMENTS), None)
    if origin is None:
        return found
    rest = reviews.take(~_inside(reviews, origin.dimension, origin.segment))
    carried = [
        one.verdict is ConceptVerdict.SUSPECTED
        and one.dimension != origin.dimension
        and _holds(rest.take(_inside(rest, one.dimension, one.segment)), spans, policy)
        for one in found
    ]
    return tuple(
        words.told(replace(one, carried_by=origin.segment)) if without else one
        for one, without in zip(found, carried, strict=True)
    )


def _holds(
    found: Labels, spans: tuple[tuple[date, date], tuple[date, date]], policy: DriftPolicy
) -> bool:
    """Whether enough reviews show no gap beyond the band, or none that is sure."""
    first, last = (found.take(between(found, *span)) for span in spans)
    before, after = comparable(first, last, policy.concept_effective_reviews)
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
