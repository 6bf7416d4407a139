"""Reconciliation: does every record that went in come out, and do the totals agree?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from components.layout import states
from components.reconciliation import panel
from components.reconciliation.assess import Run, latest, runs
from components.reconciliation.assess_evidence import answer, title
from components.reconciliation.assess_totals import Totals, totals
from dashboard import shell
from queries import migration
from queries.errors import MissingRelationError


def render() -> None:
    """Draw the page."""
    with shell.page("reconciliation", method="Reconciliation", shown=()) as page:
        page.freshness("migration_batches", "migration_control_totals", "migration_exceptions")
        found = runs(page.ask(migration.batches).rows)
        run = _chosen(page, found)
        if run is None:
            page.answer("No batch had begun by this day.")
            states.empty(
                "There is nothing to reconcile yet.",
                "Choose a later as-of, or load the first mock conversion.",
            )
            return
        compared = _totals(page, run)
        page.answer(answer(run, compared))
        panel.records(run)
        st.header("Batches", anchor=False)
        panel.batches(run)
        st.header("Control totals", anchor=False)
        if compared is not None:
            panel.totals(run, compared)
        st.header("Runs so far", anchor=False)
        with page.part():
            failed = page.ask(migration.exceptions).rows
            panel.history(found, {row.run_id: row for row in failed})


def _chosen(page: shell.Page, found: Sequence[Run]) -> Run | None:
    """The run to show: the viewer's choice, else the one that decides."""
    decisive = latest(found)
    if decisive is None:
        return None
    by_id = {run.id: run for run in reversed(found)}
    titles = {run.id: title(run) for run in found}
    with page.filter_row:
        chosen = st.selectbox(
            "Run",
            list(by_id),
            index=list(by_id).index(decisive.id),
            format_func=partial(_named, titles),
            key="run",
            bind="query-params",
            width=240,
        )
    return by_id.get(chosen, decisive)


def _named(titles: Mapping[str, str], run_id: str) -> str:
    return titles.get(run_id, run_id)


def _totals(page: shell.Page, run: Run) -> Totals | None:
    """The control totals of the run; None, and said so, where the table is missing."""
    try:
        return totals(page.ask(migration.control_totals, run.id).rows)
    except MissingRelationError as error:
        states.problem(error)
        return None
