"""Gates: every gate with its number, its limit, its history and its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import streamlit as st

from components.alerts import panel as alert_panel
from components.gates import listing
from components.gates.assess import DecisionResult, Evaluation, GateResult
from components.gates.detail import detail
from components.gates.status import Status
from components.layout import badge, states
from components.status.assess import out_of_time, overall
from components.status.panel import unmeasured
from dashboard import navigation, shell
from dashboard.runbooks import runbooks
from queries import alerts
from queries.gate_history import gate_history

GATE = "gate"


def render() -> None:
    """Draw the page."""
    with shell.page("gates", method="Gates and verdicts", shown=()) as page:
        evaluation = page.evaluation()
        with page.part():
            page.history()
        page.answer(overall(evaluation), verdict=evaluation.verdict)
        unmeasured(out_of_time(evaluation))
        recorded = page.ask_own(gate_history, page.as_of)
        history = listing.histories(recorded.rows if recorded else ())
        wanted = _statuses(page, evaluation)
        with page.part():
            _alerts(page)
        for decision in evaluation.decisions:
            gates = _of(evaluation, decision, wanted)
            if gates:
                _decision(page, decision, gates, history)
        if not history:
            states.notice("No history is recorded yet. `plumbline evaluate` records a day.")
        _chosen(page, evaluation)


def _alerts(page: shell.Page) -> None:
    """What stands now, where alerts are kept at all."""
    standing = page.ask_own(alerts.alerts, page.as_of)
    last = page.ask_own(alerts.last_run, page.as_of)
    if standing is None or last is None:
        return
    advice = page.ask_own(alerts.recommendations, page.as_of)
    st.header("Alerts", anchor=False)
    alert_panel.standing_alerts(
        last.rows[0] if last.rows else None,
        standing.rows,
        advice.rows if advice else (),
        now=page.as_of,
        gate=lambda gate: page.href("gates", gate=gate),
        runbook=lambda key: page.href("runbooks", runbook=key),
    )


def _statuses(page: shell.Page, evaluation: Evaluation) -> tuple[Status, ...]:
    counts = Counter(gate.status for gate in evaluation.gates)
    words = {status.word: status for status in sorted(counts, reverse=True)}
    with page.filter_row:
        chosen = st.pills(
            "Status", list(words), selection_mode="multi", key="status", bind="query-params"
        )
    return tuple(words[word] for word in chosen) or tuple(counts)


def _of(
    evaluation: Evaluation, decision: DecisionResult, wanted: Sequence[Status]
) -> list[GateResult]:
    return [
        gate
        for gate in sorted(evaluation.gates, key=lambda gate: -gate.status)
        if gate.requirement.decision == decision.decision.id and gate.status in wanted
    ]


def _decision(
    page: shell.Page,
    decision: DecisionResult,
    gates: Sequence[GateResult],
    history: listing.History,
) -> None:
    key = f"gates_{decision.decision.id}"
    st.header(decision.decision.title, anchor=False)
    badge.verdict(decision.verdict, decision.sentence.removeprefix(f"{decision.verdict.value}: "))
    listing.listing(
        gates,
        history,
        page.as_of,
        key=key,
        title=f"Gates: {decision.decision.title}",
        on_select=partial(_select, key, [listing.identity(gate) for gate in gates]),
    )


def _select(key: str, identities: Sequence[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        st.query_params[GATE] = identities[rows[0]]
    else:
        _close()


def _close() -> None:
    st.query_params.pop(GATE, None)


def _chosen(page: shell.Page, evaluation: Evaluation) -> None:
    name = st.query_params.get(GATE)
    if name is None:
        return
    gate = next((item for item in evaluation.gates if listing.identity(item) == name), None)
    if gate is None:
        states.notice("The link names a gate that the policy does not have.")
        return
    _drawer(page, evaluation, gate)


def _drawer(page: shell.Page, evaluation: Evaluation, gate: GateResult) -> None:
    @st.dialog(gate.requirement.title, position="right", width=560, on_dismiss=_close)
    def drawer() -> None:
        decision = evaluation.decision(gate.requirement.decision)
        detail(gate, decision.decision.title if decision else "", page.as_of)
        _evidence(page, gate)
        book = runbooks().get(gate.requirement.runbook or "")
        if book is not None:
            page.link("runbooks", f"Runbook: {book.title}", runbook=book.key)

    drawer()


def _evidence(page: shell.Page, gate: GateResult) -> None:
    """A link to the page that shows the evidence, with the window that was judged."""
    known = {entry.key: entry for entry in navigation.ENTRIES}
    target = known.get(gate.requirement.page)
    if target is None or target.key == "gates":
        st.caption("No page shows the records behind this gate yet.")
        return
    page.link(target.key, f"Evidence on the page {target.title}", period=page.window)
