"""Status and verdict as people read them: a sign and a word, and colour only besides."""

from __future__ import annotations

from html import escape

import streamlit as st

from components.gates.status import Status, Verdict
from components.layout import icons, theme


def status_html(status: Status, *, small: bool = False) -> str:
    """A status badge as HTML, for use inside other HTML."""
    size = " pl-badge-small" if small else ""
    return (
        f'<span class="pl-badge{size}" style="color:{theme.STATUS[status].css}">'
        f"{icons.status_icon(status)}{escape(status.word)}</span>"
    )


def status_text(status: Status) -> str:
    """A status for tables and files: sign and word."""
    return f"{icons.status_glyph(status)} {status.word}"


def status_badge(status: Status, *, small: bool = False) -> None:
    """Draw a status badge."""
    st.html(status_html(status, small=small), width="content")


def verdict_html(verdict: Verdict) -> str:
    """A verdict as HTML: sign and word."""
    return (
        f'<span class="pl-verdict-word" style="color:{theme.VERDICT[verdict].css}">'
        f"{icons.verdict_icon(verdict)}{escape(verdict.value)}</span>"
    )


def verdict(verdict: Verdict, sentence: str) -> None:
    """Draw a verdict with the sentence that explains it."""
    st.html(f'<p class="pl-verdict">{verdict_html(verdict)}: <span>{escape(sentence)}</span></p>')
