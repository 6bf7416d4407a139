"""The sample's migration, recounted: our own engine compares what the load wrote, record by record.

The records are really compared; only the time that the comparison carries is moved to the
morning after the live load, because the programme's nights lie in the past.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dashboard.progress import SilentProgress
from dashboard.reconcile.basis import Options
from dashboard.reconcile.resolve import Place
from dashboard.reconcile.run import Outcome, run_table
from dashboard.reconcile.spec import End, load
from queries.contract import migration_batches
from queries.database import own_engine, read, source_engine, translated
from queries.reconciliation_schema import reconciliation_runs

if TYPE_CHECKING:
    from dashboard.progress import Progress

SPECIFICATION = Path(__file__).with_suffix(".toml")
AFTER_THE_LOAD = timedelta(hours=6)


def recount(source_url: str, own_url: str, progress: Progress) -> tuple[Outcome, ...]:
    """Compare the legacy tables with the target's; results go to the product's own schema.

    Raises:
        DatabaseError: a database cannot be reached, read or written.
    """
    written, lines = load(SPECIFICATION)
    end = End(url=source_url)
    specification = written.model_copy(update={"source": end, "target": end})
    tables = specification.table
    own = own_engine(own_url)
    try:
        outcomes = []
        with progress.stage("Comparing legacy and target records ourselves") as stage:
            for position, table in enumerate(tables):
                place = Place(SPECIFICATION.name, lines, ("table", position))
                outcomes.append(
                    run_table(specification, table, place, own, Options(), SilentProgress())
                )
                stage.advance(position + 1, len(tables))
            _move(own, [outcome.run_id for outcome in outcomes], _loaded_at(source_url))
    finally:
        own.dispose()
    return tuple(outcomes)


def _loaded_at(source_url: str) -> datetime:
    """When the last batch ended, by the programme's clock."""
    source = source_engine(source_url)
    last = sa.select(sa.func.max(migration_batches.c.finished_at))
    try:
        found = read(source, lambda connection: connection.execute(last).scalar_one())
    finally:
        source.dispose()
    if not isinstance(found, datetime):
        raise TypeError("the sample's batches have ended before they are recounted")
    return found


def _move(own: sa.Engine, run_ids: list[int], loaded_at: datetime) -> None:
    """Let the comparisons begin some hours after the load; they last as long as they did."""
    began = reconciliation_runs.c.started_at
    start = sa.literal(loaded_at + AFTER_THE_LOAD, sa.DateTime(timezone=True))
    moved = (
        sa.update(reconciliation_runs)
        .where(reconciliation_runs.c.run_id.in_(run_ids))
        .values(started_at=start, finished_at=start + (reconciliation_runs.c.finished_at - began))
    )
    with translated(), own.begin() as connection:
        connection.execute(moved)
