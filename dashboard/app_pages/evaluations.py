"""Evaluations: which test suites ran on which model, what they found, and which cases failed."""

from __future__ import annotations

import streamlit as st

from components.evaluations import assess_runs, panel
from components.evaluations.assess_runs import Named
from components.layout import states
from components.pipeline import panel_records
from dashboard import shell
from queries import artifacts, evaluation_history, evaluations
from queries.errors import MissingRelationError

KEY = "evaluations"
_PREDICTION = "prediction"


def render() -> None:
    """Draw the page."""
    with shell.page(KEY, method="Gates and verdicts", shown=()) as page:
        page.freshness("evaluation_runs")
        gates = [g for g in page.evaluation().gates if g.requirement.page == KEY]
        rows = page.ask(evaluations.newest_runs).rows
        page.answer(assess_runs.answer(gates))
        roles = _roles(page)
        found = assess_runs.suites(rows, gates, roles)
        if not found:
            states.empty("No test suite ran by this day.", "Choose a later as-of day.")
            return
        with page.filter_row:
            suite = panel.choose(found)
        panel.overview(found)
        st.header(suite.title, anchor=False)
        panel.heads(suite)
        panel.measures(suite)
        panel.by_segment(suite)
        panel.over_time(suite, page.ask(evaluation_history.history, suite.name).rows, roles)
        panel.named(suite, lambda one: _address(page, one))
        panel.runs(page.ask(evaluation_history.runs, suite.name).rows, suite)


def _roles(page: shell.Page) -> dict[str, str]:
    """The role of each version by the newest register of files; nothing without one."""
    try:
        return {row.model_version: row.role for row in page.ask(artifacts.files).rows}
    except MissingRelationError:
        return {}


def _address(page: shell.Page, one: Named) -> str | None:
    if one.kind != _PREDICTION:
        return None
    return page.href("explanations", **{panel_records.RECORD: one.id})
