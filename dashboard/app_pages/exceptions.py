"""Exceptions: what failed, whether it is more than usual, and the records behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from components.exceptions import (
    assess,
    assess_origins,
    assess_rates,
    panel,
    panel_filters,
    panel_rates,
    panel_record,
    panel_records,
)
from components.exceptions.assess import Dimension
from components.layout import exporting, states
from components.reconciliation import run_picker
from components.reconciliation.assess import Run, latest, runs
from dashboard import shell
from dashboard.access import Right
from dashboard.reports.recording import recorder
from queries import (
    exceptions_listed,
    exceptions_recount,
    exceptions_report,
    migration,
    reconciliation_results,
    rolled_exceptions,
)
from queries.errors import MissingRelationError
from queries.exceptions_rows import PAGE_SIZE, CountRow, RecordRow
from queries.migration_rows import BatchRow
from queries.own_schema import AccessRecord
from queries.reconciliation_results import RunRow

OPEN_RATE = "exceptions.open_rate"
RATE_GATE, CRITICAL_GATE = "exceptions_open", "exceptions_critical"
LOOK = "personal data shown"
_RECORDED = "_plumbline_look_recorded"


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
    rows = page.ask(exceptions_report.counts, run.id).rows
    panel.counted(page.ask(rolled_exceptions.counted_at, run.id).rows[0])
    parts = assess.breakdowns(rows)
    view = panel_filters.choose(page.filter_row, rows, parts)
    kept = assess.matching(rows, view.filters)
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
    revealed = _revealed(page)
    with page.part():
        _open_report(page, rows, revealed)
    if recounts and latest(found) == run and view.everything:
        st.header("What only one of the two knows", anchor=False)
        with page.part():
            recounted = page.ask_own(
                exceptions_recount.by_field, tuple(each.run_id for each in recounts)
            ).rows
            panel.origins(assess_origins.beside(rows, recounted))
    _defects(page, kept, defects, revealed)
    st.header("Rate by batch", anchor=False)
    with page.part():
        _rates(page, run, batches, rows)
    _breakdowns(page, parts if view.everything else assess.breakdowns(kept))
    question = partial(page.ask, exceptions_listed.records, run.id, view.filters)
    listed = f"{run.id} {page.as_of} {view.filters}"
    _records(page, kept, question, listed=listed, identity="id", revealed=revealed)


def _recount(page: shell.Page, recounts: Sequence[RunRow]) -> None:
    if not recounts:
        page.answer("Nobody has recounted yet: there is only the pipeline's own report.")
        states.empty(
            "No comparison of source and target had been completed by this day.",
            "Run `plumbline reconcile SPEC.toml` with PLUMBLINE_OWN_URL set.",
        )
        return
    run_ids = tuple(each.run_id for each in recounts)
    rows = page.ask_own(exceptions_recount.counts, run_ids).rows
    parts = assess.breakdowns(rows)
    view = panel_filters.choose(page.filter_row, rows, parts)
    kept = assess.matching(rows, view.filters)
    defects = assess.defects(kept)
    total = assess.total(kept)
    name = _named("our recount", view)
    page.answer(assess.answer(name, total, defects[0] if defects else None))
    panel.headline(total, who="found by our comparison")
    revealed = _revealed(page)
    with page.part():
        _open_recount(page, rows, revealed)
    reported = _reported(page)
    if view.everything and reported is not None:
        st.header("What only one of the two knows", anchor=False)
        panel.origins(assess_origins.beside(reported, rows))
    _defects(page, kept, defects, revealed)
    _breakdowns(page, parts if view.everything else assess.breakdowns(kept))
    question = partial(page.ask_own, exceptions_recount.records, run_ids, view.filters)
    listed = f"{run_ids} {view.filters}"
    _records(page, kept, question, listed=listed, identity="run and number", revealed=revealed)


def _records(
    page: shell.Page,
    kept: Sequence[CountRow],
    question: Callable[..., Any],
    *,
    listed: str,
    identity: str,
    revealed: bool,
) -> None:
    """The list, a page at a time; ``listed`` names what is listed: another list begins anew."""
    st.header("Records", anchor=False)
    if not kept:
        states.notice("No exception matches.")
        return
    exporter = exporting.current()

    @st.fragment
    def turning() -> None:
        # Turning a page asks for that page alone; the rest stands as it is.
        with exporting.exports_by(exporter), page.part():
            panel_records.listing(
                question(panel_records.position(listed)).rows,
                filters=listed,
                page_size=PAGE_SIZE,
                whole=sum(row.exceptions for row in kept),
                revealed=revealed,
                identity=identity,
            )

    turning()


def _recounts(page: shell.Page) -> tuple[RunRow, ...]:
    """The latest complete comparison of each pair; none where there is no schema of our own."""
    with page.part():
        found = page.ask_own(reconciliation_results.latest_runs, page.as_of)
        return tuple(found.rows) if found is not None else ()
    return ()


def _reported(page: shell.Page) -> tuple[CountRow, ...] | None:
    """What the pipeline reports of the run that decides; None where its tables are missing."""
    try:
        run = latest(runs(page.ask(migration.batches).rows))
        return None if run is None else page.ask(exceptions_report.counts, run.id).rows
    except MissingRelationError:
        return None


def _named(name: str, view: panel_filters.View) -> str:
    return name if view.everything else f"{name} (filtered)"


def _limit(page: shell.Page) -> float | None:
    wanted = (item for item in page.policy.requirements if item.metric == OPEN_RATE)
    return next((float(item.threshold) for item in wanted), None)


def _revealed(page: shell.Page) -> bool:
    """Whether values of persons are shown: only to those who may, and only when they ask.

    Where there is an access log, the look is recorded first; without its entry nothing is shown.
    """
    if not page.viewer.may(Right.PERSONAL_DATA):
        return False
    with page.filter_row:
        asked = st.toggle(
            "Show personal data", key="revealed", help="Off unless you need the values themselves."
        )
    if not asked:
        st.session_state.pop(_RECORDED, None)
        return False
    with page.part():
        if not st.session_state.get(_RECORDED):
            _record_look(page)
            st.session_state[_RECORDED] = True
        return True
    return False


def _record_look(page: shell.Page) -> None:
    record = recorder()
    if record is not None:
        record(
            AccessRecord(
                occurred_at=datetime.now(UTC),
                role=page.viewer.role,
                viewer=page.viewer.pseudonym,
                action=LOOK,
                detail={"page": page.key, "as_of": page.as_of.astimezone(UTC).isoformat()},
            )
        )


def _defects(
    page: shell.Page,
    kept: Sequence[CountRow],
    found: Sequence[assess.Systematic],
    revealed: bool,
) -> None:
    st.header("Systematic defects", anchor=False)
    whole = sum(row.exceptions for row in kept)
    explained = sum(each.defect.count for each in found)
    panel.defects(found, isolated=whole - explained, href=page.href, revealed=revealed, whole=whole)


def _breakdowns(page: shell.Page, parts: dict[Dimension, tuple[assess.Part, ...]]) -> None:
    if any(parts.values()):
        st.header("Broken down", anchor=False)
        panel.breakdowns(parts, page.href)


def _rates(
    page: shell.Page, run: Run, batches: Sequence[BatchRow], rows: Sequence[CountRow]
) -> None:
    table = panel_rates.choose_table(run, rows)
    shown = assess_rates.candidates(batches, run, table)
    own = {row.batch_id for row in run_rows(run)}
    others = tuple(row.batch_id for row in shown if row.batch_id not in own)
    counted = assess_rates.counted(rows)
    if others:
        earlier = page.ask(exceptions_report.per_batch, others).rows
        counted |= {row.batch_id: (row.exceptions, row.open_exceptions) for row in earlier}
    panel_rates.rates(assess_rates.rates(shown, counted, run, table), _limit(page))


def run_rows(run: Run) -> tuple[BatchRow, ...]:
    return tuple(batch.row for batch in run.batches)


def _open_report(page: shell.Page, rows: Sequence[CountRow], revealed: bool) -> None:
    wanted = st.query_params.get(panel_records.RECORD)
    if not wanted:
        return
    found = page.ask(exceptions_report.record, wanted).rows
    if not found:
        _gone()
        return
    row = found[0]
    past = page.ask(exceptions_report.same_record, row.table_name, row.key).rows
    near = page.ask(exceptions_listed.neighbours, row).rows
    _drawer(page, row, past, near, rows, revealed=revealed, identity="id")


def _open_recount(page: shell.Page, rows: Sequence[CountRow], revealed: bool) -> None:
    wanted = st.query_params.get(panel_records.RECORD)
    if not wanted:
        return
    run_id, _, number = wanted.partition("-")
    found = page.ask_own(exceptions_recount.record, run_id, number).rows
    if not found:
        _gone()
        return
    row = found[0]
    past = page.ask_own(exceptions_recount.same_record, run_id, number).rows
    near = page.ask_own(exceptions_recount.neighbours, row).rows
    _drawer(page, row, past, near, rows, revealed=revealed, identity="run and number")


def _gone() -> None:
    states.notice("The link names an exception that does not exist, or not yet on this day.")


def _close() -> None:
    st.query_params.pop(panel_records.RECORD, None)


def _drawer(
    page: shell.Page,
    row: RecordRow,
    past: Sequence[RecordRow],
    near: Sequence[RecordRow],
    rows: Sequence[CountRow],
    *,
    revealed: bool,
    identity: str,
) -> None:
    def link(other: RecordRow) -> str:
        name = panel_records.identity_of(other, identity)
        return page.href("exceptions", **{panel_records.RECORD: name})

    @st.dialog("Exception", position="right", width=720, on_dismiss=_close)
    def drawer() -> None:
        panel_record.record(row, revealed=revealed, neighbours_in_all=assess.alike(rows, row))
        panel_record.history(past, row, link, revealed)
        panel_record.neighbours(near, link, revealed)

    drawer()
