"""Status: go or no-go, what changed, what blocks and who acts."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from components.gates.assess import Evaluation
from components.layout import numbers, tile
from components.status import assess, panel
from components.status import numbers as key_numbers
from dashboard import filters, shell
from queries import audit_firing, audit_latency

LOOK_BACK = timedelta(days=14)


def render() -> None:
    """Draw the page."""
    with shell.page("status", method="Gates and verdicts", shown=()) as page:
        since = _since(page)
        now, then = page.evaluation(), page.evaluation(filters.end_of(since))
        page.freshness("prediction_audit", "migration_batches")
        page.history()
        page.answer(assess.overall(now), verdict=now.verdict)
        panel.decisions(now)
        with page.part():
            _key_numbers(page, now, then, since)

        def address(gate: str) -> str:
            return page.href("gates", gate=gate)

        left, right = st.columns([3, 2], gap="large")
        with left:
            st.header("What blocks, and who acts", anchor=False)
            panel.blockers(assess.blockers(now), address)
            page.link("gates", "All gates")
        with right:
            day = numbers.day(filters.end_of(since) - timedelta(microseconds=1))
            st.header(f"What changed since {day}", anchor=False)
            panel.changes(assess.changes(then, now), day, address)


def _since(page: shell.Page) -> date:
    last = filters.last_day(page.as_of)
    with page.filter_row:
        chosen = st.date_input(
            "Changed since",
            value=max(last - LOOK_BACK, filters.FIRST_DAY),
            min_value=filters.FIRST_DAY,
            max_value=last,
            key="since",
            bind="query-params",
            format="YYYY-MM-DD",
            width=140,
            help="Compares every gate with how it stood at the end of this day.",
        )
    return chosen if isinstance(chosen, date) else last


def _key_numbers(page: shell.Page, now: Evaluation, then: Evaluation, since: date) -> None:
    last = filters.last_day(page.as_of)
    pulse = page.ask(audit_firing.pulse).rows
    calls = page.ask(audit_latency.calls).rows
    latency = page.ask(audit_latency.latency).rows
    day = f"{since:%d %b}".lstrip("0")

    def judged(label: str, gate: str) -> tile.Tile:
        return key_numbers.judged(label, now.gate(gate), then.gate(gate), day)

    tile.tiles(
        [
            key_numbers.volume(pulse, last),
            key_numbers.agreement(pulse, last),
            key_numbers.llm(pulse, calls, last),
            key_numbers.latency(latency, last),
            judged("Snapshots complete", "snapshot_completeness"),
            judged("Exceptions open", "exceptions_open"),
        ],
        key="key_numbers",
    )
