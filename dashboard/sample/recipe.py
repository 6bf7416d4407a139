"""What the sample programme is made from: size, length, seed, last moment, and whether defects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from queries.errors import InvalidInputError

PREHISTORY = timedelta(days=120)
"""Tickets before the audit begins; the first model is trained on their reviews."""


def today() -> datetime:
    """The beginning of the current UTC day."""
    return datetime.combine(datetime.now(UTC).date(), time(), UTC)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Options of one sample programme; equal recipes make equal programmes.

    ``until`` is a UTC midnight and exclusive. ``tickets_csv`` and ``mapping`` replace the
    generated tickets by those of a file; size, length and ``until`` then follow the file.
    """

    tickets_per_year: int = 60_000
    years: float = 1.5
    seed: int = 7
    until: datetime = field(default_factory=today)
    clean: bool = False
    tickets_csv: Path | None = None
    mapping: Path | None = None

    def __post_init__(self) -> None:
        if not 500 <= self.tickets_per_year <= 20_000_000:
            raise InvalidInputError("Tickets per year lie between 500 and 20,000,000.")
        if not 0.25 <= self.years <= 20:
            raise InvalidInputError("The sample covers between 0.25 and 20 years.")
        if not 0 <= self.seed < 2**32:
            raise InvalidInputError("The seed is a whole number from 0 to 4,294,967,295.")
        midnight = self.until.utcoffset() == timedelta() and self.until.time() == time()
        if not midnight:
            raise InvalidInputError("The last moment of the sample is midnight in UTC.")
        if (self.tickets_csv is None) != (self.mapping is None):
            raise InvalidInputError("A ticket file needs its mapping: give both, or neither.")

    @property
    def start(self) -> datetime:
        """First day of the audit."""
        return self.until - timedelta(days=round(self.years * 365.25))

    @property
    def plants_scoring_defects(self) -> bool:
        """Whether the scoring layers carry defects: never on the tickets of a file.

        Nobody could tell a planted oddity from one that real tickets have of themselves.
        """
        return not self.clean and self.tickets_csv is None

    @property
    def random_review_share(self) -> float:
        """Share of tickets reviewed at random: 1.5%, and more in a small programme.

        Estimates need an effective sample of a thousand reviews a quarter.
        """
        return min(0.15, max(0.015, 6_600 / self.tickets_per_year))

    @property
    def comparison_review_share(self) -> float:
        """Share of the predictions on which a candidate and production differ that is reviewed,
        blinded, while the candidate is in the shadow: a fifth, and nearly all in a small programme.

        600 reviewed disagreements are wanted; one prediction in twenty is such a disagreement.
        """
        return min(1.0, max(0.2, 120_000 / self.tickets_per_year))

    @property
    def development_share(self) -> float:
        """Share of recent tickets scored again in development: 5%, more in a small programme."""
        return min(0.5, max(0.05, 3_000 / self.tickets_per_year))
