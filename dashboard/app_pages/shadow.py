"""Shadow: may the candidate be promoted, and if not, what blocks it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from components.gates.assess import Evaluation
from components.layout import provenance, states
from components.pipeline.limits import limit
from components.shadow import (
    checklists,
    panel,
    panel_checklist,
    panel_cost,
    panel_load,
    panel_quality,
    panel_queue,
    panel_segments,
    panel_time,
)
from components.shadow.assess import report, rules
from components.shadow.assess_quality import cost, unit_costs
from components.shadow.assess_scores import induced
from components.shadow.material import Judged, Material
from components.shadow.panel_checklist import Book, Links
from components.shadow.types import CheckRow, Cost, ShadowReport
from components.statistics.cost import UnitCosts
from dashboard import cache, engines, navigation, shadow_kept, shadow_material, shell
from dashboard.filters import Filter
from dashboard.runbooks import runbooks
from dashboard.shadow_material import Asked, Candidates
from queries import artifacts, shadow
from queries.errors import MissingRelationError
from queries.rolled import read_rolled
from queries.scope import Scope
from queries.shadow_rows import Pair

FILTERS = (Filter.WORK_TYPE, Filter.REGION)
ROLLBACK = "rollback"


def render() -> None:
    """Draw the page."""
    with shell.page("shadow", method="Shadow and promotion", shown=FILTERS) as page:
        page.freshness("ml_shadow_scores", "ml_feedback", "prediction_audit")
        found = _candidates(page.as_of, page.viewer.role)
        pair = _chosen(page, found)
        made = None if pair is None else _report(page, pair)
        if pair is None or made is None:
            page.answer("No candidate is in the shadow, so there is nothing to promote.")
            panel.no_candidate()
            _checks(page, page.evaluation())
            return
        page.history()
        evaluation = page.evaluation()
        decision = evaluation.decision(checklists.DECISION)
        page.answer(
            checklists.answer(made, decision), verdict=decision.verdict if decision else None
        )
        panel.compared(made)
        needed = rules(page.policy).minimum_labels
        panel.headline(made, checklists.statuses(evaluation), needed)
        panel.switches(made.changes)
        panel.caveats(made)
        _checks(page, evaluation)
        view = panel.choose_view()
        with page.part():
            _view(page, made, pair, view)


def _chosen(page: shell.Page, found: Candidates) -> Pair | None:
    """The candidate to look at: the registered one, unless another is chosen in the URL."""
    if found.unscored:
        states.notice(f"{found.registered} is signed as candidate, but has not scored a ticket.")
    names = list(dict.fromkeys(run.candidate_version for run in found.runs))
    if len(names) < 2:
        return found.pair(names[0]) if names else None
    with page.filter_row:
        name = st.selectbox("Candidate", names, key="candidate", bind="query-params", width=200)
    return found.pair(name)


def _view(page: shell.Page, made: ShadowReport, pair: Pair, view: str) -> None:
    given, policy = rules(page.policy), page.policy
    if view == panel.TIME:
        panel_time.evidence(made.sequential, made.forecast, made.changes, given.minimum_labels)
    elif view == panel.GROUPS:
        panel_segments.groups(made.slices, made.fairness, given.slice_margin)
    elif view == panel.AGREEMENT:
        panel_segments.agreement(made.agreement, _limits(page, "shadow.churn"), made.changes)
    elif view == panel.SCORES:
        panel_segments.scores(made.scores, made.changes)
    elif view == panel.COST:
        standard = unit_costs(policy.shadow.costs)
        chosen = panel_cost.prices(standard)
        panel_cost.cost(made.cost if chosen == standard else _priced(page, made, pair, chosen))
    elif view == panel.LOAD:
        panel_load.load(made.induced, made.latency, _limits(page, "shadow.llm_calls_change"))
    elif view == panel.COVERAGE:
        panel_segments.coverage(made.coverage, limit(policy, "shadow.coverage"))
    elif view == panel.QUEUE:
        scope = shadow_material.comparison(page.scope, pair, policy.shadow)
        waiting = page.ask(shadow.queue, pair, scope=scope).rows
        panel_queue.queue(waiting, made.agreement.total.churn)
    else:
        panel_quality.quality(made.quality, given.margin)


def _limits(page: shell.Page, metric: str) -> list[tuple[float, str]]:
    """Where the policy warns and where it fails, as labelled lines."""
    gate = next((one for one in page.policy.requirements if one.metric == metric), None)
    if gate is None:
        return []
    found = [] if gate.warn is None else [(float(gate.warn), f"warns over {gate.warn:.0%}")]
    return [*found, (float(gate.threshold), f"at most {gate.threshold:.0%}")]


def _checks(page: shell.Page, evaluation: Evaluation) -> None:
    """The checklist of the chosen decision, its runbook, and the way back."""
    st.header("Checklists", anchor=False)
    ways = {way.title: way for way in checklists.WAYS_OUT}
    chosen = panel_checklist.choose((checklists.PROMOTE, *ways))
    links = _links(page, evaluation)
    if chosen in ways:
        way = ways[chosen]
        for made in checklists.way_out(evaluation, way):
            panel_checklist.checklist(made, links, _book(page, way.runbook))
    else:
        book = _book(page, checklists.PROMOTE_BOOK)
        panel_checklist.checklist(checklists.promotion(evaluation), links, book)
    ready = checklists.readiness(evaluation, _rollback_target(page))
    panel_checklist.readiness(ready, page.href("artifacts"))


def _links(page: shell.Page, evaluation: Evaluation) -> Links:
    """Where gates lead: to themselves in full, and to the view or page of their evidence."""
    counts = checklists.measured_on(evaluation)
    titles = {entry.key: entry.title for entry in navigation.ENTRIES}

    def evidence(row: CheckRow) -> tuple[str, str]:
        view = panel.view_of(row.anchor)
        if view is not None:
            return view, page.href("shadow", view=view)
        if row.anchor in titles and row.anchor != "gates":
            return titles[row.anchor], page.href(row.anchor)
        return "Gate", page.href("gates", gate=row.gate_id)

    return Links(
        gate=lambda row: page.href("gates", gate=row.gate_id),
        evidence=evidence,
        n=lambda row: counts.get(row.gate_id),
    )


def _book(page: shell.Page, key: str) -> Book | None:
    book = runbooks().get(key)
    return Book(book.title, page.href("runbooks", runbook=key)) if book else None


def _rollback_target(page: shell.Page) -> str | None:
    """The version registered to go back to; None where none is, or no table says so."""
    try:
        rows = page.ask(artifacts.files).rows
    except MissingRelationError:
        return None
    return next((row.model_version for row in rows if row.role == ROLLBACK), None)


@st.cache_data(ttl=cache.ANSWER_TTL, max_entries=16, show_spinner=False)
def _candidates(as_of: object, viewer_scope: str) -> Candidates:
    scope = Scope(shadow_material.EPOCH, as_of, as_of)  # type: ignore[arg-type]
    return read_rolled(
        engines.source(), engines.beside(), lambda one: shadow_material.candidates(one, scope)
    )


def _report(page: shell.Page, pair: Pair) -> ShadowReport | None:
    found = _made(page.scope, pair, page.policy.version, page.viewer.role)
    if found is None:
        return None
    made, asked = found
    page.asked += [provenance.Asked(one.words, one.provenance) for one in asked]
    return made


@st.cache_data(ttl=cache.ANSWER_TTL, max_entries=32, show_spinner="Comparing both models")
def _made(
    scope: Scope, pair: Pair, policy_version: str, viewer_scope: str
) -> tuple[ShadowReport, Sequence[Asked]] | None:
    known = read_rolled(
        engines.source(),
        engines.beside(),
        lambda one: shadow_kept.kept(one, scope, pair, cache.policy()),
    )
    if known is not None:
        return known.report, (known.asked,)
    found = _material(scope, pair, policy_version, viewer_scope)
    return None if found is None else (report(found[0], rules(cache.policy())), found[1])


@st.cache_data(ttl=cache.ANSWER_TTL, max_entries=8, show_spinner=False)
def _material(
    scope: Scope, pair: Pair, policy_version: str, viewer_scope: str
) -> tuple[Material, Sequence[Asked]] | None:
    known = _candidates(scope.as_of, viewer_scope)
    policy = cache.policy().shadow
    return read_rolled(
        engines.source(),
        engines.beside(),
        lambda one: shadow_material.material(one, scope, known, pair, policy),
    )


def _priced(page: shell.Page, made: ShadowReport, pair: Pair, costs: UnitCosts) -> Cost | None:
    """The same comparison at other prices."""
    scope = replace(page.scope, start=shadow_material.EPOCH, end=made.as_of, as_of=made.as_of)
    found = _material(scope, pair, page.policy.version, page.viewer.role)
    if found is None:
        return None
    return cost(Judged.of(found[0].labels), induced(found[0]), costs)
