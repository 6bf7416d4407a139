"""Cost, latency and errors, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.gates.policy import Policy
from components.layout import numbers, states, table
from components.layout.chart import chart
from components.pipeline import figures_latency
from components.pipeline.assess_changes import Change
from components.pipeline.assess_latency import BINS, Costs, Latency
from components.pipeline.figures import Drawn
from components.pipeline.limits import limit
from queries.audit_rows import Path

_NAMES = {Path.FAST_PATH: "Without the LLM", Path.LLM_PATH: "With the LLM"}
FAST, SLOW, ERRORS = "latency.fast_path_p95", "latency.llm_path_p95", "errors.rate"


def cost_and_latency(
    latency: Latency, costs: Costs, policy: Policy, changes: Sequence[Change]
) -> None:
    """Quantiles per layer, p95 against the service level, cost, errors."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        _quantiles(latency)
    with right:
        _cost(costs)
    left, right = st.columns(2, gap="large")
    with left:
        _daily(latency, Path.FAST_PATH, limit(policy, FAST), changes)
    with right:
        _daily(latency, Path.LLM_PATH, limit(policy, SLOW), changes)
    if costs.errors.part == 0:
        st.markdown(f"**Errors.** None: no error on {costs.n:,} predictions.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        drawn = figures_latency.errors_by_day(costs.days, limit(policy, ERRORS))
        _chart(drawn, "Errors by day", "errors_daily", "Share of predictions that failed")
    with right:
        _codes(costs)


def _chart(drawn: Drawn, title: str, key: str, note: str) -> None:
    chart(drawn.figure, title=title, alt=drawn.alt, table=drawn.table, key=key, note=note)


def _quantiles(latency: Latency) -> None:
    if not latency.paths:
        states.empty("No latency was recorded.", "Choose a longer period.")
        return
    _chart(
        figures_latency.quantiles(latency.paths),
        "Latency of each layer",
        "latency_quantiles",
        "Circle p50, diamond p95 with its value, stroke p99; from a log-spaced histogram, off by "
        f"{BINS.relative_error:.1%} at most",
    )


def _daily(latency: Latency, path: Path, level: float | None, changes: Sequence[Change]) -> None:
    name = _NAMES[path]
    if latency.of(path) is None:
        states.empty(f"No request was measured: {name.lower()}.", "Choose a longer period.")
        return
    _chart(
        figures_latency.daily_p95(latency.days, path, level, changes),
        f"{name}: p95 by day",
        f"latency_{path.value}",
        "Whole request, against the service level",
    )


def _cost(costs: Costs) -> None:
    st.markdown("**Calls and cost**")
    st.caption("At the prices in force when each call was made.")
    table.small(figures_latency.cost_table(costs), key="cost", title="Calls and cost by layer")
    unpriced = sum(layer.unpriced for layer in costs.layers)
    words = f"Together {numbers.money(costs.total)}"
    st.caption(f"{words}, without {unpriced:,} calls that have no price." if unpriced else words)


def _codes(costs: Costs) -> None:
    st.markdown("**Errors by code**")
    st.caption(numbers.share(costs.errors.part, costs.errors.whole))
    frame = pd.DataFrame(
        [
            (
                item.code,
                numbers.count(item.share.part),
                numbers.percentage(item.share.part, item.share.whole),
            )
            for item in costs.codes
        ],
        columns=["Code", "Predictions", "Share"],
    )
    table.small(frame, key="error_codes", title="Errors by code")
