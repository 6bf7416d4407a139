"""Runbooks: what to do when an alert stands, step by step."""

from __future__ import annotations

from datetime import UTC, date, datetime

import streamlit as st

from components.alerts.runbooks import Runbook, coverage
from components.gates.policy import Policy
from components.layout import numbers
from dashboard import shell
from dashboard.runbooks import runbooks


def render() -> None:
    """Draw the page."""
    with shell.page("runbooks", method="Alerts and retraining", shown=()) as page:
        books, today = runbooks(), datetime.now(UTC).date()
        page.answer(coverage(page.policy, books, today).sentence)
        chosen = st.selectbox(
            "Runbook",
            list(books),
            format_func=_title,
            key="runbook",
            bind="query-params",
            width=360,
        )
        _show(books[chosen], page.policy, today)
        followed = [gate for gate in page.policy.requirements if gate.runbook == chosen]
        if followed:
            st.header("Gates that name it", anchor=False)
            for gate in followed:
                page.link("gates", gate.title, gate=gate.id)


def _title(key: str) -> str:
    return runbooks()[key].title


def _show(book: Runbook, policy: Policy, today: date) -> None:
    st.header(book.title, anchor=False)
    st.caption(_facts(book, policy, today))
    st.markdown(book.body, width=760)


def _facts(book: Runbook, policy: Policy, today: date) -> str:
    if book.reviewed_on is None:
        return f"{book.owner}. It gives no day of review, so it does not count as current."
    reviewed = datetime(
        book.reviewed_on.year, book.reviewed_on.month, book.reviewed_on.day, tzinfo=UTC
    )
    limit = policy.alerts.runbook_days
    state = "current" if book.current(today, limit) else "not current: review it again"
    return f"{book.owner} keeps it. Reviewed on {numbers.day(reviewed)}; {state} ({limit} days)."
