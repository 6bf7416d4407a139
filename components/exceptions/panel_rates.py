"""The rate of exceptions over batches, drawn with its verdict in words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.exceptions import figures
from components.exceptions.assess_rates import Rates, tables
from components.layout import chart, states
from components.reconciliation.assess import Run
from queries.exceptions_rows import CountRow


def choose_table(run: Run, rows: Sequence[CountRow]) -> str:
    """The table whose batches are compared: rates of different tables are different things."""
    names = tables(run, rows)
    if len(names) == 1:
        return names[0]
    chosen = st.segmented_control(
        "Table", names, default=names[0], key="table", bind="query-params", required=True
    )
    return str(chosen or names[0])


def rates(found: Rates, limit: float | None) -> None:
    """The verdict, then the chart."""
    if not found.batches:
        states.notice(found.sentence)
        return
    st.markdown(found.sentence)
    chart.chart(
        figures.rate_chart(found, limit),
        title=f"{found.table}: exceptions per record extracted",
        note="All exceptions, whatever became of them; only open ones count for the limit. "
        "Mocks stand before the run that is shown.",
        alt=figures.rate_alt(found),
        table=figures.rate_frame(found),
        key="exception_rates",
    )
