"""Explanations: are the stored reasons the model's own, and what do they say?"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from components.artifacts.assess_evidence import only
from components.artifacts.types import CANDIDATE
from components.explanations import (
    assess_days,
    assess_global,
    assess_one,
    assess_path,
    panel,
    panel_global,
    panel_one,
)
from components.explanations.assess_evidence import candidate_evidence
from components.layout import states
from components.pipeline import panel_records
from dashboard import shell
from dashboard.drift_material import EPOCH
from dashboard.explanations import one
from dashboard.filters import Filter
from queries import (
    artifacts,
    audit,
    explanation_candidates,
    explanation_results,
    explanations,
    rollups,
)
from queries.artifact_rows import ArtifactRow
from queries.audit_rows import PredictionRow
from queries.errors import InvalidInputError, MissingRelationError
from queries.explanation_rows import ResultRow
from queries.scope import Scope

_SHOWN = (Filter.PERIOD, Filter.ENVIRONMENT, Filter.MODEL)


def render() -> None:
    """Draw the page."""
    with shell.page("explanations", method="Explanations", shown=_SHOWN) as page:
        page.freshness("prediction_explanations", "prediction_audit")
        wanted = st.query_params.get(panel_records.RECORD)
        if wanted:
            with page.part():
                _one(page, wanted)
            return
        here = _attested_here(page)
        results = page.ask_own(explanation_results.results, page.scope) if here else None
        cover = page.ask_own(explanation_results.cover, page.scope) if here else None
        if results is None or cover is None:
            page.answer("No explanation has been recomputed yet for this database.")
            states.empty(
                "Stored explanations are recomputed by the nightly refresh.",
                "Set PLUMBLINE_OWN_URL and PLUMBLINE_MODELS_DIR, and run `plumbline refresh`.",
            )
            _latest(page)
            return
        found = assess_days.attestation(results.rows, cover.rows)
        page.answer(assess_days.sentence(found))
        panel.headline(found)
        view = panel.choose_view()
        with page.part():
            if view == panel.IMPORTANCE:
                _importance(page, results.rows)
            elif view == panel.DEPENDENCE:
                _dependence(page)
            elif view == panel.NAMED:
                policy = page.policy.explanations
                panel_global.named(assess_global.named(results.rows, policy))
            elif view == panel.PREDICTIONS:
                _latest(page)
            else:
                _attestation(page, found)


def _attested_here(page: shell.Page) -> bool:
    """Whether the kept attestations are of the source in view: another's would say nothing."""
    try:
        found: tuple[explanation_results.Whose, ...] = page.ask(explanation_results.whose).rows
    except (InvalidInputError, MissingRelationError):
        return False
    return found[0].same


def _attestation(page: shell.Page, found: assess_days.Attestation) -> None:
    if not found.explained:
        states.empty(
            "No explanation of this period was attested.",
            "Choose a longer period, or run `plumbline refresh`.",
        )
        return
    panel.over_time(found)
    filters = page.scope.sentence
    after = panel_records.position(panel.MISMATCHES, filters)
    rows = page.ask_own(explanation_results.mismatches, page.scope, after)
    panel.mismatches(
        rows.rows if rows is not None else (),
        filters=filters,
        page_size=explanation_results.PAGE_SIZE,
    )
    _candidate(page)


def _candidate(page: shell.Page) -> None:
    """Are the candidate's scores in the shadow those of its verified file?"""
    version = only({row.model_version for row in _files(page) if row.role == CANDIDATE})
    if version is None:
        return
    asked = page.ask_own(explanation_candidates.results, page.scope, version)
    st.header("The candidate in the shadow", anchor=False)
    st.markdown(candidate_evidence(version, asked.rows if asked is not None else ()).sentence)


def _importance(page: shell.Page, rows: tuple[ResultRow, ...]) -> None:
    history = page.ask_own(explanation_results.results, _history(page, versions=False))
    items, explained = assess_global.importance(rows)
    weekly = assess_global.weekly(
        rows, history.rows if history is not None else (), page.policy.explanations
    )
    panel_global.importance(items, explained, weekly)


def _history(page: shell.Page, *, versions: bool = True) -> Scope:
    """Everything before the as-of."""
    kept = page.scope.model_versions if versions else ()
    return replace(page.scope, start=EPOCH, end=page.as_of, model_versions=kept)


def _dependence(page: shell.Page) -> None:
    try:
        layouts = page.ask_own(rollups.layouts)
        mass = page.ask_own(rollups.window_shap_mass, page.scope)
    except rollups.NotRolledUpError:
        layouts = mass = None
    if layouts is None or mass is None or not mass.rows:
        states.empty("Nothing is rolled up yet.", "Run `plumbline refresh`.")
        return
    variable = panel_global.choose_feature(assess_global.by_weight(mass.rows[0]))
    if variable is not None:
        panel_global.dependence(assess_global.dependence(mass.rows[0], variable), variable)


def _latest(page: shell.Page) -> None:
    panel.latest(page.ask(explanations.latest).rows, filters=page.scope.sentence)


def _one(page: shell.Page, wanted: str) -> None:
    """One prediction with everything that is known of its reasons."""
    whole = _history(page, versions=False)
    made = page.ask(audit.prediction, wanted, scope=whole).rows
    row = made[0] if made else None
    panel_one.heading(row, wanted)
    stored = page.ask(explanations.one, wanted, scope=whole).rows
    if row is None and not stored:
        page.answer("No prediction with this id was made before the as-of day.")
        return
    if not stored:
        page.answer("No explanation is stored with this prediction.")
        _path(page, row, whole)
        return
    explained = stored[0]
    told = assess_one.waterfall(explained)
    model = one.model_of(explained.model_version, _files(page))
    seen = one.recomputed(explained, model)
    page.answer(_answer(told, seen))
    panel_one.attested(seen.reason, seen.detail, seen.mismatch, seen.digest)
    panel_one.reasons(told, explained)
    near = page.ask(
        explanations.near, explained.model_version, explained.scored_at, scope=whole
    ).rows
    known = [item.features for item in near if isinstance(item.features, dict)]
    names = model.model.feature_names if model.model is not None else ()
    panel_one.features(assess_one.feature_values(explained, names, known), len(known))
    threshold = _path(page, row, whole)
    found = one.around(explained, near, model, threshold)
    panel_one.hints(found.hints, found.why_not, threshold)
    panel_one.neighbours(found.neighbours, wanted)


def _answer(told: assess_one.Waterfall | None, seen: one.Seen) -> str:
    """The reasons, unless they are known to be wrong."""
    if seen.mismatch is not None:
        return "The reasons stored with this score are not what the model gives."
    return assess_one.sentence(told) if told is not None else "The stored reasons of a score."


def _path(page: shell.Page, row: PredictionRow | None, whole: Scope) -> float | None:
    """Draw the way to the decision; the threshold in force, where it is on record."""
    if row is None:
        return None
    try:
        rows = page.ask(audit.configurations, scope=whole).rows
    except MissingRelationError:
        rows = ()
    found = assess_path.path(row, rows)
    panel_one.path(found)
    return found.decision_threshold


def _files(page: shell.Page) -> tuple[ArtifactRow, ...]:
    try:
        found: tuple[ArtifactRow, ...] = page.ask(artifacts.files).rows
    except MissingRelationError:
        return ()
    return found
