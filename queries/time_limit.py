"""A limit on the time that several questions of one snapshot take together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

import sqlalchemy as sa

LONGEST = timedelta(seconds=1)
SHARE = 3
"""One statement alone may take ``LONGEST``, or this part of a longer whole: so that a slow one
leaves time to the others."""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Until when, on the clock of this process, questions may be asked."""

    end: float
    longest: float

    @classmethod
    def starting(cls, within: timedelta) -> TimeLimit:
        """A limit that begins now."""
        longest = max(LONGEST, within / SHARE)
        return cls(monotonic() + within.total_seconds(), longest.total_seconds())

    @property
    def reached(self) -> bool:
        """Whether no time is left."""
        return monotonic() >= self.end

    def impose(self, connection: sa.Connection) -> None:
        """Let the server stop any statement of this transaction that takes what is left."""
        left = min(self.end - monotonic(), self.longest)
        milliseconds = max(1, int(1000 * left))
        connection.execute(sa.text(f"SET LOCAL statement_timeout = {milliseconds}"))
