"""Building the roll-ups of the pipeline: UTC days from the source into the product's schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from queries.audit_firing import pulse_by
from queries.audit_latency import (
    bin_of,
    keys_of_row,
    ml_called,
    path_of,
    rules_called,
)
from queries.audit_parts import asked, audit, count
from queries.audit_reviews import events_of_reviewed_days, events_of_scored_days, utc_day
from queries.audit_threshold import gaps_by
from queries.contract import config_history, ml_feedback, prediction_audit
from queries.rolled_days import PartScope, Settings, cuts_of, days_scope, midnight, settings
from queries.rolled_schema import (
    PIPELINE_TABLES,
    rolled_decisions,
    rolled_gaps,
    rolled_gaps_segments,
    rolled_latency,
    rolled_latency_segments,
    rolled_requests,
    rolled_reviews,
    rolled_settings,
)
from queries.rollup_family import DayRows, rows_of
from queries.rollup_vectors import copy_rows

_REVIEWS_LOCK = 7_585_672_021
_DAY = timedelta(days=1)
_TIME = sa.DateTime(timezone=True)
_SEGMENTS = ("work_type", "region", "ml_version")


class PipelineRollUps:
    """Outcomes, versions, calls, latency, distances and reviews of one environment's days."""

    name = "pipeline"
    tables: tuple[sa.Table, ...] = PIPELINE_TABLES

    def marks(
        self, source: sa.Connection, environment: str, start: date, end: date
    ) -> Mapping[date, str]:
        """The configuration history as it concerns each day, and the reviews made on it."""
        del environment
        history = _settings(source)
        reviews = _reviews(source, start, end) if _present(source, ml_feedback) else {}
        days = (start + _DAY * number for number in range((end - start).days))
        return {day: f"{_digest(history, day)} {reviews.get(day, '')}" for day in days}

    def read(
        self, source: sa.Connection, environment: str, start: date, end: date
    ) -> Mapping[date, DayRows]:
        """Every table's rows, by day."""
        if not (_present(source, prediction_audit) and _present(source, config_history)):
            return {}
        now = settings(source)
        found: dict[date, dict[str, list[dict[str, Any]]]] = {}
        for day in _days(start, end):
            found[day] = {table.name: [] for table in PIPELINE_TABLES}
        for table, statement in _statements(days_scope(environment, start, end), now):
            for row in source.execute(statement).mappings():
                found[row["day"]][table.name].append({"environment": environment, **row})
        for review in _reviews_of(source, environment, start, end):
            for day in {review["day"], review["scored_day"]} & found.keys():
                found[day][rolled_reviews.name].append(review)
        for day, rows in found.items():
            rows[rolled_settings.name].append(
                _settings_of(now, environment, day, rows[rolled_requests.name])
            )
        return found

    def write(self, own: sa.Connection, environment: str, found: Mapping[date, DayRows]) -> None:
        """Replace the days' rows.

        A review belongs to two days, its own and its prediction's. Two transactions that write
        one of them each would both insert it; the lock lets one wait until it sees the other's.
        """
        own.execute(sa.select(sa.func.pg_advisory_xact_lock(_REVIEWS_LOCK)))
        for table in PIPELINE_TABLES:
            own.execute(sa.delete(table).where(*_of_days(table, environment, list(found))))
            copy_rows(own, table, rows_of(found, table.name))


def _of_days(
    table: sa.Table, environment: str, days: list[date]
) -> tuple[sa.ColumnElement[bool], ...]:
    here = table.c.environment == environment
    if table is not rolled_reviews:
        return here, table.c.day.in_(days)
    return here, sa.or_(table.c.day.in_(days), table.c.scored_day.in_(days))


def _days(start: date, end: date) -> Iterator[date]:
    return (start + _DAY * number for number in range((end - start).days))


def _statements(scope: PartScope, now: Settings) -> tuple[tuple[sa.Table, sa.Select[Any]], ...]:
    day = utc_day(audit.scored_at).label("day")
    segments = [audit[name].label(name) for name in _SEGMENTS]
    return (
        (rolled_requests, _requests(scope, day, now)),
        (rolled_decisions, _decisions(scope, day)),
        (rolled_latency, _latency(scope, day)),
        (rolled_latency_segments, _latency(scope, day, *segments)),
        (rolled_gaps, gaps_by(scope, day)),
        (rolled_gaps_segments, gaps_by(scope, day, *segments)),
    )


def _settings_of(
    now: Settings, environment: str, day: date, requests: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The configuration history with which the day was judged."""
    used = {row["workflow_config"] for row in requests} - {None}
    return {
        "environment": environment,
        "day": day,
        "cuts": cuts_of(now, day),
        "thresholds": {name: list(now.thresholds.get(name, [None, None])) for name in sorted(used)},
    }


def _reviews_of(
    source: sa.Connection, environment: str, start: date, end: date
) -> Iterator[dict[str, Any]]:
    """The reviews of these days, and those of later days on predictions of these days."""
    if not _present(source, ml_feedback):
        return
    for row in source.execute(events_of_reviewed_days(environment, start, end)).mappings():
        yield dict(row)
    for row in source.execute(events_of_scored_days(environment, start, end)).mappings():
        if row["day"] >= end:
            yield dict(row)


def _requests(scope: PartScope, day: sa.Label[Any], now: Settings) -> sa.Select[Any]:
    """``moment`` is the last one at which anything was switched, midnight at the earliest."""
    first, last = scope.parts[0]
    cuts = sorted(cut for cut in now.cuts if first < cut < last)
    local = sa.func.date_trunc("day", sa.func.timezone("UTC", audit.scored_at))
    moment: sa.ColumnElement[Any] = sa.func.timezone("UTC", local)
    if cuts:
        begun = ((audit.scored_at >= cut, sa.literal(cut, _TIME)) for cut in reversed(cuts))
        moment = sa.func.greatest(moment, sa.case(*begun, else_=sa.literal(first, _TIME)))
    by: dict[str, sa.ColumnElement[Any]] = {
        "day": utc_day(audit.scored_at),
        "moment": moment,
        "work_type": audit.work_type,
        "region": audit.region,
        "rules_version": audit.rules_version,
        "ml_version": audit.ml_version,
        "llm_version": audit.llm_version,
        "workflow_config": audit.workflow_config,
        "ran": asked(),
        "error": audit.error,
    }
    measures = pulse_by(
        scope,
        *(column.label(name) for name, column in by.items()),
        extra={"rules_calls": rules_called(), "ml_calls": ml_called()},
    ).subquery("m")
    m = measures.c
    kept = [column.name for column in rolled_requests.c if column.name in m]
    return sa.select(*(m[name] for name in kept if name != "asked"), m.ran.label("asked"))


def _decisions(scope: PartScope, day: sa.Label[Any]) -> sa.Select[Any]:
    key = (
        day,
        *(audit[name] for name in (*_SEGMENTS, "rules_decision", "ml_decision")),
        asked().label("asked"),
        audit.final_decision,
    )
    places = (sa.text(str(place + 1)) for place in range(len(key)))
    return sa.select(*key, count().label("n")).where(*scope.conditions()).group_by(*places)


def _latency(scope: PartScope, *keys: sa.Label[Any]) -> sa.Select[Any]:
    per_row = sa.select(*keys, keys_of_row().label("key")).where(*scope.conditions()).subquery("r")
    by = [per_row.c[key.name] for key in keys]
    counted = (
        sa.select(*by, per_row.c.key, count().label("n"))
        .where(per_row.c.key.is_not(None))
        .group_by(*by, per_row.c.key)
        .subquery("counted")
    )
    c = counted.c
    path, whole = path_of(c.key), [c[key.name] for key in keys]
    return sa.select(
        *whole,
        path.label("path"),
        sa.func.array_agg(bin_of(c.key)).label("bins"),
        sa.func.array_agg(c.n).label("counts"),
    ).group_by(*whole, path)


def _present(source: sa.Connection, table: sa.Table) -> bool:
    """Whether the source has a relation; without a savepoint, which needs a transaction."""
    return source.scalar(sa.select(sa.func.to_regclass(table.name))) is not None


def _settings(source: sa.Connection) -> Settings | None:
    return settings(source) if _present(source, config_history) else None


def _digest(history: Settings | None, day: date) -> str:
    """Changes where the history of the day changes: not where something newer is added."""
    if history is None:
        return ""
    end = midnight(day) + _DAY
    known = {
        name: history.thresholds[name]
        for name, since in sorted(history.known_from.items())
        if since < end
    }
    text = f"{[cut.isoformat() for cut in cuts_of(history, day)]} {known}"
    return sha256(text.encode()).hexdigest()[:16]


def _reviews(source: sa.Connection, start: date, end: date) -> dict[date, str]:
    review = ml_feedback.c
    day = utc_day(review.reviewed_at)
    text = sa.func.concat_ws(
        "|", review.feedback_id, review.prediction_id, review.reviewed_at, review.correct_decision
    )
    statement = (
        sa.select(
            day.label("day"),
            sa.func.count(),
            sa.func.sum(sa.cast(sa.func.hashtextextended(text, 0), sa.Numeric)),
        )
        .where(review.reviewed_at >= midnight(start), review.reviewed_at < midnight(end))
        .group_by(sa.text("1"))
    )
    return {found: f"{n} {digest}" for found, n, digest in source.execute(statement)}
