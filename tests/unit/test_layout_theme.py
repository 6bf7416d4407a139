"""Marked verticals stay readable however many changes fall together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import plotly.graph_objects as go

from components.layout import theme

DAY = datetime(2026, 10, 1, tzinfo=UTC)


def test_changes_far_apart_keep_their_names() -> None:
    figure = _figure()
    theme.events(figure, [(DAY, "rules-2"), (DAY + timedelta(days=20), "xgb-4")])
    assert [note.text for note in figure.layout.annotations] == ["rules-2", "xgb-4"]
    assert len(figure.layout.shapes) == 2


def test_changes_close_together_share_a_label_that_counts_them() -> None:
    figure = _figure()
    theme.events(figure, [(DAY + timedelta(days=day), f"wf-{day}") for day in (3, 1, 2, 20)])
    assert [note.text for note in figure.layout.annotations] == ["3 changes", "wf-20"]
    assert figure.layout.annotations[0].hovertext == "wf-1<br>wf-2<br>wf-3"
    assert len(figure.layout.shapes) == 4


def test_an_empty_chart_still_takes_its_marks() -> None:
    figure = theme.events(go.Figure(), [(DAY, "rules-2")])
    assert [note.text for note in figure.layout.annotations] == ["rules-2"]


def _figure() -> go.Figure:
    days = [DAY + timedelta(days=day) for day in range(29)]
    return go.Figure(go.Scatter(x=days, y=list(range(29))))
