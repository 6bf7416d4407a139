"""A chart with its title, its words for those who cannot see it, and its table."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.layout import table as tables

_CONFIG = {"displayModeBar": False, "scrollZoom": False}


def chart(
    figure: go.Figure,
    *,
    title: str,
    alt: str,
    table: pd.DataFrame,
    key: str,
    note: str = "",
) -> None:
    """Draw a figure; ``alt`` says in words what its numbers say, ``table`` holds them.

    ``note`` is one quiet line under the title: unit, method, or how to read it.
    """
    with st.container(key=f"{key}_chart", gap="xsmall"):
        st.markdown(f"**{title}**" + (f"  \n:small[:gray[{note}]]" if note else ""))
        st.plotly_chart(figure, key=key, config=_CONFIG, alt=alt)
        drawer = st.expander(
            "Numbers behind this chart", type="compact", on_change="rerun", key=f"{key}_numbers"
        )
        if drawer.open:
            with drawer:
                tables.records(table, key=f"{key}_table", title=title)
