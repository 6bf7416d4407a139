"""One gate in full: what it found, how it was measured, who acts, and why it exists."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from components.gates.assess import GateResult
from components.layout import badge, numbers


def detail(gate: GateResult, decision: str, as_of: datetime) -> None:
    """Draw the sentence, the facts, the reason and the next step."""
    st.html(f'<p class="pl-verdict">{badge.status_html(gate.status)}</p>')
    st.markdown(_plain(gate.sentence))
    if gate.blocks:
        st.markdown(f"**{_plain(gate.who)}** {_plain(_lowered(gate.next_step))}")
    st.table(_facts(gate, decision, as_of), border="horizontal", alt=gate.requirement.title)
    st.markdown(f"**Why this gate exists.** {_plain(gate.requirement.reason)}")


def _facts(gate: GateResult, decision: str, as_of: datetime) -> dict[str, str]:
    asked, evidence = gate.requirement, gate.evidence
    facts = {"Value": gate.value_text, "Limit": gate.limit_text}
    if evidence is not None and evidence.low is not None:
        facts["95% interval"] = gate.interval_text
    facts["n"] = f"{numbers.count(gate.n)}, at least {asked.minimum_n:,} needed"
    if evidence is not None:
        if evidence.n_unscored:
            facts["Not measured"] = numbers.count(evidence.n_unscored)
        facts["Newest item"] = numbers.moment(evidence.measured_at, as_of)
        facts["Method"] = evidence.method
    days = "day" if asked.maximum_age_days == 1 else "days"
    facts["Greatest age"] = f"{asked.maximum_age_days} {days}"
    facts["Metric"] = f"`{asked.metric}`"
    facts["Slice"] = gate.slice
    facts["Decision"] = decision
    facts["Severity"] = asked.severity.value
    facts["Asked for by"] = ", ".join(asked.requirements)
    facts["May be waived"] = "yes" if asked.waivable else "no"
    return {name: text if name == "Metric" else _plain(text) for name, text in facts.items()}


def _lowered(text: str) -> str:
    return f"should {text[:1].lower()}{text[1:]}" if text else ""


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>#$~|:" else sign for sign in text)
