"""Governance tables of the sample: evaluations, system audit, findings.

Everything is read back from the tables that the programme and the migration have filled, so that
events, tests and findings agree with them. Call it last.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dashboard.sample import governance_events, governance_findings
from dashboard.sample.defects import defects as registry
from dashboard.sample.evaluations import evaluate
from queries.contract import config_history

if TYPE_CHECKING:
    from pathlib import Path

    from dashboard.progress import Progress
    from dashboard.sample.recipe import Recipe


def build(connection: sa.Connection, recipe: Recipe, progress: Progress, models_dir: Path) -> None:
    """Fill the governance tables inside the caller's transaction.

    The suites score tickets with the files in ``models_dir``. Where the scoring tables are empty
    there is no model to evaluate, and no evaluation.
    """
    planted = {defect.key: defect for defect in registry(recipe)}
    with progress.stage("Governance: evaluations, system audit, findings"):
        evaluate(connection, recipe.until, planted, models_dir)
        start = _start(connection) or recipe.start
        governance_events.record(connection, start, recipe.until, recipe.seed, planted)
        governance_findings.record(connection, recipe.until, planted)


def _start(connection: sa.Connection) -> datetime | None:
    """When the platform was first configured; tickets of a file begin when they begin."""
    first: datetime | None = connection.scalar(sa.select(sa.func.min(config_history.c.valid_from)))
    return first
