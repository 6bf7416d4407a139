"""Concept drift: does the same score still mean the same?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.drift import figures_concept
from components.drift import panel_words as words
from components.drift.types import Concept, ConceptSegment, ConceptVerdict
from components.gates.status import Status
from components.layout import numbers, states, table
from components.layout.chart import chart
from components.pipeline.figures import Drawn

SEGMENT = "concept_segment"
_WORDS = {
    ConceptVerdict.HOLDS: "✓ Holds",
    ConceptVerdict.SUSPECTED: "▲ Suspected",
    ConceptVerdict.TOO_LITTLE: "○ Too few reviews",
}
_ORDER = (ConceptVerdict.SUSPECTED, ConceptVerdict.HOLDS, ConceptVerdict.TOO_LITTLE)
MARK = Status.WARN


def concept(found: Concept | None) -> None:
    """The sentence, one segment in full, and all segments as a table."""
    st.header("Does the same score still mean the same?", anchor=False)
    if found is None or not found.segments:
        states.empty(
            "No reviews of these predictions are known, so the meaning of a score is not judged.",
            "Reviews come from ml_feedback; choose a longer window, or an earlier one.",
        )
        return
    st.markdown(found.sentence)
    _rests_on(found)
    order = ranked(found.segments)
    names = {segment_name(one): one for one in order}
    chosen = st.selectbox(
        "Segment", list(names), key=SEGMENT, bind="query-params", width=320,
    )  # fmt: skip
    one = names.get(chosen or "", order[0])
    st.markdown(one.sentence)
    left, right = st.columns(2, gap="medium")
    with left:
        _draw(
            figures_concept.accuracy(one),
            "Right decisions: expected and realised",
            "Band: 95% of what the scores let expect (CBPE). Hatched: labels are still due.",
            "concept_accuracy",
        )
    with right:
        _draw(
            figures_concept.calibration(one),
            "What a score stands for",
            "Share that reviewers hold to be priority, weighted for who is reviewed; "
            f"where {figures_concept.FEWEST_DRAWN} reviews or more are known.",
            "concept_curve",
        )
    table.small(frame(order), key="concept_table", title="Concept drift by segment")


def _draw(drawn: Drawn, title: str, note: str, key: str) -> None:
    chart(drawn.figure, title=title, alt=drawn.alt, table=drawn.table, key=key, note=note)


def _rests_on(found: Concept) -> None:
    parts = [f"{found.reviews:,} reviews"]
    if found.unknown_propensity:
        parts.append(f"{found.unknown_propensity:,} without a known propensity are left out")
    if found.label_delay_days is not None:
        parts.append(f"90% of reviews come within {found.label_delay_days} days")
    if found.newest_review is not None:
        parts.append(f"newest review {numbers.moment(found.newest_review)}")
    st.caption(" · ".join(parts))


def ranked(segments: Sequence[ConceptSegment]) -> list[ConceptSegment]:
    """Suspected first, then by the size of the gap; too few reviews last."""
    return sorted(segments, key=lambda one: (_ORDER.index(one.verdict), -abs(one.gap or 0.0)))


def segment_name(one: ConceptSegment) -> str:
    """A segment with its kind: ``Work type: Sewer``."""
    if one.dimension == one.segment:
        return "All"
    return f"{words.DIMENSIONS.get(one.dimension, 'All')}: {one.segment}"


def frame(segments: Sequence[ConceptSegment]) -> pd.DataFrame:
    """Each segment with its gap, its chance and its reviews."""
    return pd.DataFrame(
        {
            "Segment": [segment_name(one) for one in segments],
            "Verdict": [_WORDS[one.verdict] for one in segments],
            "Realised less expected": [_gap(one) for one in segments],
            "By chance, adjusted": [words.chance(one.p_adjusted) for one in segments],
            "Since": [words.since(one.since) for one in segments],
            "Reviews": [numbers.count(one.reviews) for one in segments],
            "Effective n": [numbers.decimal(one.effective_n, 0) for one in segments],
        }
    )


def _gap(one: ConceptSegment) -> str:
    if one.gap is None:
        return numbers.MISSING
    text = f"{words.points(100 * one.gap, 1)} pp"
    if one.gap_low is None or one.gap_high is None:
        return text
    low, high = words.points(100 * one.gap_low, 1), words.points(100 * one.gap_high, 1)
    return f"{text} ({low} to {high})"
