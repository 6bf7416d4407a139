"""Prediction drift: each layer's scores and decisions, and what the shift is made of."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from components.drift import figures, figures_layers
from components.drift import panel_words as words
from components.drift.types import Attribution, LayerDrift
from components.layout import states, table
from components.layout.chart import chart


def attribution(found: Attribution | None) -> None:
    """The shift of the mean final score, split by input and by version."""
    st.header("What the shift is made of", anchor=False)
    if found is None:
        states.empty(
            "The shift cannot be split: one of the windows has no final scores.",
            "Choose windows that hold predictions.",
        )
        return
    left, right = st.columns([3, 2], gap="medium")
    drawn = figures_layers.waterfall(found)
    with left:
        chart(
            drawn.figure,
            title="Shift of the mean final score",
            alt=drawn.alt,
            table=drawn.table,
            key="drift_waterfall",
            note=f"Score points; the parts add up exactly. {found.method}",
        )
    with right:
        rows = "".join(
            f"<li><b>{escape(words.PARTS.get(part.name, part.name))} "
            f"{escape(words.points(part.points))}</b>"
            f"<p>{escape(part.sentence)}</p></li>"
            for part in found.parts
        )
        st.html(f'<ul class="pl-list pl-changes">{rows}</ul>')
        if found.note:
            states.notice(found.note)


def layers(found: Sequence[LayerDrift]) -> None:
    """Each layer: its scores and its decisions, in both windows."""
    st.header("Each layer", anchor=False)
    table.small(figures_layers.layer_table(found), key="drift_layers", title="Drift by layer")
    left, right = st.columns(2, gap="medium")
    with left:
        drawn = figures_layers.decisions(found)
        chart(
            drawn.figure,
            title="Decisions, before and now",
            alt=drawn.alt,
            table=drawn.table,
            key="drift_decisions",
            note="Share of each layer's decisions; counts in the table.",
        )
    with right:
        _scores(found)


def _scores(found: Sequence[LayerDrift]) -> None:
    with_scores = [layer for layer in found if layer.score is not None and layer.score.bins]
    if not with_scores:
        return
    names = {words.LAYERS.get(layer.layer, layer.layer): layer for layer in with_scores}
    last = len(names) - 1
    chosen = st.segmented_control(
        "Scores of", list(names), default=list(names)[last], required=True, key="layer",
        bind="query-params",
    )  # fmt: skip
    layer = names.get(chosen or "", with_scores[last])
    assert layer.score is not None
    drawn = figures.histogram(layer.score)
    chart(
        drawn.figure,
        title=f"Scores of the layer: {words.LAYERS.get(layer.layer, layer.layer)}",
        alt=drawn.alt,
        table=drawn.table,
        key="drift_scores",
        note=layer.score.sentence,
    )
