"""One exception in full: both values side by side, the rule, the history, and its like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from components.exceptions import cause_words
from components.exceptions.assess import cause_label, field_label, word_label
from components.exceptions.cause_kinds import Cause, CauseKind
from components.layout import numbers, states
from components.layout.masking import Marked, Piece, marked, mask, mask_quoted
from queries.exceptions_rows import RecordRow

_CONTEXT = 60
_NO_VALUE = '<span class="pl-novalue">no value</span>'
_EMPTY = '<span class="pl-novalue">empty text</span>'

Link = Callable[[RecordRow], str]


def record(row: RecordRow, *, revealed: bool, neighbours_in_all: int) -> None:
    """Source beside target with the differences marked, then what is known about it."""
    both = marked(row.source_value, row.target_value, revealed=revealed)
    st.html(_facts_line(row))
    if row.source_value is None and row.target_value is None:
        st.markdown("The exception is about the whole record: no single value was recorded.")
    else:
        st.html(side_by_side(both, row))
    st.markdown(explanation(row, revealed))
    st.html(_facts(row, revealed, neighbours_in_all))
    if not revealed:
        states.notice(
            "Values are masked: letters show as x, letters outside ASCII as ẍ, digits as 9. "
            "Differences are marked on the originals."
        )


def explanation(row: RecordRow, revealed: bool) -> str:
    """What happened to the value, with the rule and how sure it is."""
    if row.cause not in set(CauseKind):
        return f"Cause: {cause_label(row.cause).lower()}."
    signature = row.signature if revealed else mask_quoted(row.signature)
    sure = 100 if row.confidence is None else row.confidence
    return cause_words.sentence(Cause(CauseKind(row.cause), sure, signature))


def side_by_side(both: Marked, row: RecordRow) -> str:
    """The two values as one HTML table; a space that differs is drawn, since it is invisible."""
    return (
        '<table class="pl-pair"><thead><tr><th scope="col">In the source</th>'
        '<th scope="col">In the target</th></tr></thead><tbody><tr>'
        f"<td>{_value(both.source, row.source_value)}</td>"
        f"<td>{_value(both.target, row.target_value)}</td></tr></tbody></table>"
    )


def _value(pieces: tuple[Piece, ...] | None, original: str | None) -> str:
    if pieces is None:
        return _NO_VALUE
    if not pieces:
        return _EMPTY
    body = "".join(_piece(piece) for piece in pieces)
    length = len(original or "")
    unit = "character" if length == 1 else "characters"
    return f'<code class="pl-value">{body}</code><span class="pl-quiet">{length:,} {unit}</span>'


def _piece(piece: Piece) -> str:
    text = piece.text
    if len(text) > 2 * _CONTEXT:
        text = f"{text[:_CONTEXT]} … {text[-_CONTEXT:]}"
    if not piece.differs:
        return escape(text)
    drawn = text.replace(" ", "␣").replace("\t", "⇥").replace("\n", "↵")
    return f"<mark>{escape(drawn)}</mark>"


def _facts_line(row: RecordRow) -> str:
    parts = [
        f"{row.table_name} · {field_label(row.field)}",
        word_label(row.severity),
        word_label(row.status),
    ]
    return f'<p class="pl-quiet">{escape(" · ".join(parts))}</p>'


def _facts(row: RecordRow, revealed: bool, neighbours_in_all: int) -> str:
    key = row.key if revealed else mask(row.key)
    facts = [
        ("Key", key),
        ("Failure type", (row.kind or "not given").replace("_", " ")),
        ("Batch", row.batch_id or "not given"),
        ("Run", row.run_name or "not given"),
        ("First seen", numbers.moment(row.first_seen_at)),
        ("Last seen", numbers.moment(row.last_seen_at)),
        ("Same field, cause and batch", f"{neighbours_in_all:,} exceptions"),
    ]
    if row.details:
        words = row.details if revealed else "hidden, since free text may name a person"
        facts.insert(2, ("The tool's words", words))
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    return f'<dl class="pl-record-facts">{lines}</dl>'


def history(rows: Sequence[RecordRow], current: RecordRow, link: Link, revealed: bool) -> None:
    """The same record in every run and attempt so far."""
    st.markdown("**This record so far**")
    others = [row for row in rows if row != current]
    if not others:
        states.notice("No other exception of this record is known.")
        return
    lines = "".join(_history_line(row, row == current, link, revealed) for row in rows)
    st.html(f'<ul class="pl-history">{lines}</ul>')


def _history_line(row: RecordRow, is_current: bool, link: Link, revealed: bool) -> str:
    name = f"{row.run_name or 'run not given'} · {field_label(row.field)}"
    title = escape(name)
    if not is_current:
        title = f'<a class="pl-link" href="{escape(link(row), quote=True)}">{title}</a>'
    both = marked(row.source_value, row.target_value, revealed=revealed)
    change = (
        f"{cause_label(row.cause)} · {word_label(row.status)} · {numbers.day(row.last_seen_at)}"
    )
    pair = f'<span class="pl-short">{_short(both.source)} → {_short(both.target)}</span>'
    shown = "" if row.source_value is None and row.target_value is None else pair
    here = ' <span class="pl-quiet">this exception</span>' if is_current else ""
    return f'<li><p>{title}{here}</p><p class="pl-quiet">{escape(change)}</p>{shown}</li>'


def neighbours(rows: Sequence[RecordRow], link: Link, revealed: bool) -> None:
    """A few more of the same: the defect shows in their likeness."""
    st.markdown("**Others with the same defect**")
    if not rows:
        states.notice("No other exception has the same field, cause and batch.")
        return
    lines = "".join(
        f'<li><a class="pl-link" href="{escape(link(row), quote=True)}">{_pair(row, revealed)}</a>'
        "</li>"
        for row in rows
    )
    st.html(f'<ul class="pl-history">{lines}</ul>')


def _pair(row: RecordRow, revealed: bool) -> str:
    both = marked(row.source_value, row.target_value, revealed=revealed)
    if row.source_value is None and row.target_value is None:
        return escape(f"Key {row.key if revealed else mask(row.key)}")
    return f'<span class="pl-short">{_short(both.source)} → {_short(both.target)}</span>'


def _short(pieces: tuple[Piece, ...] | None) -> str:
    if pieces is None:
        return "no value"
    text = "".join(_piece(piece) for piece in pieces[:8])
    return text or "empty text"
