"""The export button that every table carries, bound to the page it stands on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.layout.exporting import Exporter
from dashboard.reports.export import Heading, file_name, recorded_export
from dashboard.reports.recording import recorder

if TYPE_CHECKING:
    from dashboard.shell import Page


def download(page: Page) -> Exporter:
    """The export of a page: its scope, policy and viewer are captured now, not at the click."""
    scope, who, policy_version = page.scope, page.viewer, page.policy.version

    def draw(frame: pd.DataFrame, *, title: str, key: str) -> None:
        record = recorder()
        heading = Heading(title, scope, policy_version, who.role, recorded=record is not None)
        st.download_button(
            "CSV",
            data=partial(recorded_export, frame, heading, pseudonym=who.pseudonym, record=record),
            file_name=file_name(title, scope),
            mime="text/csv",
            key=key,
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
            help=f"{len(frame):,} rows with filter, as-of, policy and SHA-256",
        )

    return draw
