"""Whose roll-ups these are, settled before a refresh adds to them."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from queries.database import read, translated
from queries.drift_rows import DayState
from queries.errors import InvalidInputError
from queries.rollup_marks import day_marks
from queries.rollup_origin import identity, record, recorded
from queries.rollup_state import KnownDay, known_days

COMPARED_DAYS = 35
"""Rolled-up days whose predictions are compared where the source has another identity."""
ALIKE = 0.5
"""Share of them that must hold the same predictions: late rows change some."""


def settle(source: sa.Engine, own: sa.Engine, environments: tuple[str, ...]) -> None:
    """Put on record that the roll-ups are of this source.

    A source that was moved or restored has another identity and the same predictions: its
    roll-ups are kept if the newest days agree.

    Raises:
        InvalidInputError: they were built from other predictions; nothing is changed.
        DatabaseError: source or own schema cannot be used.
    """
    found = read(source, identity)
    if read(own, recorded) == found:
        return
    for environment in environments:
        known = read(own, lambda o, of=environment: known_days(o, of))  # type: ignore[misc]
        if not _agree(source, environment, known):
            raise InvalidInputError(
                "The roll-ups in this schema were built from another database: their days hold "
                "other predictions. Name another database in PLUMBLINE_OWN_URL, or the source "
                "they belong to in PLUMBLINE_SOURCE_URL."
            )
    with translated(), own.begin() as connection:
        record(connection, found)


def _agree(source: sa.Engine, environment: str, known: dict[date, KnownDay]) -> bool:
    """Whether the newest rolled-up days hold the predictions that the source holds.

    Days that the source has lost contradict nothing; the refresh says that they are gone.
    """
    held = [d for d, each in known.items() if each.source_rows and each.state == DayState.BUILT]
    days = sorted(held)[-COMPARED_DAYS:]
    if not days:
        return not known
    end = days[-1] + timedelta(days=1)
    marks = read(source, lambda s: day_marks(s, environment, days[0], end))
    both = [day for day in days if day in marks]
    same = sum(marks[day].fingerprint == known[day].fingerprint for day in both)
    return same >= ALIKE * len(both)
