"""Pipeline: do the layers work together as they should, and can every prediction be explained?"""

from __future__ import annotations

import streamlit as st

from components.layout import states
from components.pipeline import (
    assess,
    panel,
    panel_environments,
    panel_firing,
    panel_latency,
    panel_layers,
    panel_records,
    panel_threshold,
    panel_versions,
)
from components.pipeline.limits import limit
from dashboard import shell
from queries import audit


def render() -> None:
    """Draw the page."""
    with shell.page("pipeline", method="Pipeline") as page:
        page.freshness("prediction_audit", "ml_feedback", "config_history")
        page.history()
        snapshots = assess.snapshots(page.ask(audit.snapshots).rows)
        firing = assess.firing(page.ask(audit.pulse).rows)
        days = assess.days(firing.days, page.scope)
        period = assess.period_words(page.scope)
        page.answer(assess.summary(snapshots, firing, days, period).sentence)
        if firing.n == 0:
            states.empty(
                "There is nothing to look at here.",
                "Choose a longer period, or take a filter away.",
            )
            return
        panel.headline(snapshots, firing)
        _record(page)
        view = panel.choose_view()
        with page.part():
            if view == panel.AGREEMENT:
                _agreement(page, firing)
            elif view == panel.LLM:
                _llm(page, firing)
            elif view == panel.THRESHOLD:
                _threshold(page)
            elif view == panel.COST:
                _cost(page)
            elif view == panel.VERSIONS:
                _versions(page, snapshots)
            else:
                _environments(page)


def _record(page: shell.Page) -> None:
    wanted = st.query_params.get(panel_records.RECORD)
    if not wanted:
        return
    with page.part():
        rows = page.ask(audit.prediction, wanted).rows
        panel_records.record(rows[0] if rows else None)
        if rows:
            page.link("explanations", "Why this score", icon=":material/lightbulb:", record=wanted)


def _agreement(page: shell.Page, firing: assess.Firing) -> None:
    panel_layers.agreement(
        assess.agreement(page.ask(audit.layer_agreement).rows),
        assess.weekly_agreement(firing.days),
        limit(page.policy, "layers.agreement"),
        _changes(page),
    )


def _llm(page: shell.Page, firing: assess.Firing) -> None:
    panel_firing.calls(firing, _changes(page))
    with page.part():
        panel_firing.correctness(assess.correctness(page.ask(audit.correctness).rows))
    filters = page.scope.sentence
    after = panel_records.position("firing_faults", filters)
    panel_firing.fault_list(
        page.ask(audit.firing_faults, after).rows, filters=filters, page_size=audit.PAGE_SIZE
    )


def _threshold(page: shell.Page) -> None:
    setting = assess.setting(page.ask(audit.configurations).rows)
    panel_threshold.effect(assess.effect(page.ask(audit.gap_histogram).rows, setting))


def _cost(page: shell.Page) -> None:
    panel_latency.cost_and_latency(
        assess.latency(page.ask(audit.latency).rows),
        assess.costs(page.ask(audit.calls).rows),
        page.policy,
        _changes(page),
    )


def _changes(page: shell.Page) -> tuple[assess.Change, ...]:
    rows = page.ask(audit.configurations).rows
    return assess.changes(rows, page.scope.start, page.scope.until)


def _versions(page: shell.Page, snapshots: assess.Snapshots) -> None:
    panel_versions.snapshots(snapshots)
    if snapshots.faulty == 0:
        return
    filters = page.scope.sentence
    after = panel_records.position("snapshot_records", filters)
    panel_versions.fault_list(
        page.ask(audit.snapshot_faults, after).rows, filters=filters, page_size=audit.PAGE_SIZE
    )


def _environments(page: shell.Page) -> None:
    panel_environments.environments(
        assess.environments(page.ask(audit.pairs).rows),
        limit(page.policy, "environments.decision_agreement"),
    )
    filters = page.scope.sentence
    after = panel_records.position("environment_records", filters)
    panel_environments.disagreeing(
        page.ask(audit.disagreeing_pairs, after).rows, filters=filters, page_size=audit.PAGE_SIZE
    )
