"""The records of the Exceptions page: its list, a search, one in full, and who sees values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from components.exceptions import assess, panel_record, panel_records
from components.exceptions.defects import RULES
from components.layout import exporting, states
from dashboard import shell
from dashboard.access import Right
from dashboard.reports.recording import recorder
from queries import (
    exceptions_listed,
    exceptions_recount,
    exceptions_recount_listed,
    exceptions_report,
)
from queries.exceptions_rows import PAGE_SIZE, Filters, RecordRow
from queries.own_schema import AccessRecord

LOOK = "personal data shown"
_RECORDED = "_plumbline_look_recorded"

Question = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Records:
    """How the exceptions of one origin are asked for.

    ``listed`` names what is listed: another list begins anew. ``identity`` says what a link
    holds, and ``of_link`` makes of it what the questions about ``one`` take.
    """

    listed: str
    identity: str
    of_link: Callable[[str], tuple[str, ...]]
    page: Question
    of_key: Question
    counts: Question
    one: Question
    same_record: Callable[[RecordRow], Any]
    neighbours: Question


def reported(page: shell.Page, run_id: str, filters: Filters) -> Records:
    """Of the pipeline's own report."""
    return Records(
        listed=f"{run_id} {page.as_of} {filters}",
        identity="id",
        of_link=lambda text: (text,),
        page=partial(page.ask, exceptions_listed.records, run_id, filters),
        of_key=partial(page.ask, exceptions_report.by_key, run_id),
        counts=partial(page.ask, exceptions_report.counts, run_id, RULES),
        one=partial(page.ask, exceptions_report.record),
        same_record=lambda row: page.ask(exceptions_report.same_record, row.table_name, row.key),
        neighbours=partial(page.ask, exceptions_listed.neighbours),
    )


def recounted(page: shell.Page, run_ids: tuple[int, ...], filters: Filters) -> Records:
    """Of our own comparison."""

    def of_link(text: str) -> tuple[str, ...]:
        run_id, _, number = text.partition("-")
        return run_id, number

    return Records(
        listed=f"{run_ids} {filters}",
        identity="run and number",
        of_link=of_link,
        page=partial(page.ask_own, exceptions_recount_listed.records, run_ids, filters),
        of_key=partial(page.ask_own, exceptions_recount.by_key, run_ids),
        counts=partial(page.ask_own, exceptions_recount.counts, run_ids, RULES),
        one=partial(page.ask_own, exceptions_recount.record),
        same_record=lambda row: page.ask_own(
            exceptions_recount.same_record, row.group, row.exception_id
        ),
        neighbours=partial(page.ask_own, exceptions_recount.neighbours),
    )


def listed(page: shell.Page, records: Records, whole: int, revealed: bool) -> None:
    """The list, a page at a time, or what one key has; ``whole`` is how many it holds."""
    st.header("Records", anchor=False)
    if not whole:
        states.notice("No exception matches.")
        return
    exporter = exporting.current()

    @st.fragment
    def turning() -> None:
        # Turning a page asks for that page alone; the rest stands as it is.
        with exporting.exports_by(exporter), page.part():
            key = panel_records.key_field()
            if key:
                rows = records.of_key(key).rows
                panel_records.of_key(rows, PAGE_SIZE, revealed=revealed, identity=records.identity)
                return
            turned = panel_records.turned(records.listed, PAGE_SIZE)
            rows = records.page(turned.after, turned.most, turned.backwards).rows
            panel_records.listing(
                rows,
                turned,
                filters=records.listed,
                page_size=PAGE_SIZE,
                whole=whole,
                revealed=revealed,
                identity=records.identity,
            )

    turning()


def opened(page: shell.Page, records: Records, revealed: bool) -> None:
    """The exception that the link names, in a drawer."""
    wanted = st.query_params.get(panel_records.RECORD)
    if not wanted:
        return
    found = records.one(*records.of_link(wanted)).rows
    if not found:
        states.notice("The link names an exception that does not exist, or not yet on this day.")
        return
    row = found[0]
    like_it = Filters(batch=row.batch_id or "", cause=row.cause or "", field=row.field or "")
    in_all = assess.alike(records.counts(like_it).rows[0], row)
    past, near = records.same_record(row).rows, records.neighbours(row).rows
    _drawer(page, row, past, near, in_all, revealed=revealed, identity=records.identity)


def _drawer(
    page: shell.Page,
    row: RecordRow,
    past: Sequence[RecordRow],
    near: Sequence[RecordRow],
    in_all: int,
    *,
    revealed: bool,
    identity: str,
) -> None:
    def link(other: RecordRow) -> str:
        name = panel_records.identity_of(other, identity)
        return page.href("exceptions", **{panel_records.RECORD: name})

    @st.dialog("Exception", position="right", width=720, on_dismiss=_close)
    def drawer() -> None:
        panel_record.record(row, revealed=revealed, neighbours_in_all=in_all)
        panel_record.history(past, row, link, revealed)
        panel_record.neighbours(near, link, revealed)

    drawer()


def _close() -> None:
    st.query_params.pop(panel_records.RECORD, None)


def revealed(page: shell.Page) -> bool:
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
