"""Field accuracy: which fields arrive as they left, how sure is that, and does the claim hold?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.field_accuracy import panel, words
from components.field_accuracy.assess import accuracy, limits
from components.field_accuracy.assess_recount import Recounts, belonging
from components.layout import states
from components.reconciliation.assess import Run, runs
from components.reconciliation.assess_evidence import title
from components.reconciliation.run_picker import chosen_run
from dashboard import shell
from queries import field_accuracy, migration, reconciliation_results


def render() -> None:
    """Draw the page."""
    with shell.page("field_accuracy", method="Field accuracy", shown=()) as page:
        page.freshness("migration_field_checks", "migration_batches")
        found = runs(page.ask(migration.batches).rows)
        run = chosen_run(page.filter_row, found)
        if run is None:
            page.answer("No batch had begun by this day.")
            states.empty(
                "There is no field to compare yet.",
                "Choose a later as-of, or load the first mock conversion.",
            )
            return
        _run(page, run, found)


def _run(page: shell.Page, run: Run, runs_so_far: Sequence[Run]) -> None:
    recounts = _recounts(page, run, runs_so_far)
    ids = recounts.ids if recounts is not None else ()
    own = page.ask_own(reconciliation_results.fields, ids).rows if ids else ()
    reported = page.ask(field_accuracy.reported, run.id).rows
    allowed = limits(page.policy)
    found = accuracy(reported, recounts.current if recounts else (), own, allowed)
    page.answer(words.answer(title(run), found))
    if not found.fields:
        states.empty(
            "Neither the pipeline nor we have compared a field of this run.",
            "The pipeline writes its checks to migration_field_checks; `plumbline reconcile` "
            "makes our own.",
        )
        return
    panel.overview(found, allowed, title(run))
    st.header("The pipeline's claim beside our recount", anchor=False)
    panel.claims(found, recounts)
    st.header("Each field against its limit", anchor=False)
    panel.fields(found, allowed)
    st.header("Causes", anchor=False)
    with page.part():
        causes = page.ask_own(reconciliation_results.causes, ids).rows if ids else ()
        names = {pair.run_id: pair.target_relation for pair in recounts.current} if recounts else {}
        panel.causes(causes, names, page.ask(field_accuracy.reported_causes, run.id).rows)
    st.header("One field, batch by batch", anchor=False)
    with page.part():
        field = panel.choose(found)
        if field is None:
            states.notice("The pipeline reports no field of this run.")
            return
        asked = (run.id, field.reported_as, field.name)
        panel.batches(field, page.ask(field_accuracy.reported_batches, *asked).rows)


def _recounts(page: shell.Page, run: Run, runs_so_far: Sequence[Run]) -> Recounts | None:
    """Our recounts of this run; None without a schema of our own."""
    answer = page.ask_own(reconciliation_results.latest_runs, page.as_of)
    return None if answer is None else belonging(run, runs_so_far, answer.rows)
