"""What retraining did, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.feedback import figures_training
from components.feedback.assess_families import words_of
from components.feedback.types import Families, Followed, Run
from components.layout import numbers, states, table
from components.layout.chart import chart


def lineage(runs: Sequence[Run]) -> None:
    """Every version with the data that it learned from."""
    if not runs:
        states.empty("No training run had begun by this day.", "Choose a later as-of.")
        return
    drawn = figures_training.lineage(runs)
    chart(
        drawn.figure,
        title="Versions and the data they learned from",
        alt=drawn.alt,
        table=drawn.table,
        key="feedback_lineage",
        note="Oldest first; bar: tickets of the training window",
    )
    table.records(
        figures_training.lineage_table(runs),
        key="feedback_runs",
        title="Training runs",
        height="content",
    )
    states.notice(
        "Intervals of AUC: the run’s own where it gives one, else by Hanley and McNeil from the "
        "number of cases, their share of priority, and what weighted reviews are worth."
    )


def followed(items: Sequence[Followed]) -> None:
    """What each promotion changed."""
    if not items:
        states.empty(
            "The configuration history names no model in production.", "Choose a later as-of."
        )
        return
    if any(item.change for item in items):
        drawn = figures_training.followed(items)
        chart(
            drawn.figure,
            title="What followed each promotion",
            alt=drawn.alt,
            table=drawn.table,
            key="feedback_followed",
            note=f"Overturned of all tickets, weighted, {items[-1].days} days after less "
            f"{items[-1].days} days before; left is better; lines are 95% intervals",
        )
    st.markdown("\n".join(f"- {item.sentence}" for item in reversed(items)))


def families(found: Families | None) -> None:
    """Is the model family right?"""
    if found is None:
        states.empty(
            "No two model families were measured on one and the same evaluation.",
            "Train challengers of other families on the same holdout, and register the runs.",
        )
        return
    st.markdown(found.sentence)
    if found.challengers:
        drawn = figures_training.families(found)
        chart(
            drawn.figure,
            title=f"Versions beside {found.reference} ({words_of(found.reference_family)})",
            alt=drawn.alt,
            table=drawn.table,
            key="feedback_families",
            note=f"AUC on the same {numbers.count(found.holdout_n)} cases "
            f"(holdout {found.holdout[:12]}), or on reviewed tickets that both scored; lines are "
            "95% intervals",
        )
    for one in found.challengers:
        if one.paired:
            st.markdown(one.sentence)
    if not all(one.paired for one in found.challengers):
        states.notice(
            "Where no case was scored by both on record, the comparison is unpaired and "
            "conservative: the intervals are those of two independent samples. Paired ones would "
            "be narrower: a difference called clear here is clear."
        )
