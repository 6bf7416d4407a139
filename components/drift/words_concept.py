"""What is found about concept drift, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from components.drift.types import ALL_SEGMENTS, ConceptSegment, ConceptVerdict
from components.drift.words import listed, p_text, since_text

NONE = "Concept drift cannot be judged: no review of the reference has a known propensity."


def told(found: ConceptSegment) -> ConceptSegment:
    """The segment with its sentence."""
    return replace(found, sentence=segment(found))


def segment(found: ConceptSegment) -> str:
    """One segment in one sentence."""
    name = "All predictions" if found.dimension == ALL_SEGMENTS else found.segment
    if found.gap is None or found.p_adjusted is None:
        new = f"; {found.too_new:,} others have too few before them" if found.too_new else ""
        return f"{name}: too few reviews ({found.effective_n:.0f} effective) to be judged{new}."
    amount = f"{100 * abs(found.gap):.1f} points"
    if found.verdict is ConceptVerdict.HOLDS:
        return f"{name}: outcomes follow the scores (gap {amount}, {p_text(found.p_adjusted)})."
    way = "more often" if found.gap > 0 else "less often"
    when = f" {since_text(found.since)}" if found.since is not None else ""
    carried = found.carried_by
    without = f" Without {carried} nothing certain is left of it." if carried else ""
    return (
        f"{name}: at equal scores of a model, priority is needed {way} than before by {amount}"
        f"{when} ({p_text(found.p_adjusted)} in its family).{without}"
    )


def too_new(whole: ConceptSegment) -> str:
    """Why the window as a whole says little."""
    return (
        f"Of the {whole.reviews:,} newest reviews, {whole.too_new:,} are of models whose scores "
        "were too little reviewed before to be compared."
    )


def concept(segments: Sequence[ConceptSegment]) -> str:
    """The answer for all segments."""
    suspected = [s for s in segments if s.verdict is ConceptVerdict.SUSPECTED]
    judged = [s for s in segments if s.verdict is not ConceptVerdict.TOO_LITTLE]
    if not judged:
        return "Concept drift cannot be judged: every segment has too few reviews."
    if not suspected:
        return (
            f"Outcomes follow the scores in each of the {len(judged)} groups with enough reviews."
        )
    own, carried = (
        [_name(s) for s in suspected if (s.carried_by is not None) is asked]
        for asked in (False, True)
    )
    also = f", which also shows in {listed(carried)}" if carried else ""
    return f"The same score no longer means the same in {listed(own)}{also}."


def _name(found: ConceptSegment) -> str:
    return "all predictions together" if found.dimension == ALL_SEGMENTS else found.segment
