"""Alerts that stand, late ones first, each with who acts, until when, and by which runbook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape

import streamlit as st

from components.layout import numbers, states
from queries.alert_rows import CLOSED, AlertState, RetrainingState, RunRecord

Href = Callable[[str], str]

_SEVERITIES = ("critical", "major", "minor")


def sentence(run: RunRecord | None, alerts: Sequence[AlertState], now: datetime) -> str:
    """How many alerts stand, how many are late, and when the rules were last judged."""
    if run is None:
        return "Alert rules were never judged. `plumbline alert` does so, best from cron."
    standing = [alert for alert in alerts if alert.state != CLOSED]
    judged = f"{run.rules:,} rules judged {numbers.moment(run.as_of, now)}"
    if not standing:
        return f"No alert stands; {judged}."
    late = sum(alert.late(now) for alert in standing)
    waits = f", {late:,} of them past their time to answer" if late else ""
    noun = "alert stands" if len(standing) == 1 else "alerts stand"
    return f"{len(standing):,} {noun}{waits}; {judged}."


def standing_alerts(
    run: RunRecord | None,
    alerts: Sequence[AlertState],
    advice: Sequence[RetrainingState],
    *,
    now: datetime,
    gate: Href,
    runbook: Href,
    key: str = "alerts",
) -> None:
    """Draw the alerts that stand at ``now``, and a recommendation to retrain that is in force.

    ``gate`` and ``runbook`` give the address of a gate and of a runbook by its name.
    """
    with st.container(key=key):
        recommended = next((item for item in advice if item.in_force), None)
        if recommended is not None:
            st.html(_advice(recommended, now, runbook))
        standing = sorted(
            (alert for alert in alerts if alert.state != CLOSED),
            key=lambda alert: (not alert.late(now), _rank(alert), alert.since),
        )
        if standing:
            rows = "".join(_row(alert, now, gate, runbook) for alert in standing)
            st.html(f'<ul class="pl-list">{rows}</ul>')
        states.notice(sentence(run, alerts, now))


def _rank(alert: AlertState) -> int:
    known = alert.severity in _SEVERITIES
    return _SEVERITIES.index(alert.severity) if known else len(_SEVERITIES)


def _row(alert: AlertState, now: datetime, gate: Href, runbook: Href) -> str:
    detail = alert.detail
    acts = f"{detail['owner']}: {detail['next_step']}"
    book = detail.get("runbook")
    follow = f" {_link(runbook(str(book)), 'Runbook')}" if book else ""
    return (
        f"<li><strong>{escape(alert.severity.capitalize())}</strong><div>"
        f"<p>{_link(gate(_gate(alert)), str(detail['title']))}. {escape(_due(alert, now))}</p>"
        f"<p>{escape(str(detail['sentence']))}</p>"
        f'<p class="pl-quiet">{escape(acts)}{follow}</p></div></li>'
    )


def _gate(alert: AlertState) -> str:
    return alert.rule if alert.segment == "all" else f"{alert.rule}@{alert.segment}"


def _due(alert: AlertState, now: datetime) -> str:
    raised = f"Raised {numbers.moment(alert.first_raised_at, now)}"
    if alert.state != "open" or alert.answer_due_at is None:
        return f"{raised}; acknowledged {numbers.moment(alert.since, now)}."
    due = numbers.moment(alert.answer_due_at)
    return f"{raised}; {'was' if alert.late(now) else 'is'} to be answered by {due}."


def _advice(item: RetrainingState, now: datetime, runbook: Href) -> str:
    book = item.payload.get("runbook")
    follow = f" {_link(runbook(str(book)), 'Runbook')}" if book else ""
    since = f"Since {numbers.moment(item.first_recommended_at, now)}."
    return (
        f"<p>{escape(str(item.payload['sentence']))} "
        f'<span class="pl-quiet">{escape(since)}</span>{follow}</p>'
    )


def _link(address: str, text: str) -> str:
    return (
        f'<a class="pl-link" href="{escape(address, quote=True)}" target="_self">{escape(text)}</a>'
    )
