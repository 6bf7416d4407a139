"""What an assessment of drift says to the gates (B4)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from components.drift import words_concept
from components.drift.types import ALL_SEGMENTS, ConceptVerdict, DriftReport
from components.gates.evidence import Evidence

INPUT_METRIC = "drift.features_in_alarm"
SCORE_METRIC = "drift.score_psi"
CONCEPT_METRIC = "drift.concept_segments_in_alarm"
METHOD = "drift_evidence 2"
"""Changes with whatever changes the evidence of the same days."""
LEAST_COMPARED = 0.5
"""Share of the newest reviews that must be comparable for concept drift to be judged."""
METRICS = (INPUT_METRIC, SCORE_METRIC, CONCEPT_METRIC)


def evidence(report: DriftReport) -> tuple[Evidence, ...]:
    """One evidence for each metric that could be measured."""
    return (*_inputs(report), *_score(report), *_concept(report))


def _measured(report: DriftReport) -> datetime:
    """The end of the last whole day of the current window."""
    end = datetime.combine(report.current.end, time(), UTC)
    return min(end, report.as_of) - timedelta(microseconds=1)


def _inputs(report: DriftReport) -> tuple[Evidence, ...]:
    """Counted in features; ``n`` is the days of the current window. Nothing tested, no evidence."""
    if not report.family.tests:
        return ()
    return (
        Evidence(
            metric=INPUT_METRIC,
            value=len(report.in_alarm),
            n=report.current.days,
            method=report.family.method,
            measured_at=_measured(report),
            sentence=report.headline.sentence,
        ),
    )


def _score(report: DriftReport) -> tuple[Evidence, ...]:
    final = next((one.score for one in report.layers if one.layer == "final"), None)
    if final is None or final.distances is None:
        return ()
    return (
        Evidence(
            metric=SCORE_METRIC,
            value=final.distances.psi,
            n=min(final.n_reference, final.n_current),
            method="psi 1",
            measured_at=_measured(report),
            sentence=final.sentence,
        ),
    )


def _concept(report: DriftReport) -> tuple[Evidence, ...]:
    """Segments in which concept drift is suspected; ``n`` is the weighted reviews there are.

    No number where most reviews of the window are of models too new to be compared: what is
    left of the model before says nothing of the one in service.
    """
    found = report.concept
    if found is None or not any(s.verdict is not ConceptVerdict.TOO_LITTLE for s in found.segments):
        return ()
    whole = next(s for s in found.segments if s.dimension == ALL_SEGMENTS)
    compared = whole.reviews - whole.too_new
    known = compared >= LEAST_COMPARED * whole.reviews
    return (
        Evidence(
            metric=CONCEPT_METRIC,
            value=len(found.in_alarm) if known or found.in_alarm else None,
            n=found.reviews - found.unknown_propensity,
            method="score_residual 2; Benjamini–Hochberg",
            measured_at=found.newest_review,
            sentence=found.sentence if known else words_concept.too_new(whole),
        ),
    )
