"""One prediction: its reasons, its attestation, its way through the layers, and its likes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.explanations import figures, words
from components.explanations.assess_one import FeatureValue, Hint, Neighbour, Waterfall
from components.explanations.assess_path import DecisionPath
from components.explanations.panel import number
from components.explanations.types import Mismatch
from components.gates.status import Status
from components.layout import badge, numbers, states, table
from components.layout.chart import chart
from components.layout.numbers import signed
from components.pipeline import panel_records
from queries.audit_rows import PredictionRow
from queries.explanation_rows import ExplanationRow


def heading(row: PredictionRow | None, prediction_id: str) -> None:
    """Which prediction it is, and the way back to all of them."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.header(f"Prediction {prediction_id}", anchor=False)
        st.button(
            "Close",
            icon=":material/close:",
            on_click=panel_records.close_record,
            key="explanation_close",
        )
    if row is not None:
        st.caption(
            f"Ticket {row.ticket_id} · scored {numbers.moment(row.scored_at)} · {row.environment}"
            f" · work type {row.work_type or 'not given'} · region {row.region or 'not given'}"
        )


def attested(reason: str, detail: str, mismatch: Mismatch | None, digest: str | None) -> None:
    """Whether the stored values are what the verified model gives, recomputed just now."""
    if reason:
        badge.status_badge(Status.NO_DATA)
        st.markdown(f"Not recomputed: {reason}." + (f" {detail}" if detail else ""))
        return
    if mismatch is None:
        badge.status_badge(Status.PASS)
        st.markdown(
            "Recomputed just now from the verified model: every stored value is what it gives "
            f"(SHA-256 {(digest or '')[:12]}…)."
        )
        return
    badge.status_badge(Status.FAIL)
    n = len(mismatch.elements)
    st.markdown(
        "Recomputed just now from the verified model: "
        + (
            f"{n} stored {'value is' if n == 1 else 'values are'} not what it gives. "
            "Do not rely on the reasons below."
            if n
            else "each value is close, but the sum is not the model's output."
        )
    )
    frame = pd.DataFrame(
        [
            (words.label(one.feature), number(one.stored), number(one.recomputed))
            for one in mismatch.elements
        ],
        columns=["Feature", "Stored, log-odds", "Model, log-odds"],
    )
    if n:
        table.small(frame, key="explanation_elements", title="Values that differ")


def reasons(found: Waterfall | None, row: ExplanationRow) -> None:
    """The waterfall of the stored values."""
    if found is None:
        st.markdown(f"The values are stored in {row.output_space} and cannot be told as a risk.")
        return
    drawn = figures.waterfall(found)
    chart(
        drawn.figure,
        title="Why this score",
        alt=drawn.alt,
        table=drawn.table,
        key="explanation_waterfall",
        note="Stored contributions add up in log-odds; turned into risk here, a step's size "
        "depends on the steps before it",
    )
    if found.agrees is False:
        states.notice(
            f"The contributions add up to {found.total:.4f}, the recorded score is "
            f"{found.recorded:.4f}. The platform may calibrate the model's output."
        )
    st.caption(
        f"Model {row.model_version}, method {row.method}, output {row.output_space}, computed "
        f"with {row.library_version}."
    )


def features(found: Sequence[FeatureValue], n: int) -> None:
    """The ticket's features beside what is usual."""
    st.header("Its features beside the usual", anchor=False)
    frame = pd.DataFrame(
        [
            (
                words.label(item.feature),
                item.value,
                item.usual,
                {True: "unusual", False: "", None: ""}[item.unusual],
                numbers.MISSING if item.attribution is None else signed(item.attribution, 3),
            )
            for item in found
        ],
        columns=["Feature", "Value", "Usual", "Note", "Log-odds"],
    )
    table.records(frame, key="explanation_features", title="Features", height="content")
    st.caption(
        f"Usual: from the 5th to the 95th percentile of {n:,} explained tickets of the same "
        "model from the two weeks before it, or how often the same value occurs among them."
    )


def path(found: DecisionPath) -> None:
    """Rules, model, LLM and the final decision, with versions and configuration."""
    st.header("The way to the decision", anchor=False)
    frame = pd.DataFrame(
        [
            (
                stage.layer,
                numbers.decimal(stage.score, 4),
                stage.decision or numbers.MISSING,
                stage.version or numbers.MISSING,
                stage.note,
            )
            for stage in found.stages
        ],
        columns=["Layer", "Score", "Decision", "Version", "What followed"],
    )
    st.table(frame, border="horizontal", hide_index=True, alt="The way to the decision")
    if found.configuration is None:
        st.caption("The configuration in force was not recorded.")
    elif found.decision_threshold is None and found.agreement_threshold is None:
        st.caption(f"Configuration {found.configuration}, whose thresholds are not on record.")
    else:
        st.caption(
            f"Configuration {found.configuration}: the LLM is asked from a difference over "
            f"{numbers.decimal(found.agreement_threshold)}, priority is given at "
            f"{numbers.decimal(found.decision_threshold)}."
        )


def hints(found: Sequence[Hint], why_not: str, threshold: float | None) -> None:
    """What would have turned the model's decision."""
    st.header("What would turn the model's decision", anchor=False)
    if why_not:
        st.markdown(why_not)
        return
    if not found:
        st.markdown("No single feature, changed within its usual range, turns it.")
    for hint in found:
        st.markdown(
            f"- **{words.label(hint.feature)}** {hint.changed} instead of {hint.present}: "
            f"the model's score would be {hint.score:.3f}"
        )
    at = "" if threshold is None else f" at the threshold of {threshold:g}"
    st.caption(
        "Computed with the verified model, not recorded: the smallest change of one feature "
        f"alone, to values that recent tickets had, that turns the model's decision{at}. It says "
        "nothing about what causes what, and the final decision may differ."
    )


def neighbours(found: Sequence[Neighbour], of: str) -> None:
    """The recent predictions most like the one with the id ``of``; choosing one opens it."""
    st.header("Recent tickets like it", anchor=False)
    if not found:
        st.markdown("No other explained ticket of this model is near.")
        return
    rows = [one.row for one in found]
    panel_records.listing(
        rows,
        {
            panel_records.SCORED: [row.scored_at for row in rows],
            "Prediction": [str(row.prediction_id) for row in rows],
            "Score": [numbers.decimal(row.ml_score, 4) for row in rows],
            "Decision": [row.ml_decision for row in rows],
            "Distance": [numbers.decimal(one.distance, 3) for one in found],
            "Differs most in": [", ".join(one.differs) or "nothing" for one in found],
        },
        key=f"explanation_neighbours_{of}",
        filters="",
        page_size=len(rows),
        title="Recent tickets like it",
    )
    st.caption("Distance 0: equal in every feature; 1: different in all of them (Gower).")
