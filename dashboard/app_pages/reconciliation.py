"""Reconciliation: does every record that went in come out, and do the totals agree?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.field_accuracy.assess_recount import belonging
from components.layout import states
from components.reconciliation import (
    imports_panel,
    panel,
    recount_panel,
    references_panel,
    runs_panel,
    throughput_panel,
)
from components.reconciliation.assess import Run, runs
from components.reconciliation.assess_evidence import answer, title
from components.reconciliation.assess_totals import Totals, totals
from components.reconciliation.recount import recount
from components.reconciliation.run_picker import chosen_run
from components.reconciliation.runs import series
from components.reconciliation.throughput import throughput
from dashboard import shell
from dashboard.access import Right
from queries import import_results, migration, migration_runs, reconciliation_results
from queries import recount as reports
from queries.errors import MissingRelationError
from queries.reconciliation_results import ReferenceRow


def render() -> None:
    """Draw the page."""
    with shell.page("reconciliation", method="Reconciliation", shown=()) as page:
        page.freshness("migration_batches", "migration_control_totals", "migration_exceptions")
        found = runs(page.ask(migration.batches).rows)
        run = chosen_run(page.filter_row, found)
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
        _recounted(page, found, run)
        _imported(page)
        st.header("Throughput", anchor=False)
        with page.part():
            loads = page.ask(migration_runs.loads).rows
            throughput_panel.loads(throughput(loads, run.id), title(run))
        st.header("From run to run", anchor=False)
        with page.part():
            _from_run_to_run(page, found)


def _recounted(page: shell.Page, found: Sequence[Run], run: Run) -> None:
    """The pipeline's own report beside our recomputation."""
    st.header("The pipeline's report beside our recount", anchor=False)
    with page.part():
        asked = page.ask_own(reconciliation_results.latest_runs, page.as_of)
        pairs = belonging(run, found, asked.rows) if asked is not None else None
        known = (*pairs.current, *pairs.outdated) if pairs is not None else ()
        ids = tuple(pair.run_id for pair in known)
        fields = page.ask_own(reconciliation_results.fields, ids).rows if ids else ()
        counted = page.ask_own(reconciliation_results.found, ids).rows if ids else ()
        followed = page.ask_own(reconciliation_results.references, ids) if ids else None
        references = followed.rows if followed is not None else ()
        reported = page.ask(reports.reported_fields, run.id).rows
        result = recount(run, known, fields, counted, reported, references)
        recount_panel.engine_versus_pipeline(result)
        if result is not None and result.references:
            _orphans(page, result.references)


def _orphans(page: shell.Page, references: Sequence[ReferenceRow]) -> None:
    """References that lead nowhere, and the records behind one of them."""
    st.header("Records that point to nothing", anchor=False)
    chosen = references_panel.references(references)
    if chosen is None:
        return
    after = references_panel.position(chosen)
    listed = page.ask_own(
        reconciliation_results.orphans, chosen.run_id, chosen.reference, after
    ).rows
    references_panel.orphans(
        chosen,
        listed,
        page_size=reconciliation_results.ROWS_PER_PAGE,
        unmasked=page.viewer.may(Right.PERSONAL_DATA),
    )


def _imported(page: shell.Page) -> None:
    """Results of other tools, where any were imported."""
    asked = page.ask_own(import_results.imported, page.as_of)
    if asked is None or not asked.rows:
        return
    st.header("Results of other tools, judged again", anchor=False)
    with page.part():
        chosen = imports_panel.imports(asked.rows)
        question = (
            import_results.failures if chosen.tool == imports_panel.DMS else import_results.totals
        )
        imports_panel.results(
            chosen,
            page.ask_own(question, chosen.import_id, imports_panel.position(chosen)).rows,
            page_size=import_results.ROWS_PER_PAGE,
            unmasked=page.viewer.may(Right.PERSONAL_DATA),
        )


def _from_run_to_run(page: shell.Page, found: Sequence[Run]) -> None:
    """How each measure moved, when its gate will be met, and the counts behind it."""
    failed = page.ask(migration.exceptions).rows
    critical = page.ask(migration_runs.critical_values).rows
    loads = page.ask(migration_runs.loads).rows
    runs_panel.movement(series(found, failed, critical, loads, page.policy))
    panel.history(found, {row.run_id: row for row in failed})


def _totals(page: shell.Page, run: Run) -> Totals | None:
    """The control totals of the run; None, and said so, where the table is missing."""
    try:
        return totals(page.ask(migration.control_totals, run.id).rows)
    except MissingRelationError as error:
        states.problem(error)
        return None
