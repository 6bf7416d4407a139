"""Drift: what moved between two windows, since when, how sure, and what it did to the score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time

import streamlit as st

from components.drift import (
    panel,
    panel_alerts,
    panel_concept,
    panel_feature,
    panel_features,
    panel_other_tools,
    panel_scores,
    panel_tickets,
    panel_weeks,
    panel_windows,
)
from components.drift.assess import Windows, default_windows, report
from components.drift.assess_concept import concept
from components.drift.assess_versions import attribution
from components.drift.figures_timeline import DayVolume
from components.drift.types import DriftReport, Finding, RuleReplay
from components.layout import exporting, provenance, states
from components.pipeline import panel_records
from dashboard import cache, drift_kept, drift_material, engines, shell
from dashboard.access import Right
from dashboard.drift_asked import Asked
from dashboard.drift_material import Ground
from dashboard.drift_places import with_places
from dashboard.filters import Filter
from dashboard.offer import download
from queries import audit, drift_records
from queries.database import read
from queries.errors import InvalidInputError
from queries.scope import Scope

FILTERS = (Filter.ENVIRONMENT, Filter.WORK_TYPE, Filter.REGION, Filter.MODEL)


def render() -> None:
    """Draw the page."""
    with shell.page("drift", method="Drift", shown=FILTERS) as page:
        page.freshness("prediction_audit", "ml_feedback")
        page.history()
        try:
            found = _ground(_unfiltered(page.scope), page.policy.version, page.viewer.role)
            if found is None:
                raise InvalidInputError("There is no prediction before this day.")
            usual = default_windows(found.known, page.as_of, page.policy.drift)
        except InvalidInputError as error:
            page.answer("There are too few days of predictions to compare two windows.")
            states.empty(str(error), "Choose a later as-of day, or another environment.")
            return
        whole = replace(page.scope, start=_midnight(found.known[0]), end=page.as_of)
        with _speaking_of(page, whole):
            _compare(page, found, usual)
        page.scope = whole


@contextmanager
def _speaking_of(page: shell.Page, scope: Scope) -> Iterator[None]:
    """Within this block the page, and every file it offers, speaks of this period."""
    before, page.scope = page.scope, scope
    try:
        with exporting.exports_by(download(page) if page.viewer.may(Right.EXPORT) else None):
            yield
    finally:
        page.scope = before


def _compare(page: shell.Page, found: Ground, usual: Windows) -> None:
    """Sentence and ranked list first; what records of the source say is filled in."""
    windows = panel_windows.choose(_volumes(found), usual, found.changes)
    first, asked, complete = _report(
        page.scope, windows, page.policy.version, page.viewer.role, usual=windows == usual
    )
    page.asked += [provenance.Asked(one.words, one.provenance) for one in asked]

    def whole() -> DriftReport:
        return first if complete else _completed(page, windows, first)

    page.answer(first.headline.sentence)
    tiles = st.container()
    panel.compared(first)
    panel.gone(found.vanished)
    _record(page)
    faults = st.container()
    panel.incidents(first.incidents)
    _view(page, found, first, usual, whole)
    made = whole()
    with tiles:
        panel.headline(made)
    with faults:
        panel.sanity(made.sanity)


def _completed(page: shell.Page, windows: Windows, first: DriftReport) -> DriftReport:
    """The report with what is read from records of the source."""
    made, asked = _rest(page.scope, windows, page.policy.version, page.viewer.role, first)
    known = {one.words for one in page.asked}
    page.asked += [
        provenance.Asked(one.words, one.provenance) for one in asked if one.words not in known
    ]
    return made


def _view(
    page: shell.Page,
    found: Ground,
    made: DriftReport,
    usual: Windows,
    whole: Callable[[], DriftReport],
) -> None:
    view = panel.choose_view()
    with page.part():
        if view == panel.WEEKS:
            panel_weeks.weeks(made)
        elif view == panel.SCORES:
            panel_scores.attribution(whole().attribution)
            panel_scores.layers(made.layers)
        elif view == panel.MEANING:
            panel_concept.concept(whole().concept)
        elif view == panel.ALERTS:
            rules = _replayed(page.scope, usual, page.policy.version, page.viewer.role)
            panel_alerts.alerts(rules, float(page.policy.drift.leave_at))
        else:
            _features(page, found, made)


def _features(page: shell.Page, found: Ground, made: DriftReport) -> None:
    opened = panel_features.ranked(made)
    panel_features.whole_table(made)
    finding = made.finding(opened) if opened else None
    if finding is None:
        return
    panel_feature.detail(finding, made)
    panel_other_tools.other_tools(finding, found.layout[finding.variable])
    panel_feature.segments(finding, _narrow)
    with page.part():
        _tickets(page, found, made, finding)


def _narrow(dimension: str, segment: str) -> None:
    """Look at one segment only: the page's own filter is set."""
    st.session_state[Filter(dimension).value] = [segment]


def _tickets(page: shell.Page, found: Ground, made: DriftReport, finding: Finding) -> None:
    wanted = panel_tickets.choose(finding, made)
    if wanted is None:
        return
    scope = replace(
        page.scope, start=_midnight(wanted.window.start), end=_midnight(wanted.window.end)
    )
    after = panel_records.position("drift_tickets_list", wanted.key)
    variable = found.layout[finding.variable]
    with _speaking_of(page, scope):
        rows = page.ask(drift_records.predictions, variable, wanted.place, after).rows
        panel_tickets.listing(rows, wanted, finding, audit.PAGE_SIZE)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _record(page: shell.Page) -> None:
    wanted = st.query_params.get(panel_records.RECORD)
    if not wanted:
        return
    with page.part():
        rows = page.ask(audit.prediction, wanted).rows
        panel_records.record(rows[0] if rows else None)
        if rows:
            page.link("explanations", "Why this score", icon=":material/lightbulb:", record=wanted)


def _volumes(found: Ground) -> list[DayVolume]:
    """Every day from the first to the last; days that nobody knows stay empty."""
    rows = dict(found.days)
    first, last = found.known[0], found.known[-1]
    count = (last - first).days + 1
    days = [first.fromordinal(first.toordinal() + place) for place in range(count)]
    return [DayVolume(day, rows.get(day)) for day in days]


def _unfiltered(scope: Scope) -> Scope:
    """The scope of all segments: bins and days are the same for each of them."""
    return replace(scope, work_types=(), regions=(), model_versions=())


@st.cache_data(ttl=cache.ANSWER_TTL, max_entries=32, show_spinner=False)
def _ground(scope: Scope, policy_version: str, viewer_scope: str) -> Ground | None:
    return drift_material.ground(engines.source(), engines.beside(), scope, cache.policy().drift)


@st.cache_data(ttl=cache.ANSWER_TTL, max_entries=32, show_spinner="Comparing the two windows")
def _report(
    scope: Scope, windows: Windows, policy_version: str, viewer_scope: str, *, usual: bool
) -> tuple[DriftReport, Sequence[Asked], bool]:
    """The comparison, the questions behind it, and whether it is the whole report.

    Of the usual windows the refresh job has kept the whole; without roll-ups there is nothing to
    gain from parts. The assessment is kept here, not the histograms it is made from: they are
    large.
    """
    policy, source, own = cache.policy().drift, engines.source(), engines.beside()
    found = _ground(_unfiltered(scope), policy_version, viewer_scope)
    assert found is not None
    if usual and found.from_rollups and own is not None:
        kept = read(own, lambda connection: drift_kept.usual_report(connection, scope, policy))
        if kept is not None:
            return kept[0], (kept[1],), True
    made, asked = drift_material.material(
        source, own, scope, found, windows, records=not found.from_rollups
    )
    first = report(made, policy)
    if found.from_rollups:
        return first, asked, False
    sanity = with_places(source, scope, found.layout, windows, first.sanity)
    return replace(first, sanity=sanity), asked, True


@st.cache_data(ttl=cache.ANSWER_TTL, max_entries=32, show_spinner="Reading records")
def _rest(
    scope: Scope, windows: Windows, policy_version: str, viewer_scope: str, _first: DriftReport
) -> tuple[DriftReport, Sequence[Asked]]:
    """The first report, which the other arguments stand for, made whole."""
    policy, source = cache.policy().drift, engines.source()
    found = _ground(_unfiltered(scope), policy_version, viewer_scope)
    assert found is not None
    made, asked = drift_material.material(source, engines.beside(), scope, found, windows)
    whole = replace(
        _first,
        attribution=attribution(made.versions),
        concept=concept(made, policy),
        sanity=with_places(source, scope, found.layout, windows, _first.sanity),
    )
    return whole, asked


@st.cache_data(ttl=cache.ANSWER_TTL, max_entries=16, show_spinner="Replaying the rules")
def _replayed(
    scope: Scope, windows: Windows, policy_version: str, viewer_scope: str
) -> tuple[RuleReplay, ...]:
    from components.drift.replay import replay  # one view of five needs it

    found = _ground(_unfiltered(scope), policy_version, viewer_scope)
    assert found is not None
    made = drift_material.history(engines.source(), engines.beside(), scope, found, windows)
    return replay(made, cache.policy().drift)
