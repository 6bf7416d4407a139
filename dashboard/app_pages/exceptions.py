"""Exceptions: what failed, whether it is more than usual, and the records behind it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components.exceptions import (
    assess,
    assess_origins,
    assess_rates,
    panel,
    panel_filters,
    panel_rates,
)
from components.exceptions.assess import Dimension
from components.exceptions.defects import RULES
from components.layout import states
from components.reconciliation import run_picker
from components.reconciliation.assess import Run, latest, runs
from dashboard import exception_records as records
from dashboard import shell
from queries import (
    exceptions_recount,
    exceptions_report,
    migration,
    reconciliation_results,
    rolled_exceptions,
)
from queries.errors import MissingRelationError
from queries.exceptions_rows import Counted
from queries.migration_rows import BatchRow
from queries.reconciliation_results import RunRow

OPEN_RATE = "exceptions.open_rate"
RATE_GATE, CRITICAL_GATE = "exceptions_open", "exceptions_critical"


def render() -> None:
    """Draw the page."""
    with shell.page("exceptions", method="Exceptions", shown=()) as page:
        page.freshness("migration_exceptions", "migration_batches")
        chosen = panel.origin(page.filter_row)
        recounts = _recounts(page)
        if chosen == panel.RECOUNT:
            _recount(page, recounts)
        else:
            _report(page, recounts)


def _report(page: shell.Page, recounts: Sequence[RunRow]) -> None:
    batches = page.ask(migration.batches).rows
    found = runs(batches)
    run = run_picker.chosen_run(page.filter_row, found)
    if run is None:
        page.answer("No batch had begun by this day.")
        states.empty(
            "There are no exceptions yet.",
            "Choose a later as-of, or load the first mock conversion.",
        )
        return
    counts = partial(page.ask, exceptions_report.counts, run.id, RULES)
    found_in_run = counts().rows[0]
    panel.counted(page.ask(rolled_exceptions.counted_at, run.id).rows[0])
    parts = assess.breakdowns(found_in_run)
    view = panel_filters.choose(page.filter_row, parts)
    kept = found_in_run if view.everything else counts(view.filters).rows[0]
    defects = assess.defects(kept)
    total = assess.total(kept)
    page.answer(assess.answer(_named(run.id, view), total, defects[0] if defects else None))
    judged = view.everything and latest(found) == run
    panel.headline(
        total,
        who=f"reported of {run.id}",
        rate=page.evaluation().gate(RATE_GATE) if judged else None,
        critical=page.evaluation().gate(CRITICAL_GATE) if judged else None,
    )
    own = records.reported(page, run.id, view.filters)
    revealed = records.revealed(page)
    with page.part():
        records.opened(page, own, revealed)
    if recounts and latest(found) == run and view.everything:
        st.header("What only one of the two knows", anchor=False)
        with page.part():
            recounted = page.ask_own(
                exceptions_recount.by_field, tuple(each.run_id for each in recounts)
            ).rows
            panel.origins(assess_origins.beside(found_in_run.rules, recounted))
    _defects(page, total, defects, revealed)
    st.header("Rate by batch", anchor=False)
    with page.part():
        _rates(page, run, batches, found_in_run)
    _breakdowns(page, parts if view.everything else assess.breakdowns(kept))
    records.listed(page, own, total.exceptions, revealed)


def _recount(page: shell.Page, recounts: Sequence[RunRow]) -> None:
    if not recounts:
        page.answer("Nobody has recounted yet: there is only the pipeline's own report.")
        states.empty(
            "No comparison of source and target had been completed by this day.",
            "Run `plumbline reconcile SPEC.toml` with PLUMBLINE_OWN_URL set.",
        )
        return
    run_ids = tuple(each.run_id for each in recounts)
    counts = partial(page.ask_own, exceptions_recount.counts, run_ids, RULES)
    found = counts().rows[0]
    parts = assess.breakdowns(found)
    view = panel_filters.choose(page.filter_row, parts)
    kept = found if view.everything else counts(view.filters).rows[0]
    defects = assess.defects(kept)
    total = assess.total(kept)
    name = _named("our recount", view)
    page.answer(assess.answer(name, total, defects[0] if defects else None))
    panel.headline(total, who="found by our comparison")
    own = records.recounted(page, run_ids, view.filters)
    revealed = records.revealed(page)
    with page.part():
        records.opened(page, own, revealed)
    reported = _reported(page) if view.everything else None
    if reported is not None:
        st.header("What only one of the two knows", anchor=False)
        panel.origins(assess_origins.beside(reported.rules, found.rules))
    _defects(page, total, defects, revealed)
    _breakdowns(page, parts if view.everything else assess.breakdowns(kept))
    records.listed(page, own, total.exceptions, revealed)


def _recounts(page: shell.Page) -> tuple[RunRow, ...]:
    """The latest complete comparison of each pair; none where there is no schema of our own."""
    with page.part():
        found = page.ask_own(reconciliation_results.latest_runs, page.as_of)
        return tuple(found.rows) if found is not None else ()
    return ()


def _reported(page: shell.Page) -> Counted | None:
    """What the pipeline reports of the run that decides; None where its tables are missing."""
    try:
        run = latest(runs(page.ask(migration.batches).rows))
        if run is None:
            return None
        found: Counted = page.ask(exceptions_report.counts, run.id, RULES).rows[0]
        return found
    except MissingRelationError:
        return None


def _named(name: str, view: panel_filters.View) -> str:
    return name if view.everything else f"{name} (filtered)"


def _limit(page: shell.Page) -> float | None:
    wanted = (item for item in page.policy.requirements if item.metric == OPEN_RATE)
    return next((float(item.threshold) for item in wanted), None)


def _defects(
    page: shell.Page,
    total: assess.Total,
    found: Sequence[assess.Systematic],
    revealed: bool,
) -> None:
    st.header("Systematic defects", anchor=False)
    isolated = total.exceptions - sum(each.defect.count for each in found)
    panel.defects(
        found, isolated=isolated, href=page.href, revealed=revealed, whole=total.exceptions
    )


def _breakdowns(page: shell.Page, parts: dict[Dimension, tuple[assess.Part, ...]]) -> None:
    if any(parts.values()):
        st.header("Broken down", anchor=False)
        panel.breakdowns(parts, page.href)


def _rates(page: shell.Page, run: Run, batches: Sequence[BatchRow], found: Counted) -> None:
    table = panel_rates.choose_table(run, found.rules)
    shown = assess_rates.candidates(batches, run, table)
    own = {row.batch_id for row in run_rows(run)}
    others = tuple(row.batch_id for row in shown if row.batch_id not in own)
    counted = assess_rates.counted(found.batches)
    if others:
        earlier = page.ask(exceptions_report.per_batch, others).rows
        counted |= {row.batch_id: (row.exceptions, row.open_exceptions) for row in earlier}
    panel_rates.rates(assess_rates.rates(shown, counted, run, table), _limit(page))


def run_rows(run: Run) -> tuple[BatchRow, ...]:
    return tuple(batch.row for batch in run.batches)
