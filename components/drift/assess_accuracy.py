"""Accuracy over time: expected from scores alone (CBPE) beside realised on reviewed tickets."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from components.drift.assess_bins import bin_values
from components.drift.labels import Labels, between
from components.drift.material import Material
from components.drift.types import AccuracyPoint
from components.statistics.cbpe import expected_accuracy
from components.statistics.isotonic import Calibration
from queries.drift_facts import PRIORITY
from queries.drift_rows import FIRST, OUTSIDE, Histograms, Layout

PERIOD = timedelta(days=14)
JOINT, SCORE = "joint:ml", "score:ml"


def accuracy_points(
    material: Material,
    found: Labels,
    place: tuple[str, str],
    fitted: Calibration,
    delay: int | None,
) -> tuple[AccuracyPoint, ...]:
    """Fortnights from the reference to the end of the current window."""
    histograms, segment = _source(material, place)
    end = material.windows.current[1]
    ripe = material.as_of.date() - timedelta(days=delay or 0)
    points = []
    while end > material.windows.reference[0]:
        start = max(end - PERIOD, material.windows.reference[0])
        points.append(_point(histograms, segment, found, fitted, start, end, mature=end <= ripe))
        end = start
    return tuple(reversed(points))


def _source(material: Material, place: tuple[str, str]) -> tuple[Histograms, int]:
    for dimension, found in material.segments:
        if dimension == place[0]:
            return found, found.segments.index(place[1])
    return material.history, 0


def _point(
    histograms: Histograms,
    segment: int,
    found: Labels,
    fitted: Calibration,
    start: date,
    end: date,
    *,
    mature: bool,
) -> AccuracyPoint:
    part = found.take(between(found, start, end))
    right = (part.decided == (part.needed == 1)).astype(np.float64)
    realised = part.mean(right, (0.0, 1.0))
    expected = None
    if JOINT in histograms.layout:
        counts = histograms.window(start, end).of(JOINT)[:, segment].sum(0)[FIRST:]
        scores, decisions = _joint(histograms.layout)
        known = ~np.isnan(scores)
        expected = expected_accuracy(fitted, scores[known], decisions[known], counts[known])
    return AccuracyPoint(
        start=start,
        end=end,
        expected=expected.value if expected else None,
        expected_low=expected.low if expected else None,
        expected_high=expected.high if expected else None,
        realised=realised,
        reviews=len(part.day),
        mature=mature,
    )


def _joint(layout: Layout) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Score and decision (1 for priority) of each category of the joint histogram."""
    values = bin_values(layout[SCORE])[OUTSIDE:]
    decided = [name.rpartition("|")[2] == PRIORITY for name in layout[JOINT].categories]
    each = len(decided) // len(values) if len(values) else 1
    scores = np.repeat(values, max(1, each))[: len(decided)]
    return scores, np.array(decided, dtype=np.int64)
