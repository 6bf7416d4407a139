"""Overrides: how often reviewers change a decision, as counted and over all tickets (B6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import erfc, sqrt

from components.feedback.types import (
    Confusion,
    Error,
    Group,
    Overrides,
    Reason,
    Week,
    Weeks,
)
from components.statistics.binary_weighting import BinarySums, TwoShares, two_shares
from components.statistics.control_charts import laney_p_prime
from components.statistics.multiplicity import holm
from queries.feedback_rows import NOT_NAMED, ConfusionRow, OverrideRow, WeekRow

HARM = {"critical": 10.0, "major": 3.0, "minor": 1.0}
"""Points of harm of a wrong decision by its severity; one that is not known counts as minor."""
FEWEST_IN_GROUP = 30
LEVEL = 0.05
LAYERS: tuple[tuple[str, Callable[[OverrideRow], bool | None]], ...] = (
    ("Rules", lambda row: row.rules_right),
    ("Model", lambda row: row.ml_right),
    ("LLM", lambda row: row.llm_right),
    ("Platform", lambda row: not row.overturned),
)


def overrides(rows: Sequence[OverrideRow]) -> Overrides:
    """The platform over all, and each layer against the same reviews."""
    return Overrides(
        overall=_of(rows, lambda row: not row.overturned),
        layers=tuple(
            Group(name, share) for name, right in LAYERS if (share := _of(rows, right)).whole
        ),
        newest_review=max((row.newest_review for row in rows), default=None),
        weight=float(sum(row.w for row in rows)),
    )


def groups(rows: Sequence[OverrideRow]) -> tuple[Group, ...]:
    """The platform's overrides by group, most first; one that stands out is marked."""
    found: dict[str, list[OverrideRow]] = defaultdict(list)
    for row in rows:
        found[row.group].append(row)
    shares = {name: _of(own, lambda row: not row.overturned) for name, own in found.items()}
    tested = [name for name, share in shares.items() if _testable(share)]
    out: set[str] = set()
    if len(tested) > 1:
        chances = [_p(shares[name], [shares[o] for o in tested if o != name]) for name in tested]
        rejected = holm(chances, LEVEL).rejected.tolist()
        out = {name for name, stands in zip(tested, rejected, strict=True) if stands}
    listed = [Group(name, share, name in out) for name, share in shares.items()]
    return tuple(sorted(listed, key=lambda group: (-(_value(group.share) or 0.0), group.name)))


def weeks(rows: Sequence[WeekRow], until: datetime, ripe_until: datetime) -> Weeks:
    """Each week with p′ limits: weeks of few reviews get wide ones."""
    sums: dict[date, list[BinarySums]] = defaultdict(lambda: [BinarySums(), BinarySums()])
    for row in rows:
        part = BinarySums(row.n, row.weighted_n, float(row.w), float(row.ww))
        sums[row.monday][row.overturned] += part
    mondays = sorted(sums)
    shares = [two_shares(sums[monday][True], sums[monday][False]) for monday in mondays]
    if not shares:
        return Weeks((), None, None, enough=False)
    chart = laney_p_prime([share.part for share in shares], [share.whole for share in shares])
    found = [
        Week(monday, share, point, mature=min(_end(monday), until) <= ripe_until)
        for monday, share, point in zip(mondays, shares, chart.points, strict=True)
    ]
    return Weeks(tuple(found), chart.centre, chart.sigma_z, chart.enough)


def reasons(rows: Sequence[ConfusionRow]) -> tuple[Reason, ...]:
    """Why decisions were changed, most frequent first."""
    changed = [row for row in rows if row.model_decision != row.correct_decision]
    total, weight = sum(row.n for row in changed), float(sum(row.w for row in changed))
    counts: dict[tuple[str, bool], list[float]] = defaultdict(lambda: [0, 0.0])
    for row in changed:
        key = (row.reason_code or NOT_NAMED, row.correct_decision == "priority")
        counts[key][0] += row.n
        counts[key][1] += float(row.w)
    found = [
        Reason(code, added, int(n), n / total, w / weight if weight > 0 else None)
        for (code, added), (n, w) in counts.items()
    ]
    return tuple(sorted(found, key=lambda reason: (-reason.n, reason.code)))


def confusion(rows: Sequence[ConfusionRow]) -> Confusion:
    """Decided against correct, and every kind of error with the harm that it does."""
    weight = float(sum(row.w for row in rows))
    cells: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0])
    wrong: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0, 0.0])
    for row in rows:
        pair = (row.model_decision, row.correct_decision)
        kinds = [cells[pair]]
        if row.model_decision != row.correct_decision:
            kinds.append(wrong[(*pair, row.severity or NOT_NAMED)])
        for kind in kinds:
            kind[0] += row.n
            kind[1] += float(row.w)
    errors = [
        Error(
            decided,
            correct,
            severity,
            int(n),
            1000 * w / weight if weight > 0 else None,
            HARM.get(severity, HARM["minor"]),
        )
        for (decided, correct, severity), (n, w) in wrong.items()
    ]
    known = [
        error.per_thousand * error.points for error in errors if error.per_thousand is not None
    ]
    return Confusion(
        cells=tuple(
            (decided, correct, int(n), w / weight if weight > 0 else None)
            for (decided, correct), (n, w) in sorted(cells.items())
        ),
        errors=tuple(sorted(errors, key=lambda e: (-e.points * (e.per_thousand or 0), e.severity))),
        harm=sum(known) if weight > 0 else None,
    )


def sums(rows: Sequence[OverrideRow], *, overturned: bool) -> BinarySums:
    """Reviews that changed a decision, or that let it stand, added up."""
    return _sums([row for row in rows if row.overturned is overturned])


def _of(rows: Sequence[OverrideRow], right: Callable[[OverrideRow], bool | None]) -> TwoShares:
    return two_shares(
        _sums([row for row in rows if right(row) is False]),
        _sums([row for row in rows if right(row) is True]),
    )


def _sums(rows: Sequence[OverrideRow]) -> BinarySums:
    return sum(
        (
            BinarySums(row.n, row.weighted_n, float(row.w), float(row.ww), row.capped)
            for row in rows
        ),
        BinarySums(),
    )


def _value(share: TwoShares) -> float | None:
    return share.naive if share.weighted is None else share.weighted.value


def _testable(share: TwoShares) -> bool:
    mean = share.weighted
    return mean is not None and bool(mean.standard_error) and share.whole >= FEWEST_IN_GROUP


def _p(share: TwoShares, others: Sequence[TwoShares]) -> float:
    """Two-sided: the group's weighted share against the others', each counted by its reviews."""
    mean = share.weighted
    rest = [(other.weighted, other.whole) for other in others]
    total = sum(n for _, n in rest)
    value = sum(m.value * n for m, n in rest if m is not None) / total
    variance = sum(((m.standard_error or 0.0) * n / total) ** 2 for m, n in rest if m is not None)
    if mean is None or mean.standard_error is None:
        return 1.0
    return erfc(abs(mean.value - value) / sqrt(2 * (mean.standard_error**2 + variance)))


def _end(monday: date) -> datetime:
    return datetime(monday.year, monday.month, monday.day, tzinfo=UTC) + timedelta(days=7)
