"""Tables: records to scroll and select, and small ones that are real HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from components.layout.exporting import offer

ROW_HEIGHT = 30
OnSelect = Callable[[], None]


def records(
    frame: pd.DataFrame,
    *,
    key: str,
    title: str = "Records",
    columns: Mapping[str, Any] | None = None,
    on_select: OnSelect | None = None,
    export: pd.DataFrame | None = None,
    height: int | Literal["auto", "content", "stretch"] = "auto",
) -> None:
    """Draw records with their export underneath.

    ``columns`` is Streamlit's column configuration. ``on_select`` is called after a row was
    chosen; read ``st.session_state[key].selection.rows``. ``export`` is what the file holds
    where that differs from what is drawn.
    """
    options: dict[str, Any] = {}
    if on_select is not None:
        options = {"on_select": on_select, "selection_mode": "single-row"}
    with st.container(gap="xxsmall"):
        st.dataframe(
            frame,
            key=key,
            hide_index=True,
            column_config=dict(columns or {}),
            row_height=ROW_HEIGHT,
            height=height,
            alt=title,
            **options,
        )
        offer(frame if export is None else export, title=title, key=f"{key}_export")


def small(frame: pd.DataFrame, *, key: str, title: str) -> None:
    """Draw a few rows as a real table, with their export underneath."""
    with st.container(gap="xxsmall"):
        st.table(frame, border="horizontal", hide_index=True, alt=title)
        offer(frame, title=title, key=f"{key}_export")
