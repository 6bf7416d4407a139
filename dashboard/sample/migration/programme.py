"""The migration, run: three mock conversions, then the live load, with the pipeline's reports."""

from __future__ import annotations

from collections.abc import Mapping as Mappings
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dashboard.sample.defect import Defect
from dashboard.sample.defects import defects as registry
from dashboard.sample.migration import checks, etl, planting, source, tables, totals
from dashboard.sample.migration.mapping import FILTER_RULES
from dashboard.sample.migration.plan import RUNS, Batch, Slot, batches, slot
from queries.contract import migration_batches

if TYPE_CHECKING:
    from dashboard.progress import Progress
    from dashboard.sample.recipe import Recipe

MEMBERS_BY_DEFAULT = 6_000
TICKETS_BY_DEFAULT = 60_000
SMALLEST, LARGEST = 0.2, 3.0


def member_count(recipe: Recipe) -> int:
    """Members in the legacy system: 6,000 by default, 1,200 to 18,000."""
    scale = min(LARGEST, max(SMALLEST, recipe.tickets_per_year / TICKETS_BY_DEFAULT))
    return round(MEMBERS_BY_DEFAULT * scale)


def build(connection: sa.Connection, recipe: Recipe, progress: Progress) -> None:
    """Create and run the migration inside the caller's transaction.

    The contract tables must be there; ``legacy`` and ``rise`` must not. What remains in ``rise``
    is the state after the live load.

    Raises:
        InvalidInputError: a source is too small for a planted defect.
    """
    planted = {defect.key: defect for defect in registry(recipe)}
    work = [batch for run in RUNS for batch in batches(run)]
    with progress.stage("Migration: legacy records, three mocks, one live load") as stage:
        tables.create(connection)
        source.generate(
            connection, members=member_count(recipe), seed=recipe.seed, until=recipe.until
        )
        planting.plant(connection, planted, recipe.seed)
        for done, batch in enumerate(work):
            stage.advance(done, len(work))
            if batch.position == 0:
                _empty_target(connection)
            _attempt(connection, batch, recipe, planted, 1)
            if _concerns(planted, "batch_repeated", batch):
                _attempt(connection, batch, recipe, planted, 2)
        tables.index_target(connection)
        stage.advance(len(work), len(work))


def _empty_target(connection: sa.Connection) -> None:
    for table in (tables.rise_members, tables.rise_contributions, tables.rise_rejects):
        connection.execute(sa.text(f"truncate {table.fullname}"))


def _concerns(planted: Mappings[str, Defect], key: str, batch: Batch) -> bool:
    return key in planted and planted[key].place.batch == batch.id


def _attempt(
    connection: sa.Connection,
    batch: Batch,
    recipe: Recipe,
    planted: Mappings[str, Defect],
    attempt: int,
) -> None:
    """Load one batch and let the pipeline report on it."""
    late = _concerns(planted, "batch_late", batch)
    counts = etl.load(connection, batch, planted)
    when = slot(batch, counts.extracted, recipe.until, recipe.seed, attempt=attempt, late=late)
    connection.execute(_batch_row(batch, counts, when, attempt, partial=late))
    totals.report(connection, batch, when, attempt)
    checks.check(connection, batch, when.checked_at)


def _batch_row(
    batch: Batch, counts: etl.Counts, when: Slot, attempt: int, *, partial: bool
) -> sa.Insert:
    return sa.insert(migration_batches).values(
        batch_id=batch.id,
        attempt=attempt,
        run_id=batch.run.id,
        run_kind=batch.run.kind,
        run_number=batch.run.number,
        source_system=batch.system,
        target_table=f"{tables.RISE}.{batch.table}",
        started_at=when.started_at,
        finished_at=when.finished_at,
        extracted=counts.extracted,
        loaded=counts.loaded,
        rejected=counts.rejected,
        filtered=counts.filtered,
        filter_rule=FILTER_RULES[batch.table],
        status="partial" if partial else "completed",
    )
