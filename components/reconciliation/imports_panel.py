"""Results of other tools, judged again, drawn: what they let pass comes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from components.exceptions.assess import cause_label, field_label, word_label
from components.layout import numbers, pager, table
from components.layout.masking import mask
from queries.import_results import FailureRow, ImportRow, TotalRow

DMS = "dms"
_TOOLS = {"dvt": "Google DVT", DMS: "AWS DMS"}
_LIST = "imported"


def imports(rows: Sequence[ImportRow]) -> ImportRow:
    """Every import with its judgement; returns the one whose results are to be listed."""
    passed = sum(row.false_passes for row in rows)
    st.markdown(_sentence(passed))
    table.small(_imports_frame(rows), key="imports", title="Imported results")
    if len(rows) == 1:
        return rows[0]
    return st.selectbox("List the results of", rows, format_func=_name, key="import")


def position(chosen: ImportRow) -> int:
    """How many results lie before the page."""
    return pager.place(_LIST, chosen.import_id)


def results(
    chosen: ImportRow,
    rows: Sequence[TotalRow] | Sequence[FailureRow],
    *,
    page_size: int,
    unmasked: bool,
) -> None:
    """One page of the results of one import."""
    frame = results_frame(rows, unmasked=unmasked)
    table.records(frame, key=f"{_LIST}_{chosen.import_id}_{position(chosen)}", title=_name(chosen))
    pager.pager(
        _LIST,
        chosen.import_id,
        shown=len(rows),
        whole=chosen.differing + chosen.settled + _neither(chosen),
        page_size=page_size,
    )


def results_frame(
    rows: Sequence[TotalRow] | Sequence[FailureRow], *, unmasked: bool
) -> pd.DataFrame:
    """Results as a table; values of records masked unless the viewer may see them."""

    def shown(text: str | None) -> str:
        if text is None:
            return "(no value)"
        return text if unmasked else mask(text)

    return pd.DataFrame(
        [_total(row) if isinstance(row, TotalRow) else _failure(row, shown) for row in rows]
    )


def _total(row: TotalRow) -> dict[str, object]:
    """Totals are of whole tables and name nobody, so that they are never masked."""
    verdict = "False pass" if row.false_pass else "False alarm" if row.false_alarm else "Same"
    difference = row.exact_difference
    return {
        "Tool's verdict against ours": verdict,
        "Ours": word_label(row.judgement),
        "Tool's": word_label(row.validation_status or numbers.MISSING),
        "Validation": row.validation_name,
        "Table": row.target_table_name,
        "Column": row.target_column_name or numbers.MISSING,
        "Group": row.group_by_columns or numbers.MISSING,
        "In the source": row.source_agg_value,
        "In the target": row.target_agg_value,
        "Exact difference": numbers.MISSING if difference is None else f"{difference:+,f}",
    }


def _failure(row: FailureRow, text: Callable[[str | None], str]) -> dict[str, object]:
    return {
        "Ours": "Equal" if row.equal else "Differs" if row.readable else "Cannot be read",
        "Kind": word_label(row.kind),
        "Table": row.pair,
        "Field": field_label(row.field),
        "Cause": cause_label(row.cause),
        "In the source": text(row.source_value),
        "In the target": text(row.target_value),
        "Key": ", ".join(text(part) for part in row.key),
        "Failed": numbers.moment(row.failed_at),
    }


def _imports_frame(rows: Sequence[ImportRow]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Import": [numbers.count(row.import_id) for row in rows],
            "Tool": [_TOOLS.get(row.tool, row.tool) for row in rows],
            "From": [row.origin for row in rows],
            "Results": [numbers.count(row.rows) for row in rows],
            "Differ": [numbers.count(row.differing) for row in rows],
            "Equal or tolerated": [numbers.count(row.settled) for row in rows],
            "Cannot be judged": [numbers.count(row.unknown) for row in rows],
            "False passes": [_of_totals(row, row.false_passes) for row in rows],
            "False alarms": [_of_totals(row, row.false_alarms) for row in rows],
            "Imported": [numbers.moment(row.imported_at) for row in rows],
        }
    )


def _of_totals(row: ImportRow, count: int) -> str:
    """DMS lists failures alone: what it let pass, nobody can tell from them."""
    return numbers.MISSING if row.tool == DMS else numbers.count(count)


def _sentence(passed: int) -> str:
    if not passed:
        return "No validation that a tool passed differs when it is computed again exactly."
    what = "validation differs" if passed == 1 else "validations differ"
    return (
        f"{passed:,} {what} when computed again exactly, although a tool passed it. "
        "The list begins there."
    )


def _name(row: ImportRow) -> str:
    return f"{_TOOLS.get(row.tool, row.tool)}, {row.origin} (import {row.import_id})"


def _neither(row: ImportRow) -> int:
    """Totals that are no numbers are neither; an illegible failure counts as differing."""
    return 0 if row.tool == DMS else row.unknown
