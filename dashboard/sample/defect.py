"""What a planted defect is: what is wrong, where, since when, how much, and what must be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

Name = TypeVar("Name")


class Unit(StrEnum):
    """What the size of a defect counts."""

    RECORDS = "records"
    SHARE = "share"
    STANDARD_DEVIATIONS = "standard deviations"
    FACTOR = "factor"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a defect sits: in words, and as fields that the sample can act on.

    ``region``, ``work_type``, ``channel`` and ``reviewer`` are positions in the programme's own
    lists, which stand busiest first; :func:`pick` turns one into a name. So a programme made
    from other people's tickets carries the same defects.
    """

    words: str
    region: int | None = None
    work_type: int | None = None
    channel: int | None = None
    reviewer: int | None = None
    model_role: str | None = None
    feature: str | None = None
    run: str | None = None
    batch: str | None = None
    table: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Defect:
    """One planted defect.

    ``begins`` and ``ends`` are distances before the programme's last moment (``Recipe.until``);
    both are ``None`` where a defect has no period. ``on_working_day`` moves the period back, by
    whole days, so that it begins on Monday to Friday. A size in records is a multiple of ``step``.
    """

    key: str
    requirements: tuple[str, ...]
    title: str
    place: Place
    size: int | float
    unit: Unit
    finding: str
    capability: str
    begins: timedelta | None = None
    ends: timedelta | None = None
    on_working_day: bool = False
    step: int = 1

    def period(self, until: datetime) -> tuple[datetime, datetime]:
        """The half-open period ``[begin, end)`` of this defect in a programme that ends then.

        Raises:
            ValueError: this defect has no period.
        """
        if self.begins is None or self.ends is None:
            raise ValueError(f"The defect {self.key} has no period.")
        begin, end = until - self.begins, until - self.ends
        surplus = begin.weekday() - 4 if self.on_working_day else 0
        shift = timedelta(days=max(0, surplus))
        return begin - shift, end - shift

    @property
    def records(self) -> int:
        """The size as a number of records.

        Raises:
            TypeError: the size counts something else.
        """
        if self.unit is not Unit.RECORDS or not isinstance(self.size, int):
            raise TypeError(f"The size of {self.key} is given in {self.unit}, not in records.")
        return self.size


def pick(names: Sequence[Name], position: int | None) -> Name:
    """The name at a :class:`Place` position; positions wrap where there are fewer names.

    Raises:
        ValueError: the place has no such position, or there is no name at all.
    """
    if position is None or not names:
        raise ValueError("This defect does not say which one it means, or there is none.")
    return names[position % len(names)]


def days(number: float) -> timedelta:
    """A distance in days, as the registry writes it."""
    return timedelta(days=number)
