"""The integer keys of tallies in SQL; see :class:`queries.shadow_rows.Kind`."""

from __future__ import annotations

from math import log
from typing import Any

import sqlalchemy as sa

from queries.audit_parts import usable
from queries.shadow_rows import (
    CHANCE_UNIT,
    DIFFERENCE_BINS,
    LATENCY_BINS,
    LATENCY_HIGH_MS,
    LATENCY_LOW_MS,
    LATENCY_STRIDE,
    SCORE_UNIT,
    TENTHS,
    UNUSABLE,
    Kind,
)

STRIDE = 10_000_000
"""Kind and key share one integer, which groups faster than two."""
Expression = sa.ColumnElement[Any]


def _tenth(score: Expression) -> Expression:
    inside = sa.func.least(TENTHS - 2, sa.cast(sa.func.floor(score * 10), sa.Integer))
    return sa.case((usable(score), inside), else_=TENTHS - 1)


def key_of(kind: Kind, f: Any) -> tuple[Expression, Expression]:
    """Kind and key in one integer, null where the kind does not apply; and what is added up."""
    scored = f.cd < UNUSABLE
    nothing: Expression = sa.literal_column("0::bigint")
    base: sa.ColumnElement[int] = sa.literal_column(f"{kind * STRIDE}")
    if kind is Kind.CELL:
        pair = f.pd * 4 + f.cd
        key = (pair * TENTHS + _tenth(f.production)) * TENTHS + _tenth(f.candidate)
        return base + key, nothing
    if kind is Kind.PAIR:
        return base + f.pd * 4 + f.cd, nothing
    if kind is Kind.DIFFERENCE:
        gained = f.candidate - f.production
        place = sa.cast(sa.func.floor((gained + 1) * (DIFFERENCE_BINS / 2)), sa.Integer)
        total = sa.cast(sa.func.round(gained * float(SCORE_UNIT)), sa.BigInteger)
        return (
            sa.case((scored, base + sa.func.least(DIFFERENCE_BINS - 1, place))),
            sa.case((scored, total), else_=nothing),
        )
    if kind is Kind.LATENCY:
        measured = sa.and_(_measured(f.candidate_ms), _measured(f.production_ms))
        key = _latency_bin(f.candidate_ms) * LATENCY_STRIDE + _latency_bin(f.production_ms)
        return sa.case((sa.and_(scored, measured), base + key)), nothing
    known = sa.case((f.propensity.is_not(None), 1), else_=0)
    load = ((f.escalated * 2 + f.asked) * 3 + f.would) * 3 + f.final
    chance = sa.cast(sa.func.round(f.propensity * float(CHANCE_UNIT)), sa.BigInteger)
    return (
        sa.case((scored, base + (load * 3 + f.final_then) * 2 + known)),
        sa.func.coalesce(chance, nothing),
    )


def _measured(latency_ms: Expression) -> sa.ColumnElement[bool]:
    return latency_ms.between(0, sa.literal(1e12, sa.Double))


def _latency_bin(latency_ms: Expression) -> Expression:
    low, high = sa.literal(log(LATENCY_LOW_MS)), sa.literal(log(LATENCY_HIGH_MS))
    logarithm = sa.func.ln(sa.func.greatest(latency_ms, LATENCY_LOW_MS / 10))
    place: Expression = sa.func.width_bucket(logarithm, low, high, sa.literal(LATENCY_BINS))
    return place
