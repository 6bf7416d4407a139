"""The window a year earlier that saw the same ISO weeks and the same weekdays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Twin:
    """A window ``days_earlier`` days before another; that is a whole number of weeks."""

    start: date
    end: date
    days_earlier: int


def seasonal_twin(start: date, end: date, *, years: int = 1) -> Twin:
    """The twin of the window from ``start`` to ``end``, whether ``end`` belongs to it or not.

    The first day keeps its ISO week and weekday, so the window moves by 52 weeks, or by 53 where
    the year before has so many; all other days move alike, so the weekdays are the same. A
    window that begins in week 53 of a year after one of 52 weeks moves by 52, and so begins in
    week 1 of its own ISO year, which is the same season.

    Raises:
        InvalidInputError: the window ends before it starts, no full year lies between, or the
            twin would overlap the window itself.
    """
    if end < start or years < 1:
        raise InvalidInputError("A window ends after its start, and its twin lies years earlier.")
    year = start.isocalendar().year
    earlier = 7 * sum(_weeks(year - back) for back in range(1, years + 1))
    if (end - start).days >= earlier:
        raise InvalidInputError(
            "A window of more than a year overlaps the one a year earlier. Choose a shorter one."
        )
    shift = timedelta(days=earlier)
    return Twin(start - shift, end - shift, earlier)


def _weeks(iso_year: int) -> int:
    """52 or 53: 28 December always lies in the last week."""
    return date(iso_year, 12, 28).isocalendar().week
