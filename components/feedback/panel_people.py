"""Reviewers and labels, drawn: agreement, one against the others, arrival, the random share."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from components.feedback import figures_labels, words
from components.feedback.figures import said
from components.feedback.types import (
    Arrival,
    RandomReview,
    ReviewerAgreement,
    ReviewerPoint,
    Reviewers,
)
from components.layout import numbers, states, table
from components.layout.chart import chart
from components.layout.numbers import signed

NAMES_HIDDEN = (
    "Reviewers are shown one by one to QA specialists only; what you see is the aggregate."
)


def agreement(found: ReviewerAgreement, days: int) -> None:
    """κ and AC1 with their intervals, and both answers."""
    st.markdown("**Two people, the same ticket**")
    st.caption(
        f"{words.agreement(found)} Tickets scored in the last {days} days whose first two reviews "
        "came from different people."
    )
    if found.plain is None:
        return
    gwet = found.gwet
    ac1 = gwet.interval if gwet else None
    kappa = found.kappa_interval
    rows = [
        ("Tickets reviewed twice", numbers.count(found.plain.n), ""),
        ("Same answer", numbers.share(found.plain.agreed, found.plain.n), ""),
        (
            "Cohen’s κ",
            numbers.decimal(found.plain.kappa),
            numbers.interval(
                kappa.low if kappa else None, kappa.high if kappa else None, as_share=False
            ),
        ),
        (
            "Gwet’s AC1",
            numbers.decimal(gwet.ac1 if gwet else None),
            numbers.interval(ac1.low if ac1 else None, ac1.high if ac1 else None, as_share=False),
        ),
        ("Neither saw the model’s decision", numbers.share(found.both_blinded, found.plain.n), ""),
    ]
    frame = pd.DataFrame(rows, columns=["Measure", "Value", "How sure"])
    table.small(frame, key="feedback_agreement", title="Agreement between reviewers")


def answers(found: ReviewerAgreement) -> None:
    """What the first and the second reviewer said."""
    if found.plain is None:
        return
    columns = [f"Second: {said(each)}" for each in found.answers]
    frame = pd.DataFrame(
        [[numbers.count(n) for n in line] for line in found.matrix], columns=columns
    )
    frame.insert(0, "First reviewer", [said(each) for each in found.answers])
    st.markdown("**Both answers**")
    table.small(frame, key="feedback_answers", title="First and second answer")


def reviewers(found: Reviewers, days: int, *, named: bool) -> None:
    """Each reviewer beside the others, or for everybody else how far they lie apart."""
    if len(found.differences) < 2:
        states.empty("There are too few reviewers to compare.", "Choose a later as-of.")
        return
    if not named:
        spread = [item.difference for item in found.differences]
        st.markdown("**Reviewers against each other**")
        st.html(
            f"<p>{escape(words.reviewers(found, named=False))} On like tickets the reviewers lie "
            f"between {signed(100 * min(spread), 0)} and {signed(100 * max(spread), 0)} points "
            "from the others.</p>"
        )
        states.notice(NAMES_HIDDEN)
        return
    drawn = figures_labels.differences(found)
    chart(
        drawn.figure,
        title="One reviewer against all others",
        alt=drawn.alt,
        table=drawn.table,
        key="feedback_reviewers",
        note=f"Share overturned less what others overturn on like tickets, last {days} days; "
        "lines: 95%; grey: where 95 of 100 such reviewers lie",
    )


def reviewer_weeks(found: Sequence[tuple[str, tuple[ReviewerPoint, ...]]]) -> None:
    """Since when whoever stands out has been different."""
    for place, (name, points) in enumerate(found):
        drawn = figures_labels.reviewer_weeks(name, points)
        chart(
            drawn.figure,
            title=f"{name}, week by week",
            alt=drawn.alt,
            table=drawn.table,
            key=f"feedback_reviewer_weeks_{place}",
            note="Share of reviews that changed the decision, by week of review",
        )


def arrival(found: Arrival) -> None:
    """How long labels take."""
    if found.delays is None:
        states.empty("No review has come yet.", "Choose a later as-of.")
        return
    drawn = figures_labels.arrival(found)
    chart(
        drawn.figure,
        title="How long a review takes",
        alt=drawn.alt,
        table=drawn.table,
        key="feedback_arrival",
        note=f"{found.delays.n:,} first reviews; those still to come are allowed for; band: 95%",
    )


def random_review(found: RandomReview) -> None:
    """The share that chance chose, by week."""
    if not found.weeks:
        states.empty("There is no prediction in these weeks.", "Choose a later as-of.")
        return
    drawn = figures_labels.random_review(found)
    chart(
        drawn.figure,
        title="Tickets chosen for review by chance",
        alt=drawn.alt,
        table=drawn.table,
        key="feedback_random",
        note="Share of all tickets, by week of scoring; hatched: reviews still due",
    )
