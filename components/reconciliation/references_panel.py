"""References of the target that must lead to a record, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.layout import numbers, pager, table
from components.layout.masking import mask
from queries.reconciliation_results import OrphanRow, ReferenceRow

_LIST = "orphans"


def references(rows: Sequence[ReferenceRow]) -> ReferenceRow | None:
    """Every reference that was followed; returns the one whose orphans are to be listed."""
    followed = sum(row.rows - row.empty for row in rows)
    lost = sum(row.orphans for row in rows)
    verb = "leads" if lost == 1 else "lead"
    st.markdown(
        f"{numbers.share(lost, followed)} references {verb} to no record. "
        "All were followed; nothing was sampled."
    )
    table.small(_frame(rows), key="references", title="References that were followed")
    broken = [row for row in rows if row.orphans]
    if not broken:
        return None
    if len(broken) == 1:
        return broken[0]
    return st.selectbox(
        "List the records of", broken, format_func=lambda row: row.reference, key="orphans_of"
    )


def position(chosen: ReferenceRow) -> int:
    """Behind which orphan the page begins; 0 at the top."""
    return pager.place(_LIST, (chosen.run_id, chosen.reference))


def orphans(
    chosen: ReferenceRow, rows: Sequence[OrphanRow], *, page_size: int, unmasked: bool
) -> None:
    """One page of records whose reference leads nowhere, with buttons for the others."""
    table.records(
        orphan_frame(rows, unmasked=unmasked),
        key=f"{_LIST}_{position(chosen)}",
        title=f"Lead nowhere: {chosen.reference}, this page",
    )
    st.caption(
        f"{', '.join(chosen.columns)} of {chosen.target_relation} must be found in {chosen.parent}."
    )
    pager.pager(
        _LIST,
        (chosen.run_id, chosen.reference),
        shown=len(rows),
        whole=chosen.orphans,
        page_size=page_size,
    )


def orphan_frame(rows: Sequence[OrphanRow], *, unmasked: bool) -> pd.DataFrame:
    """Orphans as a table; keys and values masked unless the viewer may see them."""

    def shown(parts: Sequence[str | None]) -> str:
        text = ", ".join("(no value)" if part is None else part for part in parts)
        return text if unmasked else mask(text)

    return pd.DataFrame(
        {
            "Record": [shown(row.key) for row in rows],
            "Refers to": [shown(row.value) for row in rows],
            "Batch": [row.batch or numbers.MISSING for row in rows],
            "Source system": [row.source_system or numbers.MISSING for row in rows],
        }
    )


def _frame(rows: Sequence[ReferenceRow]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Reference": [row.reference for row in rows],
            "From": [f"{row.target_relation} ({', '.join(row.columns)})" for row in rows],
            "To": [row.parent for row in rows],
            "Records": [numbers.count(row.rows) for row in rows],
            "Empty": [numbers.count(row.empty) for row in rows],
            "Lead nowhere": [numbers.count(row.orphans) for row in rows],
            "Followed": [numbers.moment(row.finished_at) for row in rows],
        }
    )
