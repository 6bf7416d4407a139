"""Previous and next for lists whose rows are numbered from 1 without gaps."""

from __future__ import annotations

from collections.abc import Hashable

import streamlit as st


def place(key: str, listed: Hashable) -> int:
    """How many rows lie before the page; 0 at the top, where another list begins."""
    kept = st.session_state.get(_slot(key))
    return int(kept[1]) if kept is not None and kept[0] == listed else 0


def pager(key: str, listed: Hashable, *, shown: int, whole: int, page_size: int) -> None:
    """Buttons to the pages around; nothing where one page holds everything."""
    if whole <= page_size:
        return
    before = place(key, listed)
    last = before + shown
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_pager"):
        back = st.button(
            "Previous", icon=":material/chevron_left:", disabled=before == 0, key=f"{key}_up"
        )
        st.caption(f"{before + 1:,} to {last:,} of {whole:,}")
        ahead = st.button(
            "Next", icon=":material/chevron_right:", disabled=last >= whole, key=f"{key}_down"
        )
    if back or ahead:
        target = last if ahead else max(0, before - page_size)
        st.session_state[_slot(key)] = (listed, target)
        st.rerun()


def _slot(key: str) -> str:
    return f"{key}_place"
