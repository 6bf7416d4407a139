"""How fast each layer is, how often it is called, and what fails (B1, C4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array

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
from queries.rolled import Plan, adding, rolled_up
from queries.rolled_history import unnested
from queries.rolled_latency import added_histograms, rolled_latency_rows
from queries.rolled_parts import filters, rolled_bucket
from queries.rolled_schema import rolled_requests
from queries.scope import Scope

_PATHS = tuple(Path)
_ROUNDING_MS = 1.0
_STRIDE = LATENCY_BINS + 2
_STRIDE_TEXT: sa.ColumnElement[int] = sa.literal_column(str(_STRIDE))


def _key(path: Path, latency_ms: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Path and bin in one integer; null where there is no usable latency.

    One integer groups faster than two columns.
    """
    low, high = sa.literal(log(LATENCY_LOW_MS)), sa.literal(log(LATENCY_HIGH_MS))
    logarithm = sa.func.ln(sa.func.greatest(latency_ms, LATENCY_LOW_MS / 10))
    bin_ = sa.func.width_bucket(logarithm, low, high, sa.literal(LATENCY_BINS))
    measured = latency_ms.between(0, sa.literal(1e12, sa.Double))
    return sa.case((measured, _PATHS.index(path) * _STRIDE + bin_))


def keys_of_row() -> sa.ColumnElement[Any]:
    """The up to four histogram places of one prediction; see :func:`path_of`."""
    total = sa.case((_whole_request(), audit.total_latency_ms))
    return sa.func.unnest(
        array(
            [
                _key(Path.RULES, audit.rules_latency_ms),
                _key(Path.ML, audit.ml_latency_ms),
                _key(Path.LLM, audit.llm_latency_ms),
                sa.case((asked(), _key(Path.LLM_PATH, total)), else_=_key(Path.FAST_PATH, total)),
            ]
        )
    )


def _whole_request() -> sa.ColumnElement[bool]:
    """Whether a whole request took no less time than the slowest of its layers.

    Clocks that round to milliseconds are forgiven.
    """
    layers = (audit.rules_latency_ms, audit.ml_latency_ms, audit.llm_latency_ms)
    measured = (sa.case((layer < sa.literal(1e12, sa.Double), layer), else_=0) for layer in layers)
    return audit.total_latency_ms + _ROUNDING_MS >= sa.func.greatest(*measured)


def path_of(key: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The path of a histogram place."""
    place = key.op("/")(_STRIDE_TEXT)
    return sa.case(*((place == index, path.value) for index, path in enumerate(_PATHS)))


def bin_of(key: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The bin of a histogram place."""
    return key % _STRIDE_TEXT


@rolled_up(rolled_latency_rows, added_histograms)
def latency(connection: sa.Connection, scope: Scope) -> Answer[LatencyRow]:
    """Histogram of the latency of every path, per day and over the period.

    NaN, infinite and negative latencies are left out, and whole requests that took less
    time than one of their layers. The fast path is the whole request where
    the LLM did not run, the LLM path where it did. Requests that ended in an error are
    included: their callers waited as well.
    """
    per_row = (
        sa.select(bucket(scope).label("day"), keys_of_row().label("key"))
        .where(*scope.conditions())
        .subquery("r")
    )
    daily = (
        sa.select(per_row.c.day, per_row.c.key, count().label("n"))
        .where(per_row.c.key.is_not(None))
        .group_by(per_row.c.day, per_row.c.key)
        .cte("daily")
    )
    whole = sa.select(
        sa.null().cast(sa.Date).label("day"), daily.c.key, sa.func.sum(daily.c.n).label("n")
    ).group_by(daily.c.key)
    keys = sa.union_all(sa.select(daily.c.day, daily.c.key, daily.c.n), whole).subquery("keys").c
    return ask(connection, histograms(keys, keys.day), LatencyRow)


def histograms(keys: Any, *by: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Counts ``n`` by ``key`` as one row of arrays for each path and group."""
    name = path_of(keys.key)
    return sa.select(
        name.label("path"),
        *by,
        sa.func.array_agg(bin_of(keys.key)).label("bins"),
        sa.func.array_agg(sa.cast(keys.n, sa.BigInteger)).label("counts"),
    ).group_by(name, *by)


def _rolled_calls(plan: Plan) -> list[Answer[CallRow]]:
    """The same from the roll-ups; the prices are brought along."""
    known = ask(plan.source, _price_list(plan.scope), _Price).rows
    edges = sorted({row.valid_from for row in known})
    r = rolled_requests.c
    moments = ARRAY(sa.DateTime(timezone=True))
    slot = sa.func.width_bucket(r.moment, sa.cast(sa.literal(edges, moments), moments))
    asked_n = sa.func.coalesce(sa.func.sum(r.n).filter(r.asked), 0)
    per_slot = (
        sa.select(
            rolled_bucket(plan.scope, r.day).label("day"),
            (slot if edges else sa.cast(sa.null(), sa.Integer)).label("slot"),
            r.error,
            _whole(sa.func.sum(r.n)).label("n"),
            _whole(sa.func.sum(r.rules_calls)).label("rules_calls"),
            _whole(sa.func.sum(r.ml_calls)).label("ml_calls"),
            _whole(asked_n).label("llm_calls"),
        )
        .where(*filters(plan, r))
        .group_by(sa.text("1, 2, 3"))
        .subquery("s")
    )
    prices = unnested(
        "prices",
        ("slot", sa.BigInteger(), [row.slot for row in known]),
        *((name, sa.Text(), [getattr(row, name) for row in known]) for name in _PRICES),
    )
    return [plan.rollups.ask(_priced(per_slot, prices), CallRow)]


def _whole(value: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(value, sa.BigInteger)


_PRICED = ("rules", "ml", "llm")
_PRICES = ("version", *(f"{layer}_usd" for layer in _PRICED))
_CALL_KEY = ("day", "price_version", *(f"{layer}_usd" for layer in _PRICED), "error")


@dataclass(frozen=True, slots=True)
class _Price:
    slot: int
    valid_from: datetime
    version: str
    rules_usd: str | None
    ml_usd: str | None
    llm_usd: str | None


def _price_list(scope: Scope) -> sa.Select[Any]:
    config = config_history.c
    value = sa.type_coerce(config.value, JSONB)
    return sa.select(
        sa.func.dense_rank().over(order_by=config.valid_from).label("slot"),
        config.valid_from,
        config.version,
        *(value[f"{layer}_usd"].astext.label(f"{layer}_usd") for layer in _PRICED),
    ).where(config.knob == UNIT_COST_KNOB, config.valid_from < scope.until)


@rolled_up(_rolled_calls, adding(_CALL_KEY, ("n", *(f"{layer}_calls" for layer in _PRICED))))
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
            count(rules_called()).label("rules_calls"),
            count(ml_called()).label("ml_calls"),
            count(asked()).label("llm_calls"),
        )
        .where(*scope.conditions())
        .group_by(sa.text("1, 2, 3"))
        .subquery("s")
    )
    prices = _price_list(scope).subquery("prices")
    return ask(connection, _priced(per_slot, prices), CallRow)


def _priced(per_slot: sa.Subquery, prices: sa.FromClause) -> sa.Select[Any]:
    return (
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


def rules_called() -> sa.ColumnElement[bool]:
    """Whether the rules left a trace."""
    return sa.or_(audit.rules_score.is_not(None), audit.rules_decision.is_not(None))


def ml_called() -> sa.ColumnElement[bool]:
    """Whether the model left a trace."""
    return sa.or_(audit.ml_score.is_not(None), audit.ml_decision.is_not(None))
