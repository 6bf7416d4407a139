"""The recount beside the pipeline's own report, drawn."""

from __future__ import annotations

import streamlit as st

from components.layout import numbers, states, table
from components.reconciliation import recount_tables as tables
from components.reconciliation.recount import Recount
from components.reconciliation.recount_evidence import agreement_sentence


def engine_versus_pipeline(found: Recount | None) -> None:
    """Where an independent comparison of all records contradicts the pipeline, and by how much.

    None says that there is no recount, or no schema of the product's own to read it from.
    """
    if found is None:
        states.empty(
            "Source and target have not been recounted yet.",
            "`plumbline reconcile SPEC.toml` compares them record by record; PLUMBLINE_OWN_URL "
            "names the database that keeps the result.",
        )
        return
    if found.outdated:
        names = ", ".join(pair.target_relation for pair in found.outdated)
        states.notice(
            f"The recount of {names} is older than the last load and is left out. "
            "Run `plumbline reconcile` again."
        )
    if found.uncovered:
        states.notice(
            f"Not recounted: {', '.join(found.uncovered)}. Add them to the specification."
        )
    if not found.pairs:
        return
    _totals(found)
    _side_by_side(found)


def _totals(found: Recount) -> None:
    differing = sum(field.differing for field in found.fields)
    compared = sum(field.compared for field in found.fields)
    words = agreement_sentence(found)
    st.markdown(
        f"{words[0].upper()}{words[1:]}. All {found.source_rows:,} records of the source were "
        f"compared: {numbers.share(differing, compared)} values differ. "
        "Nothing was sampled, so these numbers have no margin of error."
    )
    table.small(tables.pair_frame(found), key="recount_pairs", title="What was recounted")
    filters = dict.fromkeys(
        f"{relation}: {reason}"
        for pair in found.pairs
        for relation, reason in (
            (pair.source_relation, pair.source_filter),
            (pair.target_relation, pair.target_filter),
        )
        if reason
    )
    if filters:
        st.caption("Declared filters. " + " ".join(filters))


def _side_by_side(found: Recount) -> None:
    if not found.comparisons:
        return
    wrong = found.disagreements
    every = st.toggle(
        f"Show all {len(found.comparisons):,} counts",
        value=not wrong,
        key="all_recounts",
        bind="query-params",
    )
    table.records(
        tables.comparison_frame(wrong, found.agreements if every else ()),
        key="recount",
        title="Recount beside the pipeline's report",
        columns={"Recount": st.column_config.NumberColumn(format="localized")},
    )
    if any(each.sampled for each in found.comparisons):
        st.caption(
            "Where the pipeline looked at a sample, it disagrees if a random sample of that size "
            "would show what it reports less than once in twenty times."
        )
