"""Latency histograms from the roll-ups, added up bin by bin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from queries.answer import Answer
from queries.audit_parts import DAILY_UP_TO
from queries.audit_rows import LATENCY_BINS, LatencyRow
from queries.rolled import Plan
from queries.rolled_parts import filtered, filters, rolled_bucket
from queries.rolled_schema import rolled_latency, rolled_latency_segments

_BINS = LATENCY_BINS + 2


def rolled_latency_rows(plan: Plan) -> list[Answer[LatencyRow]]:
    """One row for each path and day, as they are stored; summed where segments are chosen."""
    daily = plan.scope.end - plan.scope.start <= DAILY_UP_TO
    if daily and not filtered(plan.scope):
        h = rolled_latency.c
        statement = sa.select(h.path, h.day, h.bins, h.counts).where(*filters(plan, h))
        return [plan.rollups.ask(statement, LatencyRow)]
    h = (rolled_latency_segments if filtered(plan.scope) else rolled_latency).c
    each = sa.func.unnest(h.bins, h.counts).table_valued("bin", "n", name="each").render_derived().c
    day = rolled_bucket(plan.scope, h.day)
    per_bin = (
        sa.select(h.path, day.label("day"), each.bin, sa.func.sum(each.n).label("n"))
        .select_from(h.bins.table)
        .join(each.bin.table, sa.true())
        .where(*filters(plan, h))
        .group_by(h.path, sa.text("2"), each.bin)
        .subquery("per_bin")
    )
    p = per_bin.c
    summed = sa.select(
        p.path,
        p.day,
        sa.func.array_agg(p.bin).label("bins"),
        sa.func.array_agg(sa.cast(p.n, sa.BigInteger)).label("counts"),
    ).group_by(p.path, p.day)
    return [plan.rollups.ask(summed, LatencyRow)]


def added_histograms(rows: Sequence[LatencyRow]) -> list[LatencyRow]:
    """Rows of one path and day added up, and each path over the whole period, without a day.

    The source's own sums over the period are of its part alone, and are made anew.
    """
    daily: dict[tuple[str, date], list[LatencyRow]] = {}
    for row in rows:
        if row.day is not None:
            daily.setdefault((row.path, row.day), []).append(row)
    paths: dict[str, NDArray[np.int64]] = {}
    found = []
    for (path, day), own in sorted(daily.items(), key=lambda item: (item[0][1], item[0][0])):
        total = paths.setdefault(path, np.zeros(_BINS, dtype=np.int64))
        for row in own:
            # A histogram names each of its bins once.
            total[row.bins] += np.asarray(row.counts, dtype=np.int64)
        found.append(own[0] if len(own) == 1 else _row(path, day, _sum(own)))
    whole = [_row(path, None, total) for path, total in sorted(paths.items())]
    return [*found, *whole]


def _sum(rows: Sequence[LatencyRow]) -> NDArray[np.int64]:
    total = np.zeros(_BINS, dtype=np.int64)
    for row in rows:
        total[row.bins] += np.asarray(row.counts, dtype=np.int64)
    return total


def _row(path: str, day: date | None, counts: NDArray[np.int64]) -> LatencyRow:
    bins = np.flatnonzero(counts)
    return LatencyRow(path, day, bins.tolist(), counts[bins].tolist())
