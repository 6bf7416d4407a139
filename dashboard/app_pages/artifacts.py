"""Artifacts: are the model files what was signed, and is there a way back?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import streamlit as st

from components.artifacts import assess, assess_history, panel, panel_history
from components.artifacts.assess import Affected, VersionFile
from components.artifacts.assess_history import DEMOTE, ROLLBACK, VERIFY
from components.artifacts.types import Inspection
from components.layout import states
from components.pipeline import panel_records
from dashboard import shell
from dashboard.artifacts import inspection, probing, record, trusted
from dashboard.runbooks import runbooks
from queries import artifact_checks, artifacts, audit
from queries.artifact_rows import ArtifactRow, EventRow, ProbeRow, TrainingRow
from queries.audit_parts import PAGE_SIZE
from queries.errors import InvalidInputError, MissingRelationError
from queries.scope import Scope

_RUNBOOKS = ("promote", "rollback", "emergency_demote")
_HARM = ("rollback_harm", "rules_harm")
_LIMITS = {ROLLBACK: "rollback_drill", DEMOTE: "demote_drill"}


def render() -> None:
    """Draw the page."""
    with shell.page("artifacts", method="Artifacts", shown=()) as page:
        page.freshness("model_artifacts", "system_audit", "ml_training_runs")
        rows = page.ask(artifacts.files).rows
        events = _events(page)
        found = _inspection(page, rows, _probes(page, rows, events))
        ready = assess.rollback_target(found)
        files = assess.version_files(rows, found, _runs(page), _last_sound(page, rows, events))
        answer = assess.answer(found, ready)
        page.answer(answer.sentence)
        if not rows:
            states.empty("No model file was registered by this day.", "Choose a later as-of day.")
            return
        history = assess_history.releases(events)
        practised = [
            assess_history.practice(action, history, page.as_of) for action in (ROLLBACK, DEMOTE)
        ]
        limits = {action: _limit(page, gate) for action, gate in _LIMITS.items()}
        panel.headline(found, ready, practised, limits, page.as_of)
        panel.problems(found, beside=trusted.keys_beside_models())
        panel.failures(files)
        st.header("Model files", anchor=False)
        panel.listing(files)
        st.header("Ready to serve", anchor=False)
        panel.ways_back(found)
        _books(page)
        with page.part():
            _affected(page, rows, files, events, found)
        st.header("Promotions, rollbacks and demotions", anchor=False)
        panel_history.drills(practised, limits, page.as_of)
        panel_history.releases(history)
        st.header("Signing keys", anchor=False)
        _keys(files, events, found)
        _failures(page)
        with page.part():
            _harm(page)


def _harm(page: shell.Page) -> None:
    """Does the model in service do harm that a way out would end? As the gates have it."""
    st.header("Would a way out do better?", anchor=False)
    judged = [page.evaluation().gate(name) for name in _HARM]
    panel.harm([(g.requirement.title, g.status, g.sentence) for g in judged if g is not None])


def _inspection(
    page: shell.Page, rows: Sequence[ArtifactRow], tried: Sequence[ProbeRow]
) -> Inspection | None:
    """The files now, or as recorded; the button reads every byte and puts it on record."""
    live = inspection.is_present(page.as_of) and trusted.configured()
    if live:
        with page.filter_row:
            pressed = st.button(
                "Verify every file now",
                icon=":material/verified_user:",
                key="verify_now",
                help="Reads every byte again, and records what was found.",
            )
        if pressed:
            found = inspection.inspect(rows, tried, page.as_of, fresh=True)
            run_id = record.inspection(found, record.BY_HAND) if found.checks else None
            states.notice(
                f"Verified now, every byte read, and recorded as run {run_id}."
                if run_id
                else "Verified now, every byte read. Not recorded: no schema of Plumbline's own "
                "is configured."
            )
            return found
        return inspection.inspect(rows, tried, page.as_of, fresh=False)
    asked = page.ask_own(artifact_checks.latest, inspection.recorded_until(page.as_of))
    known = assess.recorded(asked.rows if asked is not None else (), rows)
    states.notice(_why_recorded(known))
    return known


def _why_recorded(found: Inspection | None) -> str:
    if not trusted.configured():
        lead = "No folder of model files is configured (PLUMBLINE_MODELS_DIR), so no file is read."
    else:
        lead = "Files can only be read as they are today; this is an earlier day."
    if found is None:
        return f"{lead} No verification was on record by this day."
    return f"{lead} What is shown was recorded by an earlier verification."


def _events(page: shell.Page) -> tuple[EventRow, ...]:
    try:
        rows: tuple[EventRow, ...] = page.ask(artifacts.events).rows
    except MissingRelationError as error:
        states.problem(error)
        return ()
    return rows


def _runs(page: shell.Page) -> tuple[TrainingRow, ...]:
    try:
        rows: tuple[TrainingRow, ...] = page.ask(artifacts.training).rows
    except MissingRelationError as error:
        states.problem(error)
        return ()
    return rows


def _probes(
    page: shell.Page, rows: Sequence[ArtifactRow], events: Sequence[EventRow]
) -> tuple[ProbeRow, ...]:
    """The newest prediction of each version in use; none where its table is missing."""
    bounds = probing.periods(rows, events, page.as_of)
    shadow = probing.candidates(rows)
    found: list[ProbeRow] = []
    try:
        found += page.ask(artifacts.probes, bounds).rows if bounds else ()
        found += page.ask(artifacts.shadow_probes, shadow).rows if shadow else ()
    except MissingRelationError:
        return tuple(found)
    return tuple(found)


def _last_sound(
    page: shell.Page, rows: Sequence[ArtifactRow], events: Sequence[EventRow]
) -> dict[tuple[str, str], datetime]:
    """When a file was last known to be sound: by our record, else by the platform's own check."""
    asked = page.ask_own(artifact_checks.last_sound, inspection.recorded_until(page.as_of))
    ours = {(row.path, row.model_version): row.checked_at for row in asked.rows} if asked else {}
    platform = {
        event.object: event.occurred_at
        for event in events
        if event.action == VERIFY and event.outcome == assess_history.SUCCESS
    }
    oldest = datetime.min.replace(tzinfo=UTC)
    return {
        (row.path, row.model_version): max(known)
        for row in rows
        if (
            known := [
                moment
                for moment in (
                    ours.get((row.path, row.model_version), oldest),
                    platform.get(row.model_version, oldest),
                )
                if moment > oldest
            ]
        )
    }


def _limit(page: shell.Page, gate: str) -> float | None:
    try:
        return float(page.policy.requirement(gate).threshold)
    except InvalidInputError:
        return None


def _books(page: shell.Page) -> None:
    known = runbooks()
    with st.container(horizontal=True):
        for key in _RUNBOOKS:
            if key in known:
                page.link("runbooks", f"Runbook: {known[key].title}", runbook=key)


def _affected(
    page: shell.Page,
    rows: Sequence[ArtifactRow],
    files: Sequence[VersionFile],
    events: Sequence[EventRow],
    found: Inspection | None,
) -> None:
    """What was scored by versions whose file fails, to be reviewed again."""
    versions = assess.failing_versions(found)
    if not versions:
        return
    st.header("Predictions made by a version that failed", anchor=False)
    bounds = probing.failing_periods(rows, versions, events, page.as_of)
    periods = {version: _while_served(page, version, *bound) for version, *bound in bounds}
    served = [
        row for period in periods.values() for row in page.ask(artifacts.served, scope=period).rows
    ]
    items = assess.affected(files, served)
    panel_history.affected(items)
    states.notice(
        "Counted while the version was in service. A file that was sound at its last "
        "verification may have been sound when it scored."
    )
    chosen = panel_history.choose_month(items)
    if chosen is not None:
        _to_review(page, _in_month(periods[chosen[0]], chosen[1]), chosen, items)


def _to_review(
    page: shell.Page, scope: Scope, chosen: tuple[str, date], items: Sequence[Affected]
) -> None:
    """The chosen month, page by page; the whole of it as a file when that is asked for."""
    after = panel_records.position(panel_history.REVIEW, f"{chosen[0]} {chosen[1]}")
    listed = page.ask(artifacts.served_predictions, after, scope=scope).rows
    panel_history.to_review(listed, chosen, page_size=PAGE_SIZE)
    wanted = st.query_params.get(panel_records.RECORD)
    if wanted:
        found = page.ask(audit.prediction, wanted, scope=scope).rows
        panel_records.record(found[0] if found else None)
    counts = {item.version: dict(item.months) for item in items}
    if panel_history.wants_file(counts[chosen[0]][chosen[1]]):
        every = page.ask(artifacts.every_served_prediction, scope=scope).rows
        panel_history.review_file(every, chosen)


def _while_served(page: shell.Page, version: str, start: datetime, end: datetime) -> Scope:
    return replace(page.scope, start=start, end=min(end, page.as_of), model_versions=(version,))


def _in_month(scope: Scope, month: date) -> Scope:
    first = datetime(month.year, month.month, 1, tzinfo=UTC)
    after = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    return replace(scope, start=max(scope.start, first), end=min(scope.end, after))


def _keys(
    files: Sequence[VersionFile], events: Sequence[EventRow], found: Inspection | None
) -> None:
    known = assess_history.key_events(events)
    custodians = {event.key_id: event.actor for event in known}
    panel_history.keys(
        known,
        found.trusted_keys if found is not None else (),
        assess.trained_by_signer(files, custodians),
    )


def _failures(page: shell.Page) -> None:
    asked = page.ask_own(artifact_checks.failures, inspection.recorded_until(page.as_of))
    if asked is not None and asked.rows:
        st.header("Recorded integrity failures", anchor=False)
        panel_history.recorded_failures(asked.rows)
