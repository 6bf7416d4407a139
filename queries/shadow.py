"""Questions about a candidate in the shadow: what it scored, beside what production did (B3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from queries import shadow_parts as parts
from queries.answer import Answer, ask
from queries.contract import config_history, ml_training_runs, model_artifacts
from queries.names import VERSION_KNOBS
from queries.rolled import rolled_up
from queries.rolled_shadow import rolled_errors, rolled_labels, rolled_runs, rolled_tallies
from queries.scope import Scope
from queries.shadow_labels import LabelRow, packed
from queries.shadow_rows import (
    ALL,
    By,
    ErrorRow,
    Kind,
    Pair,
    QueueRow,
    RoleRow,
    RunRow,
    SwitchRow,
    TallyRow,
    TrainingRow,
)

QUEUE_SIZE = 200


def _runs_added(rows: Sequence[RunRow]) -> list[RunRow]:
    found: dict[tuple[str, str], RunRow] = {}
    for row in rows:
        key = (row.candidate_version, row.production_version)
        other = found.get(key)
        found[key] = row if other is None else _added(other, row)
    return sorted(found.values(), key=lambda row: row.last_at, reverse=True)


def _added(one: RunRow, other: RunRow) -> RunRow:
    return replace(
        one,
        rows=one.rows + other.rows,
        scored=one.scored + other.scored,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
    )


@rolled_up(rolled_runs, _runs_added)
def runs(connection: sa.Connection, scope: Scope) -> Answer[RunRow]:
    """Candidates in the shadow, the latest first, with what they scored."""
    return ask(connection, parts.runs(scope), RunRow)


def roles(connection: sa.Connection, scope: Scope) -> Answer[RoleRow]:
    """Which model plays which role, by the signatures known at the as-of."""
    artifact = model_artifacts.c
    statement = (
        sa.select(
            artifact.model_version,
            artifact.role,
            sa.func.min(artifact.signed_at).label("first_signed_at"),
            sa.func.max(artifact.signed_at).label("signed_at"),
        )
        .where(artifact.signed_at < scope.as_of)
        .group_by(artifact.model_version, artifact.role)
        .order_by(sa.text("signed_at DESC"), artifact.model_version)
    )
    return ask(connection, statement, RoleRow)


def _all_parts(rows: Sequence[TallyRow]) -> Sequence[TallyRow]:
    return sorted(rows, key=lambda row: (row.segment, row.kind))


@rolled_up(rolled_tallies, _all_parts)
def tallies(
    connection: sa.Connection, scope: Scope, pair: Pair, kinds: tuple[Kind, ...], *, by: By = ALL
) -> Answer[TallyRow]:
    """Predictions of both models by day, decisions, scores, latency and load."""
    return ask(connection, parts.tally_rows(scope, pair, kinds, by), TallyRow)


def _errors_added(rows: Sequence[ErrorRow]) -> list[ErrorRow]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row.error] += row.n
    return [ErrorRow(error, n) for error, n in sorted(found.items(), key=lambda x: (-x[1], x[0]))]


@rolled_up(rolled_errors, _errors_added)
def errors(connection: sa.Connection, scope: Scope, pair: Pair) -> Answer[ErrorRow]:
    """Error codes of the candidate."""
    return ask(connection, parts.errors(scope, pair), ErrorRow)


def _all_labels(rows: Sequence[LabelRow]) -> Sequence[LabelRow]:
    return sorted(rows, key=lambda row: (row.work_type or "", row.region or ""))


@rolled_up(rolled_labels, _all_labels)
def labels(connection: sa.Connection, scope: Scope, pair: Pair) -> Answer[LabelRow]:
    """Reviews of predictions that both models scored, as known at the as-of."""
    found = parts.reviews(scope, pair).subquery("found")
    return ask(connection, packed(found), LabelRow)


def queue(
    connection: sa.Connection, scope: Scope, pair: Pair, *, limit: int = QUEUE_SIZE
) -> Answer[QueueRow]:
    """Predictions on which the models differ and that nobody has reviewed."""
    return ask(connection, parts.queue(scope, pair, limit), QueueRow)


def switches(
    connection: sa.Connection, scope: Scope, start: datetime, end: datetime
) -> Answer[SwitchRow]:
    """Rules, model, LLM or configuration switched within a comparison."""
    config = config_history.c
    statement = (
        sa.select(config.knob, config.version, config.valid_from)
        .where(
            config.knob.in_(VERSION_KNOBS),
            config.valid_from > start,
            config.valid_from < min(end, scope.as_of),
        )
        .order_by(config.valid_from, config.knob)
    )
    return ask(connection, statement, SwitchRow)


def replaced(
    connection: sa.Connection, scope: Scope, version: str, start: datetime, end: datetime
) -> Answer[SwitchRow]:
    """Files of a model that were signed within a comparison, and are not those signed before."""
    file, former = model_artifacts.c, model_artifacts.alias("former").c
    known = sa.exists().where(
        former.model_version == file.model_version,
        former.sha256 == file.sha256,
        former.signed_at <= start,
    )
    statement = (
        sa.select(
            sa.literal("model file").label("knob"),
            file.model_version.label("version"),
            file.signed_at.label("valid_from"),
        )
        .where(
            file.model_version == version,
            file.signed_at > start,
            file.signed_at < min(end, scope.as_of),
            ~known,
        )
        .distinct()
        .order_by(file.signed_at)
    )
    return ask(connection, statement, SwitchRow)


def training(connection: sa.Connection, scope: Scope, version: str) -> Answer[TrainingRow]:
    """What a model was trained on, the latest run first."""
    run = ml_training_runs.c
    statement = (
        sa.select(
            run.run_id, run.model_version, run.window_start, run.window_end, run.dataset_sha256
        )
        .where(run.model_version == version, run.started_at < scope.as_of)
        .order_by(run.started_at.desc())
        .limit(5)
    )
    return ask(connection, statement, TrainingRow)
