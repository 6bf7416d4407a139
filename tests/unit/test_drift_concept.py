"""What is said of concept drift over all segments: where it lies, and where it only shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from components.drift.assess import Material, default_windows, report
from components.drift.assess_evidence import CONCEPT_METRIC, evidence
from components.drift.types import Concept, ConceptVerdict, DriftReport
from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from queries.drift_facts import LabelRow
from queries.drift_rows import Histograms, Layout, Variable, VariableKind

POLICY = load_policy().drift
LAST = date(2026, 11, 1)
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 240
TYPES, REGIONS = ("Bulky items", "Pothole", "Sewer"), ("North", "South")


def _reviews(*, shift: float = 0.0, new_model: int = DAYS) -> list[LabelRow]:
    """Twenty reviews a day; in the last six weeks potholes need priority more often.

    The model is replaced on the day ``new_model``, by one whose scores lie 0.2 lower.
    """
    rng = np.random.default_rng(3)
    rows = []
    for day in range(DAYS):
        at = AS_OF - timedelta(days=DAYS - day)
        for score in rng.beta(2, 3, 20):
            kind, where = TYPES[rng.integers(3)], REGIONS[rng.integers(2)]
            moved = kind == "Pothole" and DAYS - day <= 42
            newer = day >= new_model
            rows.append(
                LabelRow(
                    scored_at=at,
                    delay=timedelta(hours=20),
                    work_type=kind,
                    region=where,
                    ml_version="m-2" if newer else "m-1",
                    score=max(0.0, score - 0.2) if newer else score,
                    decided=bool(score >= 0.5),
                    needed=bool(rng.random() < score + shift * moved),
                    propensity=0.1,
                )
            )
    return rows


def _report(rows: list[LabelRow], shadow: Sequence[LabelRow] = ()) -> DriftReport:
    days = tuple(LAST - timedelta(days=DAYS - i) for i in range(DAYS))
    variable = Variable("feature:age", VariableKind.NUMBER, (0.0, 1.0), (), 0, 0.5, 0.1, "number")
    layout = Layout("edges", AS_OF, AS_OF, AS_OF, 1, (variable,))

    def histograms(segments: tuple[str, ...]) -> Histograms:
        counts = np.ones((DAYS, len(segments), layout.width), dtype=np.int64)
        return Histograms(layout, days, segments, counts.sum(-1), counts)

    material = Material(
        AS_OF,
        default_windows(days, AS_OF, POLICY),
        histograms(("all",)),
        (("work_type", histograms(TYPES)), ("region", histograms(REGIONS))),
        reviews=tuple(rows),
        shadow_reviews=tuple(shadow),
    )
    return report(material, POLICY)


def _concept(rows: list[LabelRow], shadow: Sequence[LabelRow] = ()) -> Concept:
    found = _report(rows, shadow).concept
    assert found is not None
    return found


def _in_the_shadow() -> list[LabelRow]:
    """What the new model said, before it served, of the tickets that were reviewed."""
    served = _reviews()
    return [replace(row, ml_version="m-2", score=max(0.0, row.score - 0.2)) for row in served]


def _gate(found: DriftReport) -> Evidence | None:
    return next((one for one in evidence(found) if one.metric == CONCEPT_METRIC), None)


def test_scores_that_mean_what_they_meant_are_quiet() -> None:
    found = _concept(_reviews())

    assert not found.in_alarm
    assert (
        found.sentence == "Outcomes follow the scores in each of the 6 groups with enough reviews."
    )


def test_where_it_lies_is_told_from_where_it_shows() -> None:
    found = _concept(_reviews(shift=0.4))

    origin, *others = found.in_alarm
    assert (origin.segment, origin.carried_by) == ("Pothole", None)
    assert others
    assert {one.carried_by for one in others} == {"Pothole"}
    assert found.sentence.startswith("The same score no longer means the same in Pothole, which")


def test_a_model_of_last_week_is_not_judged_by_what_scores_meant_before() -> None:
    found = _concept(_reviews(new_model=DAYS - 42))

    assert {one.verdict for one in found.segments} == {ConceptVerdict.TOO_LITTLE}
    assert "others have too few before them" in found.segments[0].sentence


def test_what_it_said_in_the_shadow_tells_what_a_new_model_means() -> None:
    new = DAYS - 42
    quiet = _concept(_reviews(new_model=new), _in_the_shadow())
    moved = _concept(_reviews(new_model=new, shift=0.4), _in_the_shadow())

    assert {one.verdict for one in quiet.segments} == {ConceptVerdict.HOLDS}
    assert moved.in_alarm[0].segment == "Pothole"


def test_what_is_left_of_the_former_model_passes_no_gate() -> None:
    half = _report(_reviews(new_model=DAYS - 12))
    little = _report(_reviews(new_model=DAYS - 30))

    judged, unknown = _gate(half), _gate(little)
    assert judged is not None
    assert judged.value == 0
    assert unknown is not None
    assert unknown.value is None
    assert "are of models whose scores were too little reviewed before" in unknown.sentence
