"""Labels: how long they take to arrive, and whether chance chooses enough of them (B6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from components.feedback.types import Arrival, RandomReview, RandomSpan
from components.statistics.intervals import clopper_pearson
from components.statistics.right_truncation import right_truncated
from queries.audit_rows import PulseRow
from queries.feedback_rows import ArrivalRow

FLOOR = 0.01
"""METHODS §3; the gate has its own limit in the policy."""
WEEK, FORTNIGHT = 7, 14
_DAY = timedelta(days=1)


def arrival(rows: Sequence[ArrivalRow], as_of: datetime, mature_share: float) -> Arrival:
    """When half and when the agreed share of labels have come, counted back from what has.

    A day's reviews are seen for as long as its last prediction could have waited.
    """
    delays = right_truncated(
        (float(row.hours), (as_of - _midnight(row.scored_day + _DAY)).total_seconds() / 3600, row.n)
        for row in rows
    )
    hours = delays.quantile(mature_share) if delays else None
    return Arrival(
        delays=delays,
        half_hours=delays.quantile(0.5) if delays else None,
        mature_hours=hours,
        mature_share=mature_share,
        ripe_until=as_of - timedelta(hours=hours or 0.0),
    )


def random_review(
    rows: Sequence[ArrivalRow],
    days: Sequence[PulseRow],
    floor: float,
    ripe_until: datetime,
) -> RandomReview:
    """Predictions reviewed because chance chose them, of all predictions, by week.

    The lowest fortnight is looked for among all that end by the last ripe day.
    """
    drawn: Counter[date] = Counter()
    for row in rows:
        if row.random:
            drawn[row.scored_day] += row.n
    made = Counter({row.day: row.n for row in days})
    if not made:
        return RandomReview((), None, floor, None)
    first, last = min(made), max(made)
    monday = first - timedelta(days=first.weekday())
    weeks = []
    while monday <= last:
        weeks.append(_span(monday, WEEK, drawn, made, floor, ripe_until))
        monday += WEEK * _DAY
    fortnights = []
    end = min(last + _DAY, ripe_until.astimezone(UTC).date())
    while end - FORTNIGHT * _DAY >= first:
        fortnights.append(_span(end - FORTNIGHT * _DAY, FORTNIGHT, drawn, made, floor, ripe_until))
        end -= _DAY
    known = [span for span in fortnights if span is not None]
    return RandomReview(
        weeks=tuple(week for week in weeks if week is not None),
        lowest=min(known, key=lambda span: span.share, default=None),
        floor=floor,
        newest=max(row.newest for row in days),
    )


def _span(
    start: date,
    days: int,
    drawn: Mapping[date, int],
    made: Mapping[date, int],
    floor: float,
    ripe_until: datetime,
) -> RandomSpan | None:
    within = [start + _DAY * place for place in range(days)]
    n = sum(made.get(day, 0) for day in within)
    if n == 0:
        return None
    chosen = min(sum(drawn.get(day, 0) for day in within), n)
    bounds = clopper_pearson(chosen, n)
    end = start + _DAY * days
    return RandomSpan(
        start=start,
        end=end,
        drawn=chosen,
        predictions=n,
        share=chosen / n,
        interval=bounds,
        mature=_midnight(end) <= ripe_until,
        missed=bounds.high < floor,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
