"""Data sources: which tables are there, how fresh they are, and what differs from the contract."""

from __future__ import annotations

import streamlit as st

from components.sources import assess, panel
from dashboard import shell
from queries.contract_check import RECENT_DAYS, compare
from queries.errors import DatabaseDownError, PlumblineError
from queries.freshness import Newest, newest, relation_notes


def render() -> None:
    """Draw the page."""
    with shell.page("data_sources", method="Data sources", shown=()) as page:
        with page.filter_row:
            rows = st.toggle(
                "Check the values too",
                key="values",
                bind="query-params",
                help=f"Reads the last {RECENT_DAYS} days of data of the large tables and all of "
                "the others, and counts values outside their domain.",
            )
        report = page.ask(compare, rows=rows).rows[0]
        found = assess.sources(relation_notes(), report, _newest(page, report.present), page.as_of)
        page.answer(found.sentence)
        panel.relations(found, page.as_of)
        st.header("Compared with the contract", anchor=False)
        st.markdown(assess.summary(report))
        panel.findings(report.findings)
        st.caption(
            f"Contract {report.contract_version}, PostgreSQL {report.server_version}, schema "
            f"{report.schema}, role {report.role}. `plumbline check` says the same, and more "
            "with --full."
        )


def _newest(page: shell.Page, present: tuple[str, ...]) -> list[Newest]:
    """The newest item of each relation; one that cannot be read is left out."""
    found: list[Newest] = []
    for relation in present:
        try:
            found += page.ask(newest, relation).rows
        except DatabaseDownError:
            raise
        except PlumblineError:
            continue  # its row says “cannot be read”, and the findings say why
    return found
