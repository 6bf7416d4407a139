"""The few numbers that matter, each with its last four weeks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from components.gates.assess import GateResult
from components.layout import numbers as text
from components.layout.glossary import help_for
from components.layout.tile import Tile
from components.statistics.histograms import LogBins, quantile
from components.status.earlier import Stood
from queries.audit_rows import (
    LATENCY_BINS,
    LATENCY_HIGH_MS,
    LATENCY_LOW_MS,
    CallRow,
    LatencyRow,
    Path,
    PulseRow,
)

RECENT_DAYS = 7
_BINS = LogBins(LATENCY_LOW_MS, LATENCY_HIGH_MS, LATENCY_BINS)
Row = TypeVar("Row", "Daily", PulseRow, LatencyRow)


@dataclass(frozen=True, slots=True)
class Daily:
    """A share by day: the counts of both sides, so that weeks can be summed exactly."""

    day: date
    part: int
    whole: int


def trend(days: Sequence[Daily], last: date) -> str:
    """The last seven days against the days before them, in words."""
    border = last - timedelta(days=RECENT_DAYS)
    recent = [day for day in days if day.day > border]
    before = [day for day in days if day.day <= border]
    sides = [
        (sum(day.part for day in side), sum(day.whole for day in side)) for side in (recent, before)
    ]
    if not all(whole for _, whole in sides):
        return "too few days for a trend"
    return f"last 7 days {text.percentage(*sides[0])}, before {text.percentage(*sides[1])}"


def volume(pulse: Sequence[PulseRow], last: date) -> Tile:
    """Tickets scored."""
    border = last - timedelta(days=RECENT_DAYS)
    recent = sum(row.n for row in pulse if row.day > border)
    return Tile(
        label="Tickets scored",
        value=text.count(sum(row.n for row in pulse)),
        trend=f"{text.count(recent)} in the last 7 days",
        note=f"{text.count(sum(row.errors for row in pulse))} ended in an error",
        series=_series(pulse, last, lambda rows: float(sum(row.n for row in rows))),
        help=help_for("Ticket"),
    )


def agreement(pulse: Sequence[PulseRow], last: date) -> Tile:
    """How often rules and model decide the same."""
    days = [Daily(row.day, row.agreed, row.comparable) for row in pulse]
    return _share("Rules and model agree", days, last, help_for("Agreement"))


def llm(pulse: Sequence[PulseRow], calls: Sequence[CallRow], last: date) -> Tile:
    """How often the LLM was asked, and what that cost."""
    days = [Daily(row.day, row.asked, row.n) for row in pulse]
    return _share("LLM asked", days, last, help_for("LLM"), note=llm_cost(calls))


def llm_cost(calls: Sequence[CallRow]) -> str:
    """What the LLM's calls cost, exactly; says so where a price is missing."""
    priced = [row for row in calls if row.llm_usd is not None]
    cost = sum((row.llm_calls * Decimal(row.llm_usd or 0) for row in priced), Decimal(0))
    unpriced = sum(row.llm_calls for row in calls if row.llm_usd is None)
    without = f", {unpriced:,} calls without a price" if unpriced else ""
    return f"cost {text.money(cost)}{without}" if priced else "no price is configured"


def latency(rows: Sequence[LatencyRow], last: date) -> Tile:
    """How fast 95 of 100 requests were where the LLM did not run."""
    own = [row for row in rows if row.path == Path.FAST_PATH]
    whole = next((row for row in own if row.day is None), None)
    daily = [row for row in own if row.day is not None]
    peak = max((value for row in daily if (value := p95(row)) is not None), default=None)
    return Tile(
        label="Fast path, p95",
        value=text.milliseconds(p95(whole) if whole else None),
        trend=f"highest day {text.milliseconds(peak)}",
        note=f"n {text.count(sum(whole.counts) if whole else 0)}, LLM not asked",
        series=_series(daily, last, lambda found: p95(found[0])),
        help=help_for("p95"),
    )


def p95(row: LatencyRow) -> float | None:
    """The 95th percentile of one histogram, in milliseconds."""
    counts = [0] * (_BINS.bins + 2)
    for place, count in zip(row.bins, row.counts, strict=True):
        counts[place] = count
    found = quantile(counts, _BINS, 0.95)
    return found.value if found else None


def judged(label: str, now: GateResult | None, before: Stood | None, since: str) -> Tile:
    """A number that a gate judges, with what it was on an earlier day."""
    if now is None or now.evidence is None:
        return Tile(label=label, value=text.MISSING, trend="no evidence yet")
    was = before.value_text if before is not None else ""
    return Tile(
        label=label,
        value=now.value_text,
        trend=f"{was} on {since}" if was else f"no evidence on {since}",
        note=f"limit {now.limit_text}, n {text.count(now.n)}",
        status=now.status,
    )


def _share(label: str, days: Sequence[Daily], last: date, help_: str, note: str = "") -> Tile:
    part, whole = sum(day.part for day in days), sum(day.whole for day in days)
    return Tile(
        label=label,
        value=text.percentage(part, whole),
        trend=trend(days, last),
        note=note or f"{text.count(part)} of {text.count(whole)}",
        series=_series(
            days,
            last,
            lambda rows: rows[0].part / rows[0].whole if rows[0].whole else None,
        ),
        help=help_,
    )


def _series(
    rows: Iterable[Row], last: date, value: Callable[[Sequence[Row]], float | None]
) -> tuple[float | None, ...]:
    """One point a day up to ``last``; a day without rows is a gap."""
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if row.day is not None:
            by_day[row.day].append(row)
    if not by_day:
        return ()
    first = min(by_day)
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    return tuple(value(by_day[day]) if day in by_day else None for day in days)
