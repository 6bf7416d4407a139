"""A candidate's scores in the shadow, and what recomputing them from its file found.

The contract keeps one explanation for each prediction, that of the model in production. None of
a candidate's can be stored beside it: what can be verified is what it said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import audit
from queries.contract import ml_shadow_scores, prediction_audit
from queries.explanation_schema import explanation_candidates
from queries.rollup_parts import midnight
from queries.scope import Scope

BATCH = 2_000

_shadow, _kept = ml_shadow_scores.c, explanation_candidates.c


@dataclass(frozen=True, slots=True)
class ShadowRow:
    """One score of a candidate, with what it saw."""

    candidate_version: str
    scored_at: datetime
    candidate_score: float
    features: Any


@dataclass(frozen=True, slots=True)
class KnownCandidate:
    """A candidate's day that was attested: from what, and with which file."""

    day: date
    candidate_version: str
    mark: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """What recomputing one day's scores of a candidate found."""

    candidate_version: str
    day: date
    verified: int
    mismatched: int
    unverified: int
    explained: int
    detail: str
    newest_at: datetime


def of_day(connection: sa.Connection, day: date) -> Iterator[list[ShadowRow]]:
    """The shadow scores of one UTC day in batches, as they arrive; failed ones are left out."""
    start, end = midnight(day), midnight(day + timedelta(days=1))
    same = sa.and_(
        audit.prediction_id == _shadow.prediction_id,
        audit.scored_at == _shadow.scored_at,
        audit.scored_at >= start,
        audit.scored_at < end,
    )
    statement = (
        sa.select(
            _shadow.candidate_version, _shadow.scored_at, _shadow.candidate_score, audit.features
        )
        .select_from(ml_shadow_scores.outerjoin(prediction_audit, same))
        .where(
            _shadow.scored_at >= start,
            _shadow.scored_at < end,
            _shadow.candidate_score.is_not(None),
        )
    )
    streamed = connection.execute(statement, execution_options={"yield_per": BATCH})
    for rows in streamed.mappings().partitions():
        yield [ShadowRow(**row) for row in rows]


def first_day(connection: sa.Connection) -> date | None:
    """The UTC day of the oldest shadow score; None where there is none."""
    oldest: datetime | None = connection.execute(sa.select(sa.func.min(_shadow.scored_at))).scalar()
    return oldest.astimezone(UTC).date() if oldest is not None else None


def known(own: sa.Connection) -> Answer[KnownCandidate]:
    """Days of candidates that were attested"""
    columns = (_kept[name] for name in KnownCandidate.__dataclass_fields__)
    return ask(own, sa.select(*columns).order_by(_kept.day), KnownCandidate)


def replace_day(own: sa.Connection, day: date, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a day anew, within the caller's transaction."""
    own.execute(sa.delete(explanation_candidates).where(_kept.day == day))
    if rows:
        own.execute(sa.insert(explanation_candidates), [dict(row) for row in rows])


def results(own: sa.Connection, scope: Scope, version: str) -> Answer[CandidateRow]:
    """Are the candidate's scores in the shadow those of its verified file? By day"""
    statement = (
        sa.select(*(_kept[name] for name in CandidateRow.__dataclass_fields__))
        .where(
            _kept.candidate_version == version,
            _kept.day >= scope.start.astimezone(UTC).date(),
            sa.cast(_kept.day, sa.DateTime()) < sa.func.timezone("UTC", scope.until),
        )
        .order_by(_kept.day)
    )
    return ask(own, statement, CandidateRow)
