"""Feedback: what reviewers change, how far they can be trusted, and what retraining did."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from components.feedback import (
    assess,
    assess_families,
    assess_labels,
    assess_pairs,
    assess_reviewers,
    assess_training,
    panel,
    panel_people,
    panel_training,
    words,
)
from components.feedback.assess_pairs import Pairing
from components.feedback.assess_training import Holdout, Promotion
from components.feedback.types import Arrival, Followed, Overrides, RandomReview, Reviewers
from components.layout import states
from components.pipeline.assess_changes import Change, changes
from components.pipeline.limits import limit
from dashboard import shell
from dashboard.access import Right
from dashboard.evidence_feedback import PAIR_DAYS, last
from queries import audit, feedback, feedback_periods, shadow
from queries.errors import MissingRelationError
from queries.feedback_rows import HoldoutRow, PairRow, RunRow, SwitchRow
from queries.scope import Scope
from queries.shadow_labels import labels
from queries.shadow_rows import Pair
from queries.shadow_rows import RunRow as ShadowRun

HISTORY = timedelta(days=182)
LABELS = timedelta(days=91)
REVIEWER_DAYS, PAST_DAYS = 60, 182
"""One reviewer sees few tickets: recent weeks together, against the half year before them."""
AROUND = timedelta(days=56)


def render() -> None:
    """Draw the page."""
    with shell.page("feedback", method="Feedback") as page:
        page.freshness("ml_feedback", "ml_training_runs")
        page.history()
        found = assess.overrides(page.ask(feedback.overrides).rows)
        arrival, random = _labels(page)
        agreed = assess_reviewers.agreement(_pairs(page))
        people = _reviewers(page)
        page.answer(
            words.answer(found, random, people, agreed)
            if found.reviews
            else "No prediction of this period has been reviewed."
        )
        if found.reviews:
            panel.headline(found, agreed, random, arrival)
        view = panel.choose_view()
        with page.part():
            if view == panel.REVIEWERS:
                named = page.viewer.may(Right.PERSONAL_DATA)
                panel_people.reviewers(people, REVIEWER_DAYS, named=named)
                if named and people.outliers:
                    scope = last(page.scope, HISTORY.days)
                    rows = page.ask(feedback.reviewer_weeks, scope=scope).rows
                    panel_people.reviewer_weeks(assess_reviewers.outlying_weeks(people, rows))
                left, right = st.columns([3, 2], gap="large")
                with left:
                    panel_people.agreement(agreed, PAIR_DAYS)
                with right:
                    panel_people.answers(agreed)
            elif view == panel.LABELS:
                left, right = st.columns(2, gap="large")
                with left:
                    panel_people.arrival(arrival)
                with right:
                    panel_people.random_review(random)
                _reasons_of_review(page)
            elif view == panel.TRAINING:
                _training(page)
            elif found.reviews:
                _overrides(page, found, arrival)
            else:
                states.empty(
                    "There is nothing to look at here.",
                    "Reviews arrive days after a ticket: choose a longer period.",
                )


def _labels(page: shell.Page) -> tuple[Arrival, RandomReview]:
    """Over a quarter, so that what went wrong some weeks ago is seen; filters are obeyed."""
    scope = replace(page.scope, start=page.as_of - LABELS, end=page.as_of)
    rows = page.ask(feedback.arrivals, scope=scope).rows
    share = float(page.policy.drift.mature_share)
    arrival = assess_labels.arrival(rows, page.as_of, share)
    floor = limit(page.policy, "feedback.random_review_share") or assess_labels.FLOOR
    days = page.ask(audit.pulse, scope=scope).rows
    return arrival, assess_labels.random_review(rows, days, floor, arrival.ripe_until)


def _pairs(page: shell.Page) -> tuple[PairRow, ...]:
    rows: tuple[PairRow, ...] = page.ask(feedback.pairs, scope=last(page.scope, PAIR_DAYS)).rows
    return rows


def _reviewers(page: shell.Page) -> Reviewers:
    recent = last(page.scope, REVIEWER_DAYS)
    past = replace(recent, start=recent.start - timedelta(days=PAST_DAYS), end=recent.start)
    return assess_reviewers.reviewers(
        page.ask(feedback.reviewers, scope=recent).rows,
        page.ask(feedback.reviewers, scope=past).rows,
    )


def _overrides(page: shell.Page, found: Overrides, arrival: Arrival) -> None:
    panel.banner(found)
    history = _history(page.scope)
    weeks = page.ask(feedback.override_weeks, scope=history).rows
    panel.by_week(
        assess.weeks(weeks, history.until, arrival.ripe_until),
        limit(page.policy, "feedback.override_rate"),
        _changes(page, history),
    )
    left, right = st.columns(2, gap="large")
    with left:
        panel.by_group(
            found.layers,
            title="By layer",
            key="feedback_layers",
            note="Whose decision the reviewers would have changed; the LLM where it ran",
        )
    with right:
        panel.by_group(
            assess.groups(page.ask(feedback.overrides, by="ml_version").rows),
            title="By model version",
            key="feedback_versions",
            note="The platform’s decisions while this version was in service",
        )
    rows = page.ask(feedback.confusion).rows
    left, right = st.columns(2, gap="large")
    with left:
        panel.by_group(
            assess.groups(page.ask(feedback.overrides, by="work_type").rows),
            title="By work type",
            key="feedback_work_types",
            note="Most overturned first; lines are 95% intervals",
        )
    with right:
        panel.reasons(assess.reasons(rows))
    panel.harm(assess.confusion(rows))


def _reasons_of_review(page: shell.Page) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        panel.by_group(
            assess.groups(page.ask(feedback.overrides, by="review_reason").rows),
            title="By how the ticket came to be reviewed",
            key="feedback_review_reasons",
            note="Chosen by chance, or because something spoke for it",
        )
    with right:
        panel.by_group(
            assess.groups(page.ask(feedback.overrides, by="blinded").rows),
            title="With and without the model’s decision in view",
            key="feedback_blinded",
            note="Who sees a decision tends to let it stand",
        )


def _training(page: shell.Page) -> None:
    every = last(page.scope, PAIR_DAYS)
    runs: tuple[RunRow, ...] = page.ask(feedback.training_runs, scope=every).rows
    switched = _promotions(page, every)
    holdouts = _holdouts(page, every, runs)
    production = switched[-1].version if switched else None
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Is the model family right?", anchor=False)
        compared = assess_families.families(runs, production, holdouts, _pairings(page))
        panel_training.families(compared)
    with right:
        st.header("What retraining did", anchor=False)
        panel_training.followed(_followed(page, every, switched))
    st.header("Lineage", anchor=False)
    panel_training.lineage(assess_training.lineage(runs, switched, holdouts))


def _pairings(page: shell.Page) -> tuple[Pairing, ...]:
    """Every candidate beside production, from the reviews that the Shadow page reads."""
    compared = last(page.scope, page.policy.shadow.comparison_days)
    try:
        runs: tuple[ShadowRun, ...] = page.ask(shadow.runs, scope=compared).rows
    except MissingRelationError:
        return ()
    pairs = [Pair(run.candidate_version, run.production_version, run.first_at) for run in runs]
    return assess_pairs.pairings(
        {pair: labels(page.ask(shadow.labels, pair, scope=compared).rows) for pair in pairs}
    )


def _promotions(page: shell.Page, scope: Scope) -> tuple[Promotion, ...]:
    try:
        return assess_training.promotions(page.ask(audit.configurations, scope=scope).rows)
    except MissingRelationError as error:
        states.problem(error)
        return ()


def _holdouts(page: shell.Page, scope: Scope, runs: tuple[RunRow, ...]) -> dict[str, Holdout]:
    """What the reviews, as they stood when a run began, say of the cases it was measured on."""
    began = {run.run_id: (assess_training.holdout_from(run), run.started_at) for run in runs}
    periods = {
        run: (since, started)
        for run, (since, started) in began.items()
        if since is not None and since < started
    }
    if not periods:
        return {}
    wanted = tuple(dict.fromkeys(periods.values()))
    rows: tuple[HoldoutRow, ...] = page.ask(feedback_periods.holdouts, wanted, scope=scope).rows
    cases = {(row.since, row.until): assess_training.holdout(row.rows) for row in rows}
    found = {run: cases[period] for run, period in periods.items()}
    return {run: case for run, case in found.items() if case is not None}


def _followed(page: shell.Page, scope: Scope, switched: tuple[Promotion, ...]) -> list[Followed]:
    if not switched:
        return []
    moments = tuple(dict.fromkeys(promotion.at for promotion in switched))
    rows: tuple[SwitchRow, ...] = page.ask(
        feedback_periods.switches, moments, AROUND, scope=scope
    ).rows
    around = {row.at: row.rows for row in rows}
    return [assess_training.followed(each, around[each.at], AROUND.days) for each in switched]


def _history(scope: Scope) -> Scope:
    """The period, or half a year where it is shorter: a chart of four weeks says little."""
    return replace(scope, start=min(scope.start, scope.until - HISTORY))


def _changes(page: shell.Page, scope: Scope) -> tuple[Change, ...]:
    try:
        rows = page.ask(audit.configurations, scope=scope).rows
    except MissingRelationError:
        return ()
    return changes(rows, scope.start, scope.until)
