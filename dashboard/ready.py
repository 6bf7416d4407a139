"""Whether this process can answer, asked by load balancers and by the start."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from dashboard import engines
from dashboard.settings import settings
from queries.database import read
from queries.errors import PlumblineError


@dataclass(frozen=True, slots=True)
class Readiness:
    """One word for machines, and whether it is a good one."""

    ready: bool
    word: str


def readiness() -> Readiness:
    """Ask the database for nothing, to see that it answers."""
    try:
        if settings().source_url is None:
            return Readiness(False, "not configured")
    except PlumblineError:
        return Readiness(False, "wrong options")
    try:
        read(engines.source(), lambda connection: connection.execute(sa.select(1)))
    except PlumblineError:
        return Readiness(False, "database unreachable")
    return Readiness(True, "ready")
