"""The two windows on one time line: drawn, dragged, and picked quickly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

import streamlit as st

from components.drift import panel_words as words
from components.drift.figures_timeline import DayVolume, timeline
from components.drift.material import LONGEST_TWIN, Span, Windows, with_twin
from components.drift.types import ChangeKind, ProgrammeChange
from components.layout import table
from components.layout.glossary import help_for
from components.pipeline.figures import Drawn
from components.statistics.seasonal_twin import seasonal_twin

REFERENCE, CURRENT = "reference", "current"
_ONE_DAY = timedelta(days=1)
_WEEK, _MONTH = timedelta(days=7), timedelta(days=28)
_FORMAT = "D MMM YYYY"
_OFFERED = 12
_TITLE = "Predictions by day, and the two windows"
_NOTE = (
    "▲ deployment, ◆ configuration, ■ migration. Drag across the days of a window, or move its "
    "ends below, by mouse or arrow keys."
)
_TIMELINE, _DRAGGED = "drift_timeline", "drift_dragged"
_NAMES = {CURRENT: "Current window", REFERENCE: "Reference window"}


def choose(
    days: Sequence[DayVolume], default: Windows, changes: Sequence[ProgrammeChange]
) -> Windows:
    """Draw the time line with its two sliders, and give the windows they stand at.

    The windows live in the URL; ``days`` has every day of the time line, at least two.
    """
    known = tuple(one.day for one in days if one.rows is not None)
    with st.container(key="drift_windows", gap="xxsmall"):
        st.markdown(f"**{_TITLE}**  \n:small[:gray[{_NOTE}]]")
        place = st.container()
        reference = _slider(_NAMES[REFERENCE], REFERENCE, days, default.reference)
        current = _slider(_NAMES[CURRENT], CURRENT, days, default.current)
        chosen = with_twin(reference, current, known)
        drawn = timeline(days, chosen, changes)
        with place:
            _draggable(drawn, days[0].day, days[-1].day)
        quick_picks(days, default, chosen, changes)
        drawer = st.expander(
            "Numbers behind this chart", type="compact", on_change="rerun", key="drift_days"
        )
        if drawer.open:
            with drawer:
                table.records(drawn.table, key="drift_days_table", title=_TITLE)
    return chosen


def _draggable(drawn: Drawn, first: date, last: date) -> None:
    """The time line: a drag across days is the window that was chosen above it."""
    st.segmented_control(
        "Dragging on the time line sets the",
        tuple(_NAMES),
        default=CURRENT,
        required=True,
        key=_DRAGGED,
        format_func=_name,
        width="content",
    )
    st.plotly_chart(
        drawn.figure,
        key=_TIMELINE,
        config={"displayModeBar": False},
        alt=drawn.alt,
        on_select=partial(_take_dragged, first, last),
        selection_mode="box",
    )


def _name(key: str) -> str:
    return _NAMES[key].lower()


def _take_dragged(first: date, last: date) -> None:
    boxes = st.session_state[_TIMELINE].selection.box
    if boxes:
        st.session_state[st.session_state[_DRAGGED]] = dragged(boxes[0]["x"], first, last)


def dragged(ends: Sequence[str], first: date, last: date) -> tuple[date, date]:
    """The first and last day that a drag between two moments of the time line touches.

    ``ends`` are moments as the chart tells them, in either order; days outside the line are left
    out.
    """
    days = sorted(datetime.fromisoformat(end[:10]).date() for end in ends)
    low, high = (min(max(day, first), last) for day in days)
    return low, high


def _slider(label: str, key: str, days: Sequence[DayVolume], default: Span) -> Span:
    first, last = days[0].day, days[-1].day
    low, high = st.slider(
        label,
        min_value=first,
        max_value=last,
        value=_inside(default, first, last),
        key=key,
        bind="query-params",
        format=_FORMAT,
        help=help_for(label),
    )
    return low, high + _ONE_DAY


def _inside(span: Span, first: date, last: date) -> tuple[date, date]:
    low = min(max(span[0], first), last)
    return low, min(max(span[1] - _ONE_DAY, low), last)


def quick_picks(
    days: Sequence[DayVolume],
    default: Windows,
    chosen: Windows,
    changes: Sequence[ProgrammeChange],
) -> None:
    """Windows that people ask for most, one click each."""
    first, end = days[0].day, days[-1].day + _ONE_DAY
    week, month = (end - _WEEK, end), (end - _MONTH, end)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="drift_picks"):
        _pick("Last week", default.reference, week, "pick_week", first)
        _pick("Last 28 days", default.reference, month, "pick_month", first)
        _pick("Last week, a year apart", _twin(week), week, "pick_week_twin", first)
        _pick(
            "Current window, a year apart", _twin(chosen.current), chosen.current,
            "pick_twin", first,
        )  # fmt: skip
        offered = [one for one in changes if first < one.at.date() < end]
        with st.popover("Before and after", icon=":material/compare_arrows:"):
            if not offered:
                st.caption("Nothing was deployed or changed on this time line.")
            for place, change in enumerate(sorted(offered, key=_at, reverse=True)[:_OFFERED]):
                day = change.at.date()
                before = (max(first, day - _MONTH), day)
                after = (day, min(end, day + _MONTH))
                name = f"{words.CHANGE_SIGNS[change.kind]} {change.label}, {day:%d %b %Y}"
                _pick(name, before, after, f"pick_change_{place}", first)


def _at(change: ProgrammeChange) -> tuple[bool, float]:
    return change.kind is not ChangeKind.MIGRATION, change.at.timestamp()


def _twin(span: Span) -> Span | None:
    """The same weeks a year before; None for a window of too many seasons."""
    if (span[1] - span[0]).days > LONGEST_TWIN:
        return None
    found = seasonal_twin(*span)
    return found.start, found.end


def _pick(label: str, reference: Span | None, current: Span, key: str, first: date) -> None:
    impossible = reference is None or reference[0] < first
    st.button(
        label,
        key=key,
        on_click=_move,
        args=(reference, current),
        disabled=impossible,
        help="There are no predictions from that time." if impossible else None,
    )


def _move(reference: Span, current: Span) -> None:
    st.session_state[REFERENCE] = (reference[0], reference[1] - _ONE_DAY)
    st.session_state[CURRENT] = (current[0], current[1] - _ONE_DAY)
