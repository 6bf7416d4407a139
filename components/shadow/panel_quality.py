"""What labels say of both models: naive beside corrected, and what a score stands for."""

from __future__ import annotations

import streamlit as st

from components.layout import states, table
from components.layout.chart import chart
from components.shadow import figures_quality
from components.shadow.types import Quality

MARGIN = -0.01


def quality(found: Quality, margin: float) -> None:
    """Banner, the estimates, the table of measures, and the calibration curves."""
    if found.accuracy is None:
        states.empty(
            "No prediction that both models scored has been reviewed yet, so nothing can be said "
            "of quality.",
            "Work on the queue to label below; reviews come in through ml_feedback.",
        )
        return
    banner(found)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        drawn = figures_quality.estimates(found, margin)
        chart(
            drawn.figure,
            title="Right decisions: candidate minus production",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_estimates",
            note=rests_on(found),
        )
    with right:
        drawn = figures_quality.calibration(found)
        chart(
            drawn.figure,
            title="What a score stands for",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_calibration",
            note="Share that reviewers hold to be priority, weighted; bars: 95% (Wilson).",
        )
    table.small(
        figures_quality.quality_table(found),
        key="shadow_quality",
        title="Both models, measure by measure",
    )
    st.caption(
        "Paired on the same reviewed tickets. “Corrected” weighs each review by how likely that "
        "ticket was to be reviewed. Calibration error (ECE) is left out: at this n it is noise."
    )


def banner(found: Quality) -> None:
    """Said loudly where the plain average misleads."""
    if found.banner:
        st.warning(
            found.banner,
            title="As reviewed and corrected for review disagree",
            icon=":material/balance:",
        )


def rests_on(found: Quality) -> str:
    """Reviews, effective sample size, and what had to be left out or cut."""
    accuracy = found.accuracy
    if accuracy is None:
        return "No reviews."
    parts = [
        f"{accuracy.reviewed:,} reviews, worth {accuracy.effective_n:,.0f} of a random sample",
        f"{found.disagreements:,} labelled disagreements",
    ]
    if accuracy.unknown:
        parts.append(f"{accuracy.unknown:,} without a known propensity")
    if accuracy.capped:
        parts.append(f"{accuracy.capped:,} weights capped at 100")
    if not accuracy.usable:
        parts.append("too few for a gate: corrected values are drawn, not judged")
    return f"{'; '.join(parts)}. Bars: 95%, one look."
