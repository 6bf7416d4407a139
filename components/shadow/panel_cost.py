"""What mistakes and calls cost under both models, at prices that can be changed."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from components.layout import states, table
from components.layout.chart import chart
from components.shadow import figures_cost
from components.shadow.types import Cost
from components.statistics.cost import UnitCosts

_FIELDS = (
    ("false_negative", "cost_missed", "A missed priority ticket", "%.2f", 1.0),
    ("false_positive", "cost_alarm", "A false alarm", "%.2f", 1.0),
    ("llm_call", "cost_llm", "An LLM call", "%.4f", 0.001),
    ("review", "cost_review", "A review", "%.2f", 0.5),
)


def prices(standard: UnitCosts) -> UnitCosts:
    """The unit costs in force on this screen: the policy's, unless changed in the URL."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key="shadow_costs"
    ):
        chosen = {
            name: _field(key, label, getattr(standard, name), spelling, step)
            for name, key, label, spelling, step in _FIELDS
        }
        if chosen != {name: getattr(standard, name) for name, *_ in _FIELDS}:
            st.button(
                "Standard prices",
                icon=":material/restart_alt:",
                on_click=_reset,
                args=(standard,),
                key="cost_reset",
            )
    return UnitCosts(**chosen)


def _field(key: str, label: str, standard: Decimal, spelling: str, step: float) -> Decimal:
    value = st.number_input(
        f"{label}, $",
        min_value=0.0,
        max_value=1_000_000.0,
        value=float(standard),
        step=step,
        format=spelling,
        key=key,
        bind="query-params",
        width=180,
    )
    places = int(spelling[2])
    return standard if value is None else Decimal(str(round(value, places))).normalize()


def _reset(standard: UnitCosts) -> None:
    for name, key, *_ in _FIELDS:
        st.session_state[key] = float(getattr(standard, name))


def cost(found: Cost | None) -> None:
    """The difference at these prices, and the map around them."""
    if found is None:
        states.empty(
            "Too few reviews of both models to say what their mistakes cost.",
            "Work on the queue to label, or choose a later as-of day.",
        )
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        table.small(figures_cost.cost_table(found), key="shadow_cost", title="Cost of both models")
        st.caption(
            f"Mistakes are estimated from {found.n:,} reviews, weighted; calls and reviews are "
            "counted. Each interval holds for its own prices: the map shows where the answer "
            "turns, the gate decides."
        )
    with right:
        drawn = figures_cost.pays_map(found)
        chart(
            drawn.figure,
            title="Where promoting pays",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_cost_map",
            note="Difference in $ for 1,000 predictions. ✓ pays, ✕ costs more, ◷ open: the 95% "
            "interval holds both. Frame: the prices above.",
        )
