"""Questions about model files: what is registered, what was done, what a version scored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.artifact_rows import (
    ArtifactRow,
    EventRow,
    NewestEvent,
    ProbeRow,
    ServedPrediction,
    ServedRow,
    TrainingRow,
)
from queries.audit_parts import one_page
from queries.audit_rows import After
from queries.contract import (
    ml_shadow_scores,
    ml_training_runs,
    model_artifacts,
    prediction_audit,
    system_audit,
)
from queries.rolled import Plan, rolled_up
from queries.rolled_parts import filters
from queries.rolled_schema import rolled_requests
from queries.scope import Scope
from queries.snapshot import once

PROMOTE, ROLLBACK, DEMOTE = "model.promote", "model.rollback", "model.demote"
VERIFY, KEY = "artifact.verify", "key.rotate"
_ABOUT_MODELS = (PROMOTE, ROLLBACK, DEMOTE, VERIFY, KEY)

_files = model_artifacts.c
_runs = ml_training_runs.c
_events = system_audit.c
_audit = prediction_audit.c
_shadow = ml_shadow_scores.c

SHADOW_DAYS = timedelta(days=120)


@once
def files(connection: sa.Connection, scope: Scope) -> Answer[ArtifactRow]:
    """Registered model files: version, role, digest, manifest and signature"""
    statement = (
        sa.select(
            _files.model_version,
            _files.role,
            _files.path,
            _files.sha256,
            _files.size_bytes,
            _files.manifest,
            _files.signature,
            _files.key_id,
            _files.signed_at,
            _files.not_after,
        )
        .where(sa.or_(_files.signed_at.is_(None), _files.signed_at <= scope.as_of))
        .order_by(_files.signed_at.desc().nulls_first(), _files.model_version, _files.path)
    )
    return ask(connection, statement, ArtifactRow)


def training(connection: sa.Connection, scope: Scope) -> Answer[TrainingRow]:
    """Training runs that made a version: who, when, which family"""
    statement = (
        sa.select(
            _runs.run_id, _runs.model_version, _runs.family, _runs.finished_at, _runs.trained_by
        )
        .where(_runs.started_at <= scope.as_of)
        .order_by(_runs.started_at, _runs.run_id)
    )
    return ask(connection, statement, TrainingRow)


@once
def events(connection: sa.Connection, scope: Scope) -> Answer[EventRow]:
    """Promotions, rollbacks, demotions, verifications and signing keys, from the audit log"""
    statement = (
        sa.select(
            _events.event_id,
            _events.occurred_at,
            _events.actor,
            _events.action,
            _events.object,
            _events.detail,
            _events.outcome,
        )
        .where(_events.action.in_(_ABOUT_MODELS), _events.occurred_at <= scope.as_of)
        .order_by(_events.occurred_at, _events.event_id)
    )
    return ask(connection, statement, EventRow)


@once
def newest_event(connection: sa.Connection, scope: Scope) -> Answer[NewestEvent]:
    """How far the platform's audit log reaches"""
    statement = sa.select(sa.func.max(_events.occurred_at).label("newest_at")).where(
        _events.occurred_at <= scope.as_of
    )
    return ask(connection, statement, NewestEvent)


def probes(
    connection: sa.Connection, scope: Scope, periods: tuple[tuple[str, datetime, datetime], ...]
) -> Answer[ProbeRow]:
    """The newest prediction of each version, to be scored again by the verified file

    ``periods`` bounds each version's search: version, from, until.
    """
    parts = [
        sa.select(_newest(scope, version, start, end).subquery()) for version, start, end in periods
    ]
    return ask(connection, sa.union_all(*parts), ProbeRow)


def _newest(scope: Scope, version: str, start: datetime, end: datetime) -> sa.Select[Any]:
    return (
        sa.select(
            _audit.ml_version.label("model_version"),
            _audit.prediction_id,
            _audit.scored_at,
            _audit.features,
            _audit.ml_score,
        )
        .where(
            _audit.environment == scope.environment,
            _audit.ml_version == version,
            _audit.scored_at >= start,
            _audit.scored_at < min(end, scope.as_of),
            _audit.ml_score.between(0, 1),
            _audit.features.is_not(None),
        )
        .order_by(_audit.scored_at.desc(), _audit.prediction_id.desc())
        .limit(1)
    )


def shadow_probes(
    connection: sa.Connection, scope: Scope, versions: tuple[str, ...]
) -> Answer[ProbeRow]:
    """The newest shadow score of each candidate, to be scored again by the verified file"""
    parts = [sa.select(_newest_shadow(scope, version).subquery()) for version in versions]
    return ask(connection, sa.union_all(*parts), ProbeRow)


def _newest_shadow(scope: Scope, version: str) -> sa.Select[Any]:
    """The newest score is found first, by its index; only then its prediction is looked up."""
    newest = (
        sa.select(_shadow.prediction_id, _shadow.scored_at, _shadow.candidate_score)
        .where(
            _shadow.candidate_version == version,
            _shadow.scored_at >= scope.as_of - SHADOW_DAYS,
            _shadow.scored_at < scope.as_of,
            _shadow.candidate_score.between(0, 1),
        )
        .order_by(_shadow.scored_at.desc())
        .limit(1)
        .subquery()
    )
    same = sa.and_(
        _audit.prediction_id == newest.c.prediction_id, _audit.scored_at == newest.c.scored_at
    )
    return (
        sa.select(
            sa.literal(version).label("model_version"),
            _audit.prediction_id,
            _audit.scored_at,
            _audit.features,
            newest.c.candidate_score.label("ml_score"),
        )
        .select_from(newest.join(prediction_audit, same))
        .where(_audit.features.is_not(None))
    )


def _rolled_served(plan: Plan) -> list[Answer[ServedRow]]:
    """The same from the roll-ups."""
    r = rolled_requests.c
    statement = (
        sa.select(
            r.ml_version.label("model_version"),
            sa.cast(sa.func.date_trunc("month", sa.cast(r.day, sa.DateTime())), sa.Date).label(
                "month"
            ),
            sa.cast(sa.func.sum(r.n), sa.BigInteger).label("n"),
            sa.func.min(r.day).label("first"),
            sa.func.max(r.day).label("last"),
        )
        .where(*filters(plan, r), r.ml_version.is_not(None))
        .group_by(sa.text("1"), sa.text("2"))
    )
    return [plan.rollups.ask(statement, ServedRow)]


def _add_served(rows: Sequence[ServedRow]) -> list[ServedRow]:
    found: dict[tuple[date, str], ServedRow] = {}
    for row in rows:
        key = row.month, row.model_version
        one = found.get(key, row)
        n = row.n if one is row else one.n + row.n
        first, last = min(one.first, row.first), max(one.last, row.last)
        found[key] = ServedRow(row.model_version, row.month, n, first, last)
    return [found[key] for key in sorted(found)]


@rolled_up(_rolled_served, _add_served)
def served(connection: sa.Connection, scope: Scope) -> Answer[ServedRow]:
    """Predictions made by a version whose file failed, month by month, while it served

    The scope's period and model versions say which, and when.
    """
    local = sa.func.timezone("UTC", _audit.scored_at)
    statement = (
        sa.select(
            _audit.ml_version.label("model_version"),
            sa.cast(sa.func.date_trunc("month", local), sa.Date).label("month"),
            sa.func.count().label("n"),
            sa.cast(sa.func.min(local), sa.Date).label("first"),
            sa.cast(sa.func.max(local), sa.Date).label("last"),
        )
        .where(*scope.conditions(), _audit.ml_version.is_not(None))
        .group_by(sa.text("1"), sa.text("2"))
    )
    return ask(connection, statement, ServedRow)


def served_predictions(
    connection: sa.Connection, scope: Scope, after: After | None = None
) -> Answer[ServedPrediction]:
    """Predictions to be reviewed again, newest first, one page and one more

    The scope's period and model version say which.
    """
    return ask(connection, one_page(_to_review(scope), after), ServedPrediction)


def every_served_prediction(connection: sa.Connection, scope: Scope) -> Answer[ServedPrediction]:
    """Every prediction to be reviewed again, for a file"""
    return ask(connection, _to_review(scope).order_by(_audit.scored_at), ServedPrediction)


def _to_review(scope: Scope) -> sa.Select[Any]:
    columns = (_audit[name] for name in ServedPrediction.__dataclass_fields__)
    return sa.select(*columns).where(*scope.conditions())
