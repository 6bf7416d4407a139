"""The list of exceptions, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import pandas as pd
import streamlit as st

from components.exceptions.assess import cause_label, field_label, word_label
from components.layout import table
from components.layout.masking import mask
from queries.exceptions_rows import Position, RecordRow

RECORD = "record"
_KEY = "exception_list"
_PAGES = "exception_pages"
_OPENED = "_plumbline_exception_opened"
_LONGEST = 80
NO_VALUE = "(no value)"


def position(filters: str) -> Position | None:
    """Behind which exception the page begins; None at the top, where another filter begins."""
    steps = _steps(filters)
    return steps[-1] if steps else None


def listing(
    rows: Sequence[RecordRow],
    *,
    filters: str,
    page_size: int,
    whole: int,
    revealed: bool,
    identity: str,
) -> None:
    """Draw one page; choosing a row puts the exception into the URL, which opens it.

    ``rows`` may hold one more than a page: the list then goes on. ``whole`` is how many
    exceptions the filter keeps.
    """
    shown = rows[:page_size]
    steps = _steps(filters)
    list_key = f"{_KEY}_{len(steps)}"

    def opened() -> None:
        chosen = st.session_state[list_key].selection.rows
        if chosen:
            st.query_params[RECORD] = identity_of(shown[chosen[0]], identity)
            st.session_state[_OPENED] = True

    table.records(
        frame(shown, revealed),
        key=list_key,
        title="Exceptions, this page",
        columns=_columns(),
        on_select=opened,
    )
    if st.session_state.pop(_OPENED, False):
        st.rerun()  # the exception is opened by the page, not by its list
    if not steps and len(rows) <= page_size:
        return
    first = len(steps) * page_size + 1
    with st.container(horizontal=True, vertical_alignment="center", key="exception_pager"):
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            disabled=not steps,
            key="list_up",
            on_click=_move,
            args=(filters, steps[:-1]),
        )
        st.caption(f"{first:,} to {first + len(shown) - 1:,} of {whole:,}")
        following = [*steps, Position(shown[-1].group, shown[-1].exception_id)] if shown else steps
        st.button(
            "Next",
            icon=":material/chevron_right:",
            disabled=len(rows) <= page_size,
            key="list_down",
            on_click=_move,
            args=(filters, following),
        )


def identity_of(row: RecordRow, identity: str) -> str:
    """The exception's name in a link: its id, or for our recount its run and number."""
    return row.exception_id if identity == "id" else f"{row.group}-{row.exception_id}"


def frame(rows: Sequence[RecordRow], revealed: bool) -> pd.DataFrame:
    """Exceptions as a table; values of persons masked unless revealed."""

    def value(text: str | None, field: str | None = "") -> str:
        if text is None:
            return "" if field is None else NO_VALUE
        short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        return short if revealed else mask(short)

    return pd.DataFrame(
        {
            "Severity": [word_label(row.severity) for row in rows],
            "Status": [word_label(row.status) for row in rows],
            "Table": [row.table_name for row in rows],
            "Field": [field_label(row.field) for row in rows],
            "Cause": [cause_label(row.cause) for row in rows],
            "In the source": [value(row.source_value, row.field) for row in rows],
            "In the target": [value(row.target_value, row.field) for row in rows],
            "Key": [value(row.key) for row in rows],
            "Batch": [row.batch_id for row in rows],
            "First seen (UTC)": [row.first_seen_at.astimezone(UTC) for row in rows],
        }
    )


def _columns() -> dict[str, object]:
    seen = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC")
    return {"First seen (UTC)": seen}


def _steps(filters: str) -> list[Position]:
    kept = st.session_state.get(_PAGES)
    if kept is None or kept[0] != filters:
        return []
    return [Position(*step) for step in kept[1]]


def _move(filters: str, steps: list[Position]) -> None:
    st.session_state[_PAGES] = (filters, [tuple(step) for step in steps])
