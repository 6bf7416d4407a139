"""How fast each layer is, how often it is called, and what fails (B1, C4)."""

from __future__ import annotations

from math import log
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, array

from queries.answer import Answer, ask
from queries.audit_parts import asked, audit, bucket, count
from queries.audit_rows import (
    LATENCY_BINS,
    LATENCY_HIGH_MS,
    LATENCY_LOW_MS,
    CallRow,
    LatencyRow,
    Path,
)
from queries.contract import config_history
from queries.names import UNIT_COST_KNOB
from queries.scope import Scope

_PATHS = tuple(Path)
_STRIDE = LATENCY_BINS + 2


def _key(path: Path, latency_ms: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Path and bin in one integer; null where there is no usable latency.

    One integer groups faster than two columns.
    """
    low, high = sa.literal(log(LATENCY_LOW_MS)), sa.literal(log(LATENCY_HIGH_MS))
    logarithm = sa.func.ln(sa.func.greatest(latency_ms, LATENCY_LOW_MS / 10))
    bin_ = sa.func.width_bucket(logarithm, low, high, sa.literal(LATENCY_BINS))
    measured = latency_ms.between(0, sa.literal(1e12, sa.Double))
    return sa.case((measured, _PATHS.index(path) * _STRIDE + bin_))


def _histogram(scope: Scope) -> sa.CTE:
    """Counts per day, path and bin; the day is null for the whole period."""
    total = audit.total_latency_ms
    keys = array(
        [
            _key(Path.RULES, audit.rules_latency_ms),
            _key(Path.ML, audit.ml_latency_ms),
            _key(Path.LLM, audit.llm_latency_ms),
            sa.case((asked(), _key(Path.LLM_PATH, total)), else_=_key(Path.FAST_PATH, total)),
        ]
    )
    per_row = (
        sa.select(bucket(scope).label("day"), sa.func.unnest(keys).label("key"))
        .where(*scope.conditions())
        .subquery("r")
    )
    daily = (
        sa.select(per_row.c.day, per_row.c.key, count().label("n"))
        .where(per_row.c.key.is_not(None))
        .group_by(per_row.c.day, per_row.c.key)
        .cte("daily")
    )
    overall = sa.select(
        sa.null().cast(sa.Date).label("day"), daily.c.key, sa.func.sum(daily.c.n).label("n")
    ).group_by(daily.c.key)
    return sa.union_all(sa.select(daily.c.day, daily.c.key, daily.c.n), overall).cte("histogram")


def latency(connection: sa.Connection, scope: Scope) -> Answer[LatencyRow]:
    """Histogram of the latency of every path, per day and over the period.

    NaN, infinite and negative latencies are left out. The fast path is the whole request where
    the LLM did not run, the LLM path where it did. Requests that ended in an error are
    included: their callers waited as well.
    """
    h = _histogram(scope).c
    stride: sa.ColumnElement[int] = sa.literal_column(str(_STRIDE))
    place = h.key.op("/")(stride)
    name = sa.case(*((place == index, path.value) for index, path in enumerate(_PATHS)))
    statement = (
        sa.select(
            name.label("path"),
            h.day,
            sa.func.array_agg(h.key % stride).label("bins"),
            sa.func.array_agg(sa.cast(h.n, sa.BigInteger)).label("counts"),
        )
        .group_by(name, h.day)
        .order_by(h.day, name)
    )
    return ask(connection, statement, LatencyRow)


def calls(connection: sa.Connection, scope: Scope) -> Answer[CallRow]:
    """Calls of each layer and errors by code, per day and price list, in one pass.

    The prices are those in force when the prediction was scored, as decimal strings.
    """
    config = config_history.c
    known = sa.and_(config.knob == UNIT_COST_KNOB, config.valid_from < scope.until)
    edges = (
        sa.select(sa.func.array_agg(sa.distinct(config.valid_from))).where(known).scalar_subquery()
    )
    per_slot = (
        sa.select(
            bucket(scope).label("day"),
            sa.func.width_bucket(audit.scored_at, edges).label("slot"),
            audit.error,
            count().label("n"),
            count(_called(audit.rules_score, audit.rules_decision)).label("rules_calls"),
            count(_called(audit.ml_score, audit.ml_decision)).label("ml_calls"),
            count(asked()).label("llm_calls"),
        )
        .where(*scope.conditions())
        .group_by(sa.text("1, 2, 3"))
        .subquery("s")
    )
    value = sa.type_coerce(config.value, JSONB)
    prices = (
        sa.select(
            sa.func.dense_rank().over(order_by=config.valid_from).label("slot"),
            config.version,
            *(value[f"{layer}_usd"].astext.label(f"{layer}_usd") for layer in _PRICED),
        )
        .where(known)
        .subquery("prices")
    )
    statement = (
        sa.select(
            per_slot.c.day,
            prices.c.version.label("price_version"),
            *(prices.c[f"{layer}_usd"] for layer in _PRICED),
            per_slot.c.error,
            per_slot.c.n,
            *(per_slot.c[f"{layer}_calls"] for layer in _PRICED),
        )
        .select_from(per_slot.outerjoin(prices, prices.c.slot == per_slot.c.slot))
        .order_by(per_slot.c.day)
    )
    return ask(connection, statement, CallRow)


_PRICED = ("rules", "ml", "llm")


def _called(*traces: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.or_(*(trace.is_not(None) for trace in traces))
