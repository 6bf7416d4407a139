"""The Feedback page's head and its view of overrides."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.feedback import figures, words
from components.feedback.assess import FEWEST_IN_GROUP
from components.feedback.panel_confusion import confusion
from components.feedback.types import (
    Arrival,
    Confusion,
    Group,
    Overrides,
    RandomReview,
    Reason,
    ReviewerAgreement,
    Weeks,
)
from components.layout import numbers, states
from components.layout.chart import chart
from components.layout.glossary import help_for
from components.layout.tile import Tile, tiles
from components.pipeline.assess_changes import Change

OVERRIDES, REVIEWERS, LABELS, TRAINING = "Overrides", "Reviewers", "Labels", "Training"
VIEWS = (OVERRIDES, REVIEWERS, LABELS, TRAINING)


def choose_view() -> str:
    """The section to look at; it lives in the URL, and only its own questions are asked."""
    chosen = st.segmented_control(
        "Section",
        VIEWS,
        default=OVERRIDES,
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or OVERRIDES


def headline(
    found: Overrides, agreed: ReviewerAgreement, random: RandomReview, arrival: Arrival
) -> None:
    """Six numbers, each with what it rests on."""
    overall = found.overall
    mean = overall.weighted
    kappa = agreed.plain.kappa if agreed.plain else None
    bounds = agreed.kappa_interval
    low = random.lowest
    items = [
        Tile(
            "Overturned, all tickets",
            words.weighted(overall),
            note=numbers.interval(mean.low, mean.high) if mean else "No known propensity",
            help=help_for("Override rate"),
        ),
        Tile(
            "As reviewed",
            words.plain(overall),
            note=f"{overall.part:,} of {overall.whole:,} reviews",
            help="Counted as they came: not every ticket was equally likely to be reviewed.",
        ),
        Tile(
            "Reviews are worth",
            numbers.count(int(overall.effective_n)),
            note=f"independent ones, of {overall.whole:,}",
            help=help_for("Effective sample size"),
        ),
        Tile(
            "Reviewers agree, κ",
            numbers.decimal(kappa),
            note=_kappa_note(
                agreed, bounds.low if bounds else None, bounds.high if bounds else None
            ),
            help=help_for("κ"),
        ),
        Tile(
            "Chosen by chance, lowest",
            numbers.percentage(low.drawn, low.predictions) if low else numbers.MISSING,
            note="of all tickets in a fortnight" if low else "No whole fortnight",
            help=help_for("Random review"),
        ),
        Tile(
            f"{arrival.mature_share:.0%} of labels within",
            words.duration(arrival.mature_hours) if arrival.mature_hours else numbers.MISSING,
            note=f"half within {words.duration(arrival.half_hours)}" if arrival.half_hours else "",
            help=help_for("Label delay"),
        ),
    ]
    tiles(items, key="feedback_tiles")


def _kappa_note(found: ReviewerAgreement, low: float | None, high: float | None) -> str:
    n = found.plain.n if found.plain else 0
    return f"{n:,} tickets, {numbers.interval(low, high, as_share=False)}".rstrip(", ")


def banner(found: Overrides) -> None:
    """Naive and weighted lie apart: which tickets were reviewed shapes the first number."""
    overall = found.overall
    if not overall.differs or overall.weighted is None:
        return
    st.warning(
        f"{words.plain(overall)} of reviewed decisions were overturned, {words.weighted(overall)} "
        "when each review counts for the tickets it stands for. They differ by more than two "
        "standard errors: which tickets were reviewed shapes the first number. Use the weighted "
        "one.",
        title="Reviewed tickets are not like the others",
        icon=":material/balance:",
    )


def by_week(found: Weeks, limit: float | None, changes: Sequence[Change]) -> None:
    """The weekly chart."""
    if not found.weeks:
        states.empty("No prediction of these weeks was reviewed.", "Choose another segment.")
        return
    drawn = figures.weeks(found, limit, changes)
    few = "" if found.enough else "; fewer than eight weeks show no signal"
    chart(
        drawn.figure,
        title="Overturned by week",
        alt=drawn.alt,
        table=drawn.table,
        key="feedback_weeks",
        note="Reviewed decisions that were changed, by week of scoring; band: Laney p′ limits; "
        f"hatched: labels still due{few}",
    )


def by_group(items: Sequence[Group], *, title: str, key: str, note: str) -> None:
    """Both shares of each group."""
    drawn = figures.groups(items, what=title)
    out = [item.name for item in items if item.stands_out]
    marked = f"; unlike the others: {', '.join(out)}" if out else ""
    few = sum(item.share.whole < FEWEST_IN_GROUP for item in items)
    if few:
        marked += f"; {few} with under {FEWEST_IN_GROUP} reviews only in the numbers"
    chart(
        drawn.figure,
        title=title,
        alt=drawn.alt,
        table=drawn.table,
        key=key,
        note=f"{note}{marked}",
    )


def reasons(items: Sequence[Reason]) -> None:
    """Why decisions were changed."""
    if not items:
        states.empty("No decision was changed here.", "Choose a longer period.")
        return
    drawn = figures.reasons(items)
    chart(
        drawn.figure,
        title="Why decisions were changed",
        alt=drawn.alt,
        table=drawn.table,
        key="feedback_reasons",
        note="Reviews by the reason that the reviewer gave",
    )


def harm(found: Confusion) -> None:
    """What is decided against what is right, and what it costs."""
    confusion(found)
