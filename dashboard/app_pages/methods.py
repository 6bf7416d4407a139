"""Methods: how every number is made, the words used, and the policy in force."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from components.gates.policy import Policy
from components.layout import glossary, table
from dashboard import shell
from dashboard.documents import document, sections

METHODS, WORDS, POLICY = "Methods", "Glossary", "Policy in force"


def render() -> None:
    """Draw the page."""
    with shell.page("methods", method="Methods", shown=()) as page:
        count = len(page.policy.requirements)
        page.answer(
            f"Every number names its method, its as-of and the policy that judged it: "
            f"version {page.policy.short_version}, {count} gates."
        )
        shown = st.segmented_control(
            "What to read",
            [METHODS, WORDS, POLICY],
            default=METHODS,
            key="read",
            bind="query-params",
            label_visibility="collapsed",
            required=True,
        )
        if shown == WORDS:
            _words()
        elif shown == POLICY:
            _policy(page.policy)
        else:
            _methods()


def _methods() -> None:
    for title, body in sections(document("methods.md")):
        if title:
            st.header(title)
        if body:
            st.markdown(body, width=760)


def _words() -> None:
    terms = pd.DataFrame(glossary.ordered(), columns=["Term", "Meaning"])
    table.small(terms, key="glossary", title="Glossary")


def _policy(policy: Policy) -> None:
    st.markdown(f"Version `{policy.version}`. Evidence covers {policy.window_days} days.")
    for decision in policy.decisions:
        st.header(decision.title)
        st.markdown(f"{decision.question} {decision.owner} decides.")
        rows = [
            (
                item.title,
                ", ".join(item.requirements),
                item.metric,
                f"{item.direction.value.replace('_', ' ')} {item.threshold}",
                item.minimum_n,
                item.maximum_age_days,
                item.severity.value,
                item.owner,
                item.reason,
            )
            for item in policy.of(decision.id)
        ]
        table.records(
            pd.DataFrame(rows, columns=_POLICY_COLUMNS),
            key=f"policy_{decision.id}",
            title=f"Policy: {decision.title}",
            columns={"Reason": st.column_config.TextColumn(width="large")},
        )


_POLICY_COLUMNS = [
    "Gate",
    "Asked for by",
    "Metric",
    "Limit",
    "Smallest n",
    "Greatest age, days",
    "Severity",
    "Owner",
    "Reason",
]
