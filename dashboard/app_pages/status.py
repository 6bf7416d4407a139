"""Status: go or no-go, what changed, what blocks and who acts."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from components.gates.assess import Evaluation
from components.layout import numbers, tile
from components.status import assess, panel
from components.status import numbers as key_numbers
from components.status.earlier import Earlier, as_recorded, judged_again
from dashboard import filters, shell
from queries import audit_firing, audit_latency
from queries.gate_history import recorded_gates


def render() -> None:
    """Draw the page."""
    with shell.page("status", method="Gates and verdicts", shown=()) as page:
        since = _since(page)
        now = page.evaluation()
        page.freshness("prediction_audit", "migration_batches")
        page.history()
        page.answer(assess.overall(now), verdict=now.verdict)
        panel.unmeasured(assess.out_of_time(now))
        panel.decisions(now)
        tiles = st.container(key="tiles")

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
            then = _earlier(page, since)
            panel.changes(assess.changes(then, now), then, day, address)
        with tiles, page.part():
            _key_numbers(page, now, then, since)


def _earlier(page: shell.Page, since: date) -> Earlier:
    """Every gate at the end of a day: as recorded, else judged again, which takes longer."""
    moment = filters.as_of_moment(since, page.as_of)
    recorded = page.ask_own(recorded_gates, moment, page.policy.version)
    found = as_recorded(recorded.rows) if recorded else None
    if found is None:
        with st.spinner("No evaluation of that day is recorded: judging it again."):
            found = judged_again(page.evaluation(moment))
    return found


def _since(page: shell.Page) -> date:
    last = filters.last_day(page.as_of)
    with page.filter_row:
        chosen = st.date_input(
            "Changed since",
            value=filters.looked_back(page.as_of),
            min_value=filters.FIRST_DAY,
            max_value=last,
            key="since",
            bind="query-params",
            format="YYYY-MM-DD",
            width=140,
            help="Compares every gate with how it stood at the end of this day.",
        )
    return chosen if isinstance(chosen, date) else last


def _key_numbers(page: shell.Page, now: Evaluation, then: Earlier, since: date) -> None:
    last = filters.last_day(page.as_of)
    asked = page.ask_together(audit_firing.pulse, audit_latency.calls, audit_latency.latency)
    pulse, calls, latency = (found.rows for found in asked)
    day = f"{since:%d %b}".lstrip("0")

    def judged(label: str, gate: str) -> tile.Tile:
        found = now.gate(gate)
        return key_numbers.judged(label, found, then.of(found), day)

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
