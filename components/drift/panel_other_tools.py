"""What other tools would say of the same feature, by their own definitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from components.drift import panel_words as words
from components.drift.other_tools import ToolScore, category, number, points_of_bins
from components.drift.types import Finding
from components.layout import numbers, table
from queries.drift_rows import FIRST, OUTSIDE, Variable, VariableKind


def scores(finding: Finding, variable: Variable) -> tuple[ToolScore, ...]:
    """The three tools' numbers from the same counts; missing values are left out, as they do."""
    before = np.array([one.reference for one in finding.bins], dtype=np.float64)
    after = np.array([one.current for one in finding.bins], dtype=np.float64)
    if variable.kind is VariableKind.CATEGORY:
        return category(before[OUTSIDE:], after[OUTSIDE:])
    edges = np.array(variable.edges, dtype=np.float64)
    return number(points_of_bins(edges, before[OUTSIDE:]), points_of_bins(edges, after[OUTSIDE:]))


def other_tools(finding: Finding, variable: Variable) -> None:
    """A table that stands beside our verdict, and decides nothing."""
    if not finding.bins or len(finding.bins) < FIRST:
        return
    if not st.toggle("What would other tools say?", key="tools", bind="query-params"):
        return
    table.small(
        frame(scores(finding, variable)),
        key="drift_tools",
        title=f"{finding.label}: what other tools would say",
    )
    st.caption(
        f"Here: {words.VERDICTS[finding.verdict].word.lower()}. The tools leave missing values "
        "out, take rows as independent, and compare with fixed limits."
    )


def frame(found: Sequence[ToolScore]) -> pd.DataFrame:
    """Each tool by its version, its default method and limit, and what it would say."""
    return pd.DataFrame(
        {
            "Tool": [f"{one.tool} {one.version}" for one in found],
            "Method": [one.method or numbers.MISSING for one in found],
            "Value": [numbers.decimal(one.value, 4) for one in found],
            "Limit": [
                f"{'below' if one.p_value else 'from'} {one.limit:g}" if one.method else ""
                for one in found
            ],
            "It would say": [_said(one) for one in found],
            "Made from": ["rows" if one.exact else "stored bins" for one in found],
        }
    )


def _said(one: ToolScore) -> str:
    if one.drifted is None:
        return one.remark
    return "▲ Drift" if one.drifted else "✓ No drift"
