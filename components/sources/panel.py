"""Data sources, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from components.gates.status import Status
from components.layout import icons, numbers, table
from components.sources.assess import Source, Sources
from queries.contract_findings import Finding, Severity

_TOGETHER = "\N{NO-BREAK SPACE}"
_SIGN = {
    Severity.PROBLEM: icons.status_glyph(Status.FAIL),
    Severity.WARNING: icons.status_glyph(Status.WARN),
    Severity.INFORMATION: "ℹ",
}


def relations(found: Sources, as_of: datetime) -> None:
    """One row for each relation of the contract."""
    table.small(relation_frame(found.sources, as_of), key="relations", title="Tables that are read")


def findings(found: Sequence[Finding]) -> None:
    """What differs from the contract, gravest first, with what to do."""
    if not found:
        st.markdown("Nothing differs from the contract.")
        return
    table.small(finding_frame(found), key="findings", title="Differences from the contract")


def relation_frame(sources: Sequence[Source], as_of: datetime) -> pd.DataFrame:
    """The relations as a table."""
    return pd.DataFrame(
        {
            "State": [f"{icons.status_glyph(s.status)}{_TOGETHER}{s.state}" for s in sources],
            "Table": [s.note.name for s in sources],
            "Rows": [_rows(s) for s in sources],
            "Newest item": [numbers.moment(s.newest_at, as_of) for s in sources],
            "What it holds": [s.note.meaning for s in sources],
            "Needed by": [_pages(s) for s in sources],
        }
    )


def finding_frame(found: Sequence[Finding]) -> pd.DataFrame:
    """The findings as a table."""
    return pd.DataFrame(
        {
            "Severity": [
                f"{_SIGN[f.severity]}{_TOGETHER}{f.severity.word.capitalize()}" for f in found
            ],
            "Where": [f.place for f in found],
            "What": [_what(f) for f in found],
            "What to do": [f.remedy for f in found],
        }
    )


def _rows(source: Source) -> str:
    if source.rows is None:
        return numbers.MISSING
    return numbers.count(source.rows) if source.exact else f"about {source.rows:,}"


def _pages(source: Source) -> str:
    return ", ".join(page.replace("_", " ").capitalize() for page in source.note.pages)


def _what(finding: Finding) -> str:
    examples = f" For example {'; '.join(finding.examples)}." if finding.examples else ""
    return f"{finding.message}.{examples}"
