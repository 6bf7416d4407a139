"""The list of exceptions, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import NamedTuple

import pandas as pd
import streamlit as st

from components.exceptions.assess import cause_label, field_label, word_label
from components.layout import states, table
from components.layout.masking import mask
from queries.exceptions_rows import Position, RecordRow

RECORD = "record"
_KEY = "exception_list"
_TURNED = "exception_page"
_OPENED = "_plumbline_exception_opened"
_LONGEST = 80
NO_VALUE = "(no value)"


class Turned(NamedTuple):
    """The page of the list that is shown: where it begins, and which way it is read from there.

    ``first`` is the place of its first exception among all, from 1.
    """

    after: Position | None
    backwards: bool
    first: int
    most: int


def turned(filters: str, page_size: int) -> Turned:
    """The page to ask for; the first one where another list was turned before."""
    kept = st.session_state.get(_TURNED)
    if kept is None or kept[0] != filters:
        return Turned(None, False, 1, page_size)
    after, *rest = kept[1]
    return Turned(None if after is None else Position(*after), *rest)


def key_field() -> str:
    """The key of a record to look for; it may name a person, and so stands in no link."""
    text = st.text_input(
        "Find a record by its key",
        key="record_key",
        placeholder="The whole key, as the source has it",
        width=320,
    )
    return text.replace("\0", "").strip()


def of_key(rows: Sequence[RecordRow], most: int, *, revealed: bool, identity: str) -> None:
    """The exceptions of one record, whatever the filters."""
    if not rows:
        states.notice("No exception has this key. Filters are left aside; the key must be whole.")
        return
    number = f"More than {most:,}" if len(rows) > most else f"{len(rows):,}"
    unit = "exception has" if len(rows) == 1 else "exceptions have"
    states.notice(f"{number} {unit} this key; filters are left aside.")
    _table(rows[:most], key=f"{_KEY}_found", revealed=revealed, identity=identity)


def listing(
    rows: Sequence[RecordRow],
    shown_from: Turned,
    *,
    filters: str,
    page_size: int,
    whole: int,
    revealed: bool,
    identity: str,
) -> None:
    """Draw one page; choosing a row puts the exception into the URL, which opens it.

    ``rows`` are as they were asked for: nearest first, and one more where the list goes on.
    ``whole`` is how many exceptions the filter keeps.
    """
    goes_on, came_from = len(rows) > shown_from.most, shown_from.after is not None
    shown = rows[: shown_from.most]
    before, behind = came_from, goes_on
    first = shown_from.first
    if shown_from.backwards:
        shown = shown[::-1]
        before, behind = goes_on, came_from
        first = first if before else 1
    _table(shown, key=f"{_KEY}_{first}", revealed=revealed, identity=identity)
    if shown and (before or behind):
        _pager(shown, first, before, behind, filters=filters, page_size=page_size, whole=whole)


def _pager(
    shown: Sequence[RecordRow],
    first: int,
    before: bool,
    behind: bool,
    *,
    filters: str,
    page_size: int,
    whole: int,
) -> None:
    last = first + len(shown) - 1
    on_last = (whole - 1) % page_size + 1
    up, down = (Position(row.group, row.exception_id) for row in (shown[0], shown[-1]))
    moves = (
        ("First", "first_page", before, Turned(None, False, 1, page_size)),
        (
            "Previous",
            "chevron_left",
            before,
            Turned(up, True, max(1, first - page_size), page_size),
        ),
        ("Next", "chevron_right", behind, Turned(down, False, last + 1, page_size)),
        ("Last", "last_page", behind, Turned(None, True, whole - on_last + 1, on_last)),
    )
    with st.container(horizontal=True, vertical_alignment="center", key="exception_pager"):
        for place, (name, icon, possible, to) in enumerate(moves):
            if place == len(moves) // 2:
                st.caption(f"{first:,} to {last:,} of {whole:,}", width="content")
            st.button(
                name,
                icon=f":material/{icon}:",
                disabled=not possible,
                key=f"list_{name.lower()}",
                on_click=_turn,
                args=(filters, to),
            )


def _turn(filters: str, to: Turned) -> None:
    after = None if to.after is None else tuple(to.after)
    st.session_state[_TURNED] = (filters, (after, *to[1:]))


def _table(rows: Sequence[RecordRow], *, key: str, revealed: bool, identity: str) -> None:
    def opened() -> None:
        chosen = st.session_state[key].selection.rows
        if chosen:
            st.query_params[RECORD] = identity_of(rows[chosen[0]], identity)
            st.session_state[_OPENED] = True

    table.records(
        frame(rows, revealed),
        key=key,
        title="Exceptions, this page",
        columns=_columns(),
        on_select=opened,
    )
    if st.session_state.pop(_OPENED, False):
        st.rerun()  # the exception is opened by the page, not by its list


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
