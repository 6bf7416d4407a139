"""The comparison of a candidate with production, kept beside the roll-ups it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from queries.answer import Answer, ask
from queries.rolled_shadow_schema import shadow_reports
from queries.shadow_rows import Pair

_KEY = ("candidate_version", "production_version", "rules")


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A report as JSON, and the last day that it compares."""

    report: str
    day: date


@dataclass(frozen=True, slots=True)
class Made:
    """From what a report was made: days up to one, last refreshed at a moment, by some rules."""

    day: date
    refreshed_at: datetime
    rules: str
    method: str


def kept(own: sa.Connection, pair: Pair, made: Made) -> Answer[KeptRow]:
    """The comparison as the last refresh found it; no row where it was made from anything else."""
    c = shadow_reports.c
    statement = sa.select(c.report, c.day).where(
        c.candidate_version == pair.candidate,
        c.production_version == pair.production,
        c.rules == made.rules,
        c.day == made.day,
        c.refreshed_at == made.refreshed_at,
        c.method == made.method,
    )
    return ask(own, statement, KeptRow)


def keep(own: sa.Connection, pair: Pair, made: Made, report: str) -> None:
    """Replace what was kept of this pair under these rules."""
    statement = insert(shadow_reports).values(
        candidate_version=pair.candidate,
        production_version=pair.production,
        rules=made.rules,
        day=made.day,
        refreshed_at=made.refreshed_at,
        method=made.method,
        report=report,
        computed_at=datetime.now(UTC),
    )
    changed = {c.name: statement.excluded[c.name] for c in shadow_reports.c if c.name not in _KEY}
    own.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=changed))
