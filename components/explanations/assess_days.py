"""Attestation over time: what was recomputed, what held, and what could not be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from components.explanations.assess_evidence import words
from queries.explanation_rows import CoverRow, ResultRow

LONGEST_DAILY = 100


@dataclass(frozen=True, slots=True)
class Period:
    """One day, or the week that begins on it."""

    start: date
    verified: int
    mismatched: int
    unverified: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Explanations of one model that could not be recomputed, and why."""

    model_version: str
    reason: str
    detail: str
    n: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Attestation:
    """What is known of the explanations of a period."""

    explained: int
    verified: int
    mismatched: int
    unverified: int
    predictions: int
    covered: int
    pairs: int
    alike: int
    largest_gap: float | None
    last_day: date | None
    attested_at: datetime | None
    weekly: bool
    periods: tuple[Period, ...]
    reasons: tuple[Reason, ...]

    @property
    def checked(self) -> int:
        """Explanations that could be recomputed."""
        return self.verified + self.mismatched


def attestation(results: Sequence[ResultRow], cover: Sequence[CoverRow]) -> Attestation:
    """Add up the attested days of a period."""
    days = sorted({row.day for row in results})
    weekly = bool(days) and (days[-1] - days[0]).days > LONGEST_DAILY
    gaps = [row.largest_gap for row in results if row.largest_gap is not None]
    return Attestation(
        explained=sum(row.explained for row in results),
        verified=sum(row.verified for row in results),
        mismatched=sum(row.mismatched for row in results),
        unverified=sum(sum(row.reasons.values()) for row in results),
        predictions=sum(row.predictions for row in cover),
        covered=sum(min(row.explained, row.predictions) for row in cover),
        pairs=sum(row.pairs for row in results),
        alike=sum(row.alike for row in results),
        largest_gap=max(gaps, default=None),
        last_day=max((row.day for row in cover), default=None),
        attested_at=max((row.attested_at for row in cover), default=None),
        weekly=weekly,
        periods=_periods(results, weekly=weekly),
        reasons=_reasons(results),
    )


def _periods(results: Sequence[ResultRow], *, weekly: bool) -> tuple[Period, ...]:
    found: dict[date, list[int]] = {}
    for row in results:
        start = row.day - timedelta(days=row.day.weekday() if weekly else 0)
        sums = found.setdefault(start, [0, 0, 0])
        for place, n in enumerate((row.verified, row.mismatched, sum(row.reasons.values()))):
            sums[place] += n
    return tuple(Period(start, *sums) for start, sums in sorted(found.items()))


def _reasons(results: Sequence[ResultRow]) -> tuple[Reason, ...]:
    counts: Counter[tuple[str, str, str]] = Counter()
    days: dict[tuple[str, str, str], list[date]] = {}
    for row in results:
        for reason, n in row.reasons.items():
            key = (row.model_version, reason, row.detail)
            counts[key] += n
            days.setdefault(key, []).append(row.day)
    return tuple(
        Reason(version, words(reason), detail, n, min(days[key]), max(days[key]))
        for key, n in counts.most_common()
        for version, reason, detail in (key,)
    )


def sentence(found: Attestation) -> str:
    """The period's explanations in one sentence."""
    if not found.explained:
        return "No explanation was attested in this period."
    said = (
        f"{found.verified:,} of {found.checked:,} stored explanations are exactly what the "
        "verified models say"
        if found.checked
        else "None of the stored explanations could be recomputed"
    )
    if found.mismatched:
        n = found.mismatched
        said += f"; {n:,} {'is' if n == 1 else 'are'} not"
    if found.unverified and found.checked:
        said += f"; {found.unverified:,} could not be recomputed"
    return f"{said}."
