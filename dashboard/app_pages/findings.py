"""Findings: what the oversight team found, how grave it is, who acts, and by when."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.governance import panel_findings as panel
from components.governance.assess_findings import Finding, answer, assess
from components.layout import states
from dashboard import shell
from queries import findings


def render() -> None:
    """Draw the page."""
    with shell.page("findings", method="Gates and verdicts", shown=()) as page:
        page.freshness("findings")
        found = assess(page.ask(findings.register).rows, page.as_of)
        page.answer(answer(found))
        if not found:
            states.empty("Nothing was found by this day.", "Choose a later as-of day.")
            return
        with page.filter_row:
            kept = panel.chosen(found)
        panel.headline(found)
        panel.over_time(found, page.as_of)
        panel.listing(kept)
        _opened(page, found)


def _opened(page: shell.Page, found: Sequence[Finding]) -> None:
    wanted = st.query_params.get(panel.FINDING)
    if wanted is None:
        return
    chosen = next((one for one in found if one.row.finding_id == wanted), None)
    if chosen is None:
        states.notice("The link names a finding that the register does not hold.")
        return

    @st.dialog("Finding", position="right", width=560, on_dismiss=panel.close)
    def drawer() -> None:
        panel.one(chosen, page.as_of)

    drawer()
