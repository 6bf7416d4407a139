"""The findings register on the screen: what is open, since when, who acts, and one in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.governance.assess_findings import (
    CLOSED,
    LATE,
    OPEN,
    STATES,
    Finding,
    days,
    opened_and_open,
)
from components.layout import numbers, states, table, theme
from components.layout.chart import chart
from components.layout.tile import Tile, tiles

PRIORITY, STATE, AREA, FINDING = "priority", "state", "area", "finding"
_MARKS = {LATE: "▲ past its date", OPEN: "○ open", CLOSED: "✓ closed"}
_EVERY = "All"


def headline(found: Sequence[Finding]) -> None:
    """Open findings by priority, and how late the latest is."""
    still = [one for one in found if one.is_open]
    names = sorted({one.priority for one in found})
    cells = [(f"{name} open", [one for one in still if one.priority == name]) for name in names]
    cells.append(("Past their date", [one for one in still if one.state == LATE]))
    tiles(
        [Tile(label, f"{len(own):,}", _oldest(own)) for label, own in cells], key="findings_tiles"
    )


def _oldest(found: Sequence[Finding]) -> str:
    oldest = max((days(one.age) for one in found), default=None)
    return "none" if oldest is None else f"the oldest open for {oldest:,} days"


def chosen(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that the filters keep; they live in the URL."""
    priorities = st.pills(
        "Priority",
        sorted({one.priority for one in found}),
        selection_mode="multi",
        key=PRIORITY,
        bind="query-params",
    )
    shown = st.pills("State", STATES, selection_mode="multi", key=STATE, bind="query-params")
    areas = [_EVERY, *sorted({one.row.area for one in found})]
    area = st.selectbox("Area", areas, key=AREA, bind="query-params", width=220)
    return tuple(
        one
        for one in found
        if (not priorities or one.priority in priorities)
        and (not shown or one.state in shown)
        and area in (None, _EVERY, one.row.area)
    )


def over_time(found: Sequence[Finding], as_of: datetime) -> None:
    """How many findings were open, day by day."""
    steps = opened_and_open(found, as_of)
    figure = go.Figure(
        go.Scatter(
            x=[at for at, _ in steps],
            y=[standing for _, standing in steps],
            line={"shape": "hv", "color": theme.PRODUCTION},
            hovertemplate="%{y} open<extra>%{x|%d %b %Y}</extra>",
        )
    )
    theme.apply(figure, height=170)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(title="open findings", tickformat="d")
    most = max(standing for _, standing in steps)
    chart(
        figure,
        title="Findings that were open",
        alt=f"Open findings over time: at most {most:,}, {steps[-1][1]:,} at the end.",
        table=pd.DataFrame(
            {
                "From": [numbers.moment(at) for at, _ in steps],
                "Open": [standing for _, standing in steps],
            }
        ),
        key="findings_open",
    )


def listing(found: Sequence[Finding]) -> None:
    """The findings as rows; choosing one opens it."""
    if not found:
        states.empty("No finding fits these filters.", "Take a filter away.")
        return
    frame = pd.DataFrame(
        {
            "State": [_MARKS[one.state] for one in found],
            "Priority": [one.priority for one in found],
            "Finding": [one.row.title for one in found],
            "Area": [one.row.area for one in found],
            "Who acts": [one.row.owner for one in found],
            "Opened": [numbers.day(one.row.opened_at) for one in found],
            "Due": [_day(one.row.due_at) for one in found],
            "Closed": [_day(one.row.closed_at) for one in found],
            "Days": [days(one.age) for one in found],
            "Evidence": [one.row.evidence or numbers.MISSING for one in found],
            "Id": [one.row.finding_id for one in found],
        }
    )
    table.records(
        frame,
        key="findings_list",
        title="Findings",
        columns={
            "Finding": st.column_config.TextColumn(width=380),
            "Evidence": st.column_config.TextColumn(width=380),
        },
        on_select=_select([one.row.finding_id for one in found]),
        height="content",
    )


def _select(ids: Sequence[str]) -> table.OnSelect:
    def opened() -> None:
        rows = st.session_state["findings_list"]["selection"]["rows"]
        if rows:
            st.query_params[FINDING] = ids[rows[0]]

    return opened


def close() -> None:
    """Take the finding out of the link."""
    st.query_params.pop(FINDING, None)


def one(found: Finding, as_of: datetime) -> None:
    """One finding in full; its words are another system's, so they are shown as plain text."""
    row = found.row
    lines = [
        f"Who acts: {row.owner}",
        f"Opened {numbers.moment(row.opened_at, as_of)}",
        f"Due {numbers.moment(row.due_at, as_of)}" if row.due_at else "No date was set",
        f"Closed {numbers.moment(row.closed_at, as_of)}" if row.closed_at else "Not closed",
    ]
    if found.late is not None:
        lines.append(f"{days(found.late):,} days past its date")
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    st.html(
        f"<h3>{escape(row.title)}</h3>"
        f"<p><strong>{escape(row.priority)}</strong> · {_MARKS[found.state]} · "
        f"{escape(row.area)}</p>"
        f"<p>{escape(row.evidence or 'No evidence is on record.')}</p><ul>{items}</ul>"
        f'<p class="pl-quiet">Finding {escape(row.finding_id)}</p>'
    )


def _day(moment: datetime | None) -> str:
    return numbers.day(moment) if moment is not None else numbers.MISSING
