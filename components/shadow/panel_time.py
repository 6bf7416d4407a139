"""Evidence as it grows day by day, and how long until it decides."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil

import streamlit as st

from components.layout import badge, numbers, states
from components.layout.chart import chart
from components.layout.glossary import help_for
from components.layout.tile import Tile, tiles
from components.shadow import figures_time
from components.shadow.types import Change, Sequential
from components.statistics.forecast import Forecast, Remaining


def evidence(
    found: Sequential | None,
    forecast: Forecast | None,
    switches: Sequence[Change],
    needed: int,
) -> None:
    """The forecast in words, then the sequence, the e-values and the labels so far."""
    if found is None or not found.days:
        states.empty(
            "There is no labelled disagreement yet, so evidence has not begun to grow.",
            "Work on the queue to label: each label there counts ten times a random one.",
        )
        return
    st.html(
        f'<p class="pl-verdict">{badge.status_html(found.status, small=True)} '
        f"<span>{escape(found.sentence)}</span></p>"
    )
    _forecast(found, forecast, needed)
    left, right = st.columns(2, gap="medium")
    with left:
        drawn = figures_time.sequence(found, switches)
        chart(
            drawn.figure,
            title="Right decisions, candidate minus production, so far",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_sequence",
            note="Band: 95% confidence sequence, valid at every look at once. Promote when all of "
            "it lies above the margin.",
        )
    with right:
        drawn = figures_time.evidence(found, switches)
        chart(
            drawn.figure,
            title="Evidence that the candidate does harm",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_e_values",
            note=_e_note(found),
        )
    drawn = figures_time.labels(found, needed)
    chart(
        drawn.figure,
        title="Labelled disagreements",
        alt=drawn.alt,
        table=drawn.table,
        key="shadow_labels",
        note="Counted by the day of the prediction; unweighted.",
    )
    if found.left_out:
        states.notice(
            f"{found.left_out:,} reviews without a known propensity are in no weighted number."
        )


def _e_note(found: Sequential) -> str:
    decides = "the unweighted one decides" if found.random_only else "the weighted one decides"
    return (
        f"At {found.e_limit:.0f} a false alarm has a chance of at most 5% over all looks together: "
        f"{decides}."
    )


def _forecast(found: Sequential, forecast: Forecast | None, needed: int) -> None:
    if forecast is None:
        states.notice("Too little has been seen to foresee when a decision will be possible.")
        return
    st.html(f'<p class="pl-drift-sentence">{escape(forecast_words(forecast))} '
            f"{escape(missing_words(found, needed))}</p>")  # fmt: skip
    if forecast.days.low is not None:
        _courses(forecast)
    st.caption(
        f"{forecast.simulations:,} simulated courses (seed {forecast.seed}), if traffic, review "
        "and both models stay as they are."
    )


def _courses(forecast: Forecast) -> None:
    horizon = f"within {forecast.horizon_days:,} days"
    tiles(
        [
            Tile("Labels to a decision", *_ranged(forecast.labels, "disagreements"),
                 help=help_for("Labelled disagreement")),
            Tile("Days to a decision", *_ranged(forecast.days, "days")),
            Tile("Ends in promotion", f"{forecast.promotes:.0%}", f"of courses, {horizon}"),
            Tile("Ends blocked", f"{forecast.blocks:.0%}", f"of courses, {horizon}"),
            Tile("Stays open", f"{forecast.open:.0%}", f"of courses, {horizon}"),
        ],
        key="shadow_forecast",
    )  # fmt: skip


def missing_words(found: Sequential, needed: int) -> str:
    """How many labels are missing to the minimum, and how long that takes at the present rate."""
    so_far = found.days[-1].labels if found.days else 0
    missing = needed - so_far
    if missing <= 0:
        return ""
    lead = f"{missing:,} of {needed:,} labelled disagreements are still missing"
    mature = [day for day in found.days if not day.immature]
    if not mature or not mature[-1].labels:
        return f"{lead}."
    days = ceil(missing * len(mature) / mature[-1].labels)
    return f"{lead}: about {days:,} days at the present rate. Working on the queue is quicker."


def forecast_words(forecast: Forecast) -> str:
    """“N more labelled disagreements to a decision, about D days”, with its range."""
    days, labels = forecast.days, forecast.labels
    if days.median == 0:
        return "The evidence is enough for a decision now."
    if days.low is None:
        return (
            "In nine of ten simulated courses there is no decision within "
            f"{forecast.horizon_days:,} days."
        )
    if days.median is None or labels.median is None:
        return (
            f"In most simulated courses no decision is reached within {forecast.horizon_days:,} "
            f"days; the quickest tenth takes {_day_words(days.low)}."
        )
    more, unit = f"{labels.median:,} more labelled disagreements", _day_words(days.median)
    return (
        f"About {more} to a decision, about {unit} (8 of 10 courses: {_span(days)} days, "
        f"{_span(labels)} labels)."
    )


def _day_words(days: int | None) -> str:
    if days is None:
        return "longer still"
    return "1 day" if days == 1 else f"{days:,} days"


def _span(found: Remaining) -> str:
    low = "0" if found.low is None else f"{found.low:,}"
    return f"more than {low}" if found.high is None else f"{low} to {found.high:,}"


def _ranged(found: Remaining, unit: str) -> tuple[str, str]:
    if found.median is None:
        return numbers.MISSING, f"{_span(found)} {unit}"
    return f"{found.median:,}", f"8 of 10 courses: {_span(found)}"
