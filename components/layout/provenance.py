"""The drawer at the end of a page: every question asked, so that anybody can ask it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st

from components.layout import numbers
from queries.answer import Provenance


@dataclass(frozen=True, slots=True)
class Asked:
    """One question in words, and how it was put to the database."""

    words: str
    provenance: Provenance


def drawer(
    asked: Sequence[Asked],
    *,
    key: str,
    filters: str,
    as_of: datetime,
    policy_version: str,
    method: str,
    evaluation: str = "",
) -> None:
    """Draw the drawer; its body is made only while it is open.

    ``evaluation`` is the digest of the judgement that the page shows, if any.
    """
    label = "How these numbers were made"
    box = st.expander(label, icon=":material/database:", on_change="rerun", key=f"{key}_provenance")
    if not box.open:
        return
    with box:
        facts = {
            "Filter": filters,
            "As of": numbers.moment(as_of),
            "Policy": f"`{policy_version}`",
            "Method": f"{method}, on the Methods page",
        }
        if evaluation:
            facts["Judgement"] = f"`{evaluation}`"
        st.table(facts, border="horizontal", width="content", alt="Filter, as-of, policy, method")
        if evaluation:
            st.caption(
                "The judgement rests on evidence; the statements behind it stand in this drawer "
                "on the page that each gate names."
            )
        elif not asked:
            st.caption("This page asked the database nothing of its own.")
        for number, question in enumerate(asked, start=1):
            _question(number, question)


def _question(number: int, question: Asked) -> None:
    found = question.provenance
    st.markdown(f"**{number}. {question.words}**")
    st.caption(f"Asked {numbers.moment(found.asked_at)}, {numbers.milliseconds(found.elapsed_ms)}")
    st.code(found.sql, language="sql", wrap_lines=True)
    if found.parameters:
        rows = [(name, as_text(value)) for name, value in found.parameters.items()]
        st.table(
            pd.DataFrame(rows, columns=["Parameter", "Value"]),
            border="horizontal",
            hide_index=True,
            width="content",
            alt=f"Parameters of question {number}",
        )


def as_text(value: object) -> str:
    """A parameter as PostgreSQL reads it in quotes; an array stands in braces."""
    if isinstance(value, list | tuple):
        return f"{{{','.join(as_text(item) for item in value)}}}"
    return str(value)
