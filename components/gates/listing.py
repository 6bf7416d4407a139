"""Gates as rows: status, number, limit, n, age and history, one table for each decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from components.gates.assess import GateResult
from components.gates.evidence import ALL
from components.gates.status import Status
from components.layout import badge, icons, numbers, table, theme
from queries.gate_history import GateDay

STATUS, GATE, VALUE, INTERVAL, LIMIT, N, AGE, HISTORY = (
    "Status",
    "Gate",
    "Value",
    "95% interval",
    "Limit",
    "n",
    "Age",
    "History",
)
_STRIP_DAYS = 20
_STRIP_HEIGHT = 22
# The worse, the taller: the strip is read without its colours too.
_HEIGHTS = {
    Status.PASS: 5,
    Status.WARN: 9,
    Status.WAIVED: 9,
    Status.RUNNING: 12,
    Status.NO_DATA: 12,
    Status.STALE: 15,
    Status.ERROR: 18,
    Status.FAIL: 22,
}

History = Mapping[tuple[str, str], Sequence[Status]]


def identity(gate: GateResult) -> str:
    """The gate's name in a link: its requirement, and its slice unless that is everything."""
    own = gate.requirement.id
    return own if gate.slice == ALL else f"{own}@{gate.slice}"


def histories(days: Iterable[GateDay]) -> History:
    """The recorded statuses of each gate and slice, oldest first."""
    words = {status.name: status for status in Status}
    found: dict[tuple[str, str], list[Status]] = defaultdict(list)
    for day in days:
        if day.status in words:
            found[day.requirement, day.slice].append(words[day.status])
    return found


def frame(gates: Sequence[GateResult], history: History, as_of: datetime) -> pd.DataFrame:
    """The rows of a table; the history is a drawing, which files leave out."""
    return pd.DataFrame(
        {
            STATUS: [[badge.status_text(gate.status)] for gate in gates],
            GATE: [_title(gate) for gate in gates],
            VALUE: [gate.value_text for gate in gates],
            INTERVAL: [gate.interval_text for gate in gates],
            LIMIT: [gate.limit_text for gate in gates],
            N: [numbers.count(gate.n) for gate in gates],
            AGE: [_age(gate, as_of) for gate in gates],
            HISTORY: [strip(history.get((gate.requirement.id, gate.slice), ())) for gate in gates],
        }
    )


def export_frame(gates: Sequence[GateResult], as_of: datetime) -> pd.DataFrame:
    """The same rows for a file, with what the screen keeps in the detail."""
    shown = frame(gates, {}, as_of).drop(columns=[HISTORY])
    return shown.assign(
        **{
            STATUS: [gate.word for gate in gates],
            "Id": [identity(gate) for gate in gates],
            "Decision": [gate.requirement.decision for gate in gates],
            "Asked for by": [", ".join(gate.requirement.requirements) for gate in gates],
            "Severity": [gate.requirement.severity.value for gate in gates],
            "Owner": [gate.who for gate in gates],
            "Sentence": [gate.sentence for gate in gates],
            "Next step": [gate.next_step for gate in gates],
        }
    )


def listing(
    gates: Sequence[GateResult],
    history: History,
    as_of: datetime,
    *,
    key: str,
    title: str,
    on_select: table.OnSelect,
) -> None:
    """Draw one decision's gates; choosing a row calls ``on_select``."""
    shown = frame(gates, history, as_of)
    if not any(shown[HISTORY]):
        shown = shown.drop(columns=[HISTORY])
    if not any(gate.evidence and gate.evidence.low is not None for gate in gates):
        shown = shown.drop(columns=[INTERVAL])
    table.records(
        shown,
        key=key,
        title=title,
        columns=_columns(),
        on_select=on_select,
        export=export_frame(gates, as_of),
        height="content",
    )


def strip(statuses: Sequence[Status]) -> str:
    """The latest recorded days as bars, taller for worse; empty without history."""
    recent = statuses[-_STRIP_DAYS:]
    if not recent:
        return ""
    bars = "".join(
        f'<rect x="{place * 5}" y="{_STRIP_HEIGHT - _HEIGHTS[status]}" width="4" '
        f'height="{_HEIGHTS[status]}" fill="{theme.STATUS_MARK[status]}"/>'
        for place, status in enumerate(recent)
    )
    return icons.svg_uri(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_STRIP_DAYS * 5}" '
        f'height="{_STRIP_HEIGHT}">{bars}</svg>'
    )


def _title(gate: GateResult) -> str:
    slice_ = "" if gate.slice == ALL else f" ({gate.slice})"
    advisory = "" if gate.requirement.counted else " (advisory)"
    return f"{gate.requirement.title}{slice_}{advisory}"


def _age(gate: GateResult, as_of: datetime) -> str:
    if gate.evidence is None or gate.evidence.measured_at is None:
        return numbers.MISSING
    return numbers.age(gate.evidence.measured_at, as_of)


def _columns() -> dict[str, object]:
    worst_first = sorted(Status, reverse=True)
    return {
        STATUS: st.column_config.MultiselectColumn(
            options=[badge.status_text(status) for status in worst_first],
            color=[theme.STATUS[status].light for status in worst_first],
            width=95,
        ),
        GATE: st.column_config.TextColumn(width=275),
        VALUE: _figures(85),
        INTERVAL: _figures(165),
        LIMIT: st.column_config.TextColumn(width=230),
        N: _figures(65),
        AGE: _figures(80),
        HISTORY: st.column_config.ImageColumn(
            help="Recorded days, oldest first; the taller the bar, the worse", width=115
        ),
    }


def _figures(width: int) -> object:
    return st.column_config.TextColumn(width=width, alignment="right")
