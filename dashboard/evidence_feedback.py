"""Evidence on reviews and on what was trained from them (B6, B12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from components.feedback import assess, assess_evidence, assess_labels, assess_reviewers
from components.feedback.assess_families import families
from components.feedback.assess_training import promotions
from components.gates.evidence import Evidence
from components.gates.policy import Policy
from queries import audit, feedback
from queries.database import if_present
from queries.scope import Scope

OVERRIDE_METRICS = assess_evidence.OVERRIDE_METRICS
KAPPA_METRICS = assess_evidence.KAPPA_METRICS
RANDOM_METRICS = assess_evidence.RANDOM_METRICS
FAMILY_METRICS = assess_evidence.FAMILY_METRICS

LABEL_DAYS = 90
"""Labels are few and come late: the policy's window alone would hold hardly any."""
PAIR_DAYS = 365
"""Tickets reviewed twice are fewer still."""


def overrides(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """How often do reviewers change a decision, and how much do the reviews weigh?"""
    recent = last(scope, LABEL_DAYS)
    found = assess.overrides(feedback.overrides(connection, recent).rows)
    tickets = sum(day.n for day in audit.pulse(connection, recent).rows)
    return assess_evidence.override_evidence(found, LABEL_DAYS, tickets)


def agreement(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Do reviewers agree with each other?"""
    found = assess_reviewers.agreement(feedback.pairs(connection, last(scope, PAIR_DAYS)).rows)
    return assess_evidence.kappa_evidence(found, PAIR_DAYS)


def random_review(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """Does chance choose enough tickets for review?"""
    recent = last(scope, LABEL_DAYS)
    rows = feedback.arrivals(connection, recent).rows
    arrival = assess_labels.arrival(rows, scope.as_of, float(policy.drift.mature_share))
    days = audit.pulse(connection, recent).rows
    floor = assess_labels.FLOOR
    found = assess_labels.random_review(rows, days, floor, arrival.ripe_until)
    return assess_evidence.random_evidence(found)


def challengers(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Were other model families measured on the same evaluation?"""
    rows = feedback.training_runs(connection, scope).rows
    known = if_present(connection, lambda: audit.configurations(connection, scope).rows) or ()
    switched = promotions(known)
    production = switched[-1].version if switched else None
    return assess_evidence.family_evidence(families(rows, production, {}))


def last(scope: Scope, days: int) -> Scope:
    """The days before the as-of, whatever the period and without its filters."""
    start: datetime = scope.as_of - timedelta(days=days)
    return replace(
        scope, start=start, end=scope.as_of, work_types=(), regions=(), model_versions=()
    )
