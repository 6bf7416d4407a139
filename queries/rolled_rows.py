"""What a page may say about roll-ups, apart from the statements that find it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How the questions about a scope are answered.

    ``configured`` is whether there is a schema with roll-ups at all; ``refreshed_at`` is None
    where they cover nothing of the scope. The records of ``gone`` days are no longer in the
    source. ``foreign`` is whether they were built from another source, and are not used.
    """

    configured: bool
    refreshed_at: datetime | None = None
    gone: tuple[date, ...] = ()
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class CountedAt:
    """How the exceptions of a run are counted: ``rolled`` batches as of a moment, ``live`` now.

    ``counted_at`` is when the source was last looked at for the batch longest ago; None where
    no roll-up is used. ``outrun`` batches are rolled up, and began again or ended after that.
    """

    rolled: int
    live: int
    counted_at: datetime | None
    outrun: int = 0
