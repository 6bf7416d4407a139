"""What was done with models, and what a version scored before its file failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pandas as pd
import streamlit as st

from components.artifacts import figures
from components.artifacts.assess import Affected
from components.artifacts.assess_history import WORDS, KeyEvent, Practice, Release
from components.artifacts.panel import drill_status
from components.layout import badge, exporting, numbers, states, table
from components.layout.chart import chart
from components.pipeline import panel_records
from queries.artifact_rows import FailureRow, ServedPrediction

REVIEW = "artifact_review"


def drills(items: Sequence[Practice], limits: Mapping[str, float | None], as_of: datetime) -> None:
    """When each way out was last used, against its limit, and how long it takes."""
    frame = pd.DataFrame(
        [
            (
                badge.status_text(drill_status(item, limits.get(item.action))),
                WORDS[item.action],
                numbers.moment(item.last.at, as_of) if item.last else "never",
                _limit(limits.get(item.action)),
                "drill" if item.last and item.last.drill else "in earnest" if item.last else "",
                item.times,
                _seconds(item.median_seconds),
                _seconds(item.worst_seconds),
            )
            for item in items
        ],
        columns=["State", "Way out", "Last used", "Limit", "Kind", "Times", "Median", "Longest"],
    )
    table.records(frame, key="artifact_drills", title="Drills", height="content")


def releases(found: Sequence[Release]) -> None:
    """How long ways out took, and every promotion, rollback and demotion."""
    drawn = figures.time_to_leave(found)
    if drawn is not None:
        chart(
            drawn.figure,
            title="Time to take a model out of service",
            alt=drawn.alt,
            table=drawn.table,
            key="artifact_times",
            note="Seconds, as the platform recorded them; hollow marks are drills",
        )
    if not found:
        states.empty(
            "No promotion, rollback or demotion is on record.", "Choose a later as-of day."
        )
        return
    frame = pd.DataFrame(
        [
            (
                item.at,
                WORDS[item.action] + (" (drill)" if item.drill else ""),
                item.version,
                item.to,
                item.outcome,
                item.actor,
                _seconds(item.seconds),
                numbers.count(item.served.days) if item.served is not None else numbers.MISSING,
                {True: "yes", False: "no", None: ""}[item.verified],
                item.reason,
            )
            for item in found
        ],
        columns=[
            "When",
            "What",
            "Version",
            "To",
            "Outcome",
            "Who",
            "Seconds",
            "Days in service",
            "Verified before",
            "Reason",
        ],
    )
    when = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC")
    table.records(
        frame,
        key="artifact_releases",
        title="Promotions, rollbacks and demotions",
        columns={"When": when},
    )


def keys(found: Sequence[KeyEvent], trusted: Sequence[str], conflicts: Sequence[str]) -> None:
    """Which keys are trusted, who put them in service, and whether that was a trainer."""
    known = {event.key_id: event for event in found}
    frame = pd.DataFrame(
        [
            (
                key_id,
                "yes" if key_id in trusted else "no",
                numbers.moment(known[key_id].at) if key_id in known else numbers.MISSING,
                known[key_id].actor if key_id in known else numbers.MISSING,
            )
            for key_id in dict.fromkeys((*trusted, *known))
        ],
        columns=["Key", "Trusted now", "In service since", "By"],
    )
    if frame.empty:
        states.notice("No signing key is trusted or on record.")
        return
    table.small(frame, key="artifact_keys", title="Signing keys")
    if conflicts:
        st.markdown(
            f"**Not independent:** the key of {', '.join(conflicts)} was put in service by "
            "whoever trained the model."
        )


def affected(items: Sequence[Affected]) -> None:
    """Predictions that rest on a version whose file fails now."""
    frame = pd.DataFrame(
        [
            (
                item.version,
                item.role,
                numbers.count(item.n),
                _day(item.first),
                _day(item.last),
                numbers.day(item.last_sound) if item.last_sound else "never",
            )
            for item in items
        ],
        columns=["Version", "Role", "Predictions", "First", "Last", "Last known sound"],
    )
    table.small(frame, key="artifact_affected", title="Predictions of versions that failed")


def choose_month(items: Sequence[Affected]) -> tuple[str, date] | None:
    """One version and month whose predictions are to be reviewed again; None until chosen."""
    options = {
        f"{item.version}, {month:%B %Y}: {n:,} predictions": (item.version, month)
        for item in items
        for month, n in item.months
    }
    if not options:
        return None
    chosen = st.selectbox(
        "List the predictions of",
        list(options),
        index=None,
        placeholder="Choose a version and a month",
        key="artifact_month",
        width=420,
    )
    return options.get(chosen) if chosen else None


def to_review(
    rows: Sequence[ServedPrediction], chosen: tuple[str, date], *, page_size: int
) -> None:
    """One page of the month's predictions; choosing one opens it."""
    version, month = chosen
    panel_records.listing(
        rows,
        {
            panel_records.SCORED: [row.scored_at for row in rows],
            "Prediction": [row.prediction_id for row in rows],
            "Ticket": [row.ticket_id for row in rows],
            "Model": [row.ml_decision for row in rows],
            "Final": [row.final_decision for row in rows],
        },
        key=REVIEW,
        filters=f"{version} {month}",
        page_size=page_size,
        title=f"To review again: {version}, {month:%B %Y}",
    )


def wants_file(n: int) -> bool:
    """Whether the whole list is asked for: it is only read then."""
    return st.button(f"Prepare a file of all {n:,}", key="artifact_review_file")


def review_file(rows: Sequence[ServedPrediction], chosen: tuple[str, date]) -> None:
    """Every prediction of the month as a file."""
    version, month = chosen
    frame = pd.DataFrame(
        [
            (row.prediction_id, row.ticket_id, row.scored_at, row.ml_decision, row.final_decision)
            for row in rows
        ],
        columns=["Prediction", "Ticket", "Scored (UTC)", "Model", "Final"],
    )
    title = f"To review again: {version}, {month:%B %Y}, all"
    exporting.offer(frame, title=title, key="artifact_review_export")


def recorded_failures(rows: Sequence[FailureRow]) -> None:
    """What was recorded of failures, those met last first."""
    frame = pd.DataFrame(
        [
            (
                row.last_at,
                row.first_at,
                row.times,
                row.model_version,
                row.role,
                row.path,
                row.reason,
            )
            for row in rows
        ],
        columns=["Last met", "First met", "Times", "Version", "Role", "File", "Reason"],
    )
    when = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC")
    table.records(
        frame,
        key="artifact_events",
        title="Recorded integrity failures",
        columns={
            "Last met": when,
            "First met": when,
            "Reason": st.column_config.TextColumn(width="large"),
        },
    )


def _day(day: date | None) -> str:
    return f"{day:%d %b %Y}".lstrip("0") if day is not None else numbers.MISSING


def _limit(limit: float | None) -> str:
    return f"{limit:.0f} days" if limit is not None else numbers.MISSING


def _seconds(value: float | None) -> str:
    return f"{value:.0f} s" if value is not None else numbers.MISSING
