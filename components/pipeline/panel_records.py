"""Lists of predictions, one page at a time, and one prediction in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd
import streamlit as st

from components.layout import numbers, table
from queries.audit_rows import After, PredictionRow

RECORD = "record"
SCORED = "Scored (UTC)"
_COLUMNS = {SCORED: st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", timezone="UTC")}


class _Keyed(Protocol):
    @property
    def prediction_id(self) -> Any: ...

    @property
    def scored_at(self) -> Any: ...


def position(key: str, filters: str) -> After | None:
    """Where the list stands: the prediction behind which its page begins; None at the top.

    Another filter begins at the top again.
    """
    steps = _steps(key, filters)
    return After(*steps[-1]) if steps else None


def _steps(key: str, filters: str) -> list[tuple[Any, Any]]:
    kept = st.session_state.get(f"{key}_pages")
    if kept is None or kept[0] != filters:
        return []
    return list(kept[1])


def listing(
    rows: Sequence[_Keyed],
    columns: Mapping[str, Sequence[Any]],
    *,
    key: str,
    filters: str,
    page_size: int,
    title: str,
) -> None:
    """Draw one page of a list; choosing a row opens the prediction and puts it into the URL.

    ``rows`` may hold one more than a page: the list then goes on.
    """
    shown = rows[:page_size]
    frame = pd.DataFrame({name: list(values)[:page_size] for name, values in columns.items()})
    list_key = f"{key}_list"

    def opened() -> None:
        chosen = st.session_state[list_key].selection.rows
        if chosen:
            st.query_params[RECORD] = str(shown[chosen[0]].prediction_id)

    table.records(frame, key=list_key, title=title, columns=_COLUMNS, on_select=opened)
    steps = _steps(key, filters)
    if not steps and len(rows) <= page_size:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_pager"):
        if st.button("Newer", icon=":material/chevron_left:", disabled=not steps, key=f"{key}_up"):
            _move(key, filters, steps[:-1])
        st.caption(f"Page {len(steps) + 1}")
        last = len(rows) <= page_size
        if st.button("Older", icon=":material/chevron_right:", disabled=last, key=f"{key}_down"):
            behind = shown[-1]
            _move(key, filters, [*steps, (behind.scored_at, behind.prediction_id)])


def _move(key: str, filters: str, steps: list[tuple[Any, Any]]) -> None:
    st.session_state[f"{key}_pages"] = (filters, steps)
    st.rerun()


def close_record() -> None:
    """Take the open prediction out of the URL."""
    st.query_params.pop(RECORD, None)


def record(row: PredictionRow | None) -> None:
    """One prediction: what each layer said, under which version, how fast, and what came of it."""
    with st.container(border=True, key="record"):
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            title = "Prediction" if row is None else f"Prediction {row.prediction_id}"
            st.subheader(title, anchor=False)
            st.button("Close", icon=":material/close:", on_click=close_record, key="record_close")
        if row is None:
            st.markdown("No prediction with this id was made before the as-of day.")
            return
        st.caption(_facts(row))
        st.table(_layers(row), border="horizontal", hide_index=True, alt="Each layer")


def _facts(row: PredictionRow) -> str:
    parts = [
        f"Ticket {row.ticket_id}",
        f"scored {numbers.moment(row.scored_at)}",
        row.environment,
        f"work type {row.work_type or 'not given'}",
        f"region {row.region or 'not given'}",
        "escalated" if row.escalated else "not escalated",
        f"LLM trigger: {row.llm_trigger or 'none'}",
        f"configuration {row.workflow_config or 'missing'}",
    ]
    if row.error:
        parts.append(f"error {row.error}")
    return " · ".join(parts)


def _layers(row: PredictionRow) -> pd.DataFrame:
    lines = [
        ("Rules", row.rules_decision, row.rules_score, row.rules_version, row.rules_latency_ms),
        ("Model", row.ml_decision, row.ml_score, row.ml_version, row.ml_latency_ms),
        ("LLM", row.llm_decision, row.llm_score, row.llm_version, row.llm_latency_ms),
        ("Final", row.final_decision, row.final_score, None, row.total_latency_ms),
    ]
    return pd.DataFrame(
        [
            (
                layer,
                decision or numbers.MISSING,
                numbers.decimal(score, 4),
                version or numbers.MISSING,
                numbers.milliseconds(latency),
            )
            for layer, decision, score, version, latency in lines
        ],
        columns=["Layer", "Decision", "Score", "Version", "Latency"],
    )
