"""The filters of exceptions: one field each, every choice in the URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.exceptions.assess import Dimension, Part
from queries.exceptions_rows import Filters

_FIELDS = (
    (Dimension.BATCH, 210),
    (Dimension.CAUSE, 170),
    (Dimension.SEVERITY, 110),
    (Dimension.STATUS, 120),
    (Dimension.FIELD, 150),
)


@dataclass(frozen=True, slots=True)
class View:
    """What the viewer filters by."""

    filters: Filters

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.filters == Filters()


def choose(row: Any, parts: Mapping[Dimension, Sequence[Part]]) -> View:
    """Draw the filters and give what they are set to; what does not occur cannot be chosen.

    ``parts`` are the exceptions broken down: the most frequent word stands first.
    """
    wanted = {}
    with row:
        for dimension, width in _FIELDS:
            stored = {part.label: part.value or "" for part in parts[dimension]}
            name = dimension.value.lower()
            chosen = st.selectbox(
                dimension.value,
                list(stored),
                index=None,
                placeholder="All",
                key=name,
                bind="query-params",
                width=width,
            )
            wanted[name] = stored.get(chosen) if chosen else None
    return View(Filters(**wanted))
