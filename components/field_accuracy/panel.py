"""Field accuracy, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.field_accuracy import figures, tables, words
from components.field_accuracy.assess import Accuracy, Field, Limits
from components.field_accuracy.assess_recount import Recounts
from components.layout import chart, states, table
from queries.field_accuracy import BatchRow, CauseRow
from queries.reconciliation_results import CauseRow as RecountedCause


def overview(found: Accuracy, allowed: Limits | None, title: str) -> None:
    """The heat map: every field of every table."""
    # Plotly knows one colour of words; on tinted cells they must follow the page's light.
    st.html(
        "<style>.st-key-fields_map_chart .textpoint text"
        "{fill: light-dark(#16181c, #f4f5f7) !important}</style>"
    )
    chart.chart(
        figures.heat_map(found, allowed),
        title=f"{title}: values that differ, field by field",
        note=f"{figures.CRITICAL_MARK} critical field. {_read(found)}",
        alt=figures.heat_map_alt(found),
        table=tables.field_frame(found.fields, allowed),
        key="fields_map",
    )


def fields(found: Accuracy, allowed: Limits | None) -> None:
    """Every field with its limit, those that need attention first."""
    if allowed is None:
        states.notice(
            "The policy has no limits for fields: nothing can be judged. Add requirements for "
            "fields.critical_mismatches and fields.mismatch_rate."
        )
    table.records(
        tables.field_frame(found.fields, allowed), key="fields", title="Accuracy of each field"
    )
    wrong = [field for field in found.fields if field.called_full]
    for field in wrong:
        states.notice(
            f"The pipeline calls {field.table}.{field.name} compared in full in "
            f"{field.called_full:,} batches where it looked at fewer values than there are. "
            "It is treated as a sample."
        )


def claims(found: Accuracy, recounts: Recounts | None) -> None:
    """The pipeline's claim beside our recount."""
    if recounts is None or not (recounts.current or recounts.outdated):
        states.empty(
            "Source and target of this run have not been recounted.",
            "`plumbline reconcile SPEC.toml` compares them record by record; PLUMBLINE_OWN_URL "
            "names the database that keeps the result. Until then, the numbers on this page are "
            "the pipeline's own.",
        )
        return
    if recounts.outdated:
        names = ", ".join(pair.target_relation for pair in recounts.outdated)
        states.notice(
            f"The recount of {names} is older than the last load and is left out. "
            "Run `plumbline reconcile` again."
        )
    if not recounts.current:
        return
    st.markdown(
        f"{words.agreement(found)} Our recount is a full comparison, no sampling error. A "
        "sample of the pipeline agrees where it could have shown what it shows."
    )
    table.records(
        tables.claim_frame(found),
        key="field_claims",
        title="The pipeline's claim beside our recount",
    )


def causes(
    recounted: Sequence[RecountedCause], names: dict[int, str], rows: Sequence[CauseRow]
) -> None:
    """Why values differ: by our recount where there is one, and by the pipeline."""
    ours, theirs = tables.recounted_causes(recounted, names), tables.claimed_causes(rows)
    if ours.empty and theirs.empty:
        states.notice("No value differs.")
        return
    if names:
        _causes(ours, "recounted_causes", "Causes, as we counted them")
    _causes(theirs, "claimed_causes", "Causes, as the pipeline reports them")


def choose(found: Accuracy) -> Field | None:
    """The field whose batches are to be shown."""
    by_name = {
        f"{field.table}.{field.name}": field for field in found.fields if field.claim is not None
    }
    if not by_name:
        return None
    chosen = st.selectbox(
        "Field", list(by_name), key="field", bind="query-params", width=320, index=0
    )
    return by_name.get(chosen)


def batches(field: Field, rows: Sequence[BatchRow]) -> None:
    """One field batch by batch, as the pipeline reports it."""
    number = st.column_config.NumberColumn(format="localized")
    table.records(
        tables.batch_frame(rows),
        key="field_batches",
        title=f"{field.table}.{field.name} by batch, as the pipeline reports it",
        columns=dict.fromkeys(("Differ", "Compared", "Values"), number),
    )


def _causes(frame: pd.DataFrame, key: str, title: str) -> None:
    st.markdown(f"**{title}**")
    if frame.empty:
        states.notice("No value differs.")
        return
    number = st.column_config.NumberColumn(format="localized")
    table.records(frame, key=key, title=title, columns={"Values": number})


def _read(found: Accuracy) -> str:
    if found.recounted == len(found.fields):
        return "By our recount: full comparison, no sampling error."
    if found.recounted:
        return "By our recount where there is one, else by the pipeline."
    return "By the pipeline's own report."
