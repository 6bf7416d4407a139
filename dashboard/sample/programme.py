"""The whole sample programme: tickets scored, reviewed, retrained; then migration, governance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dashboard.progress import Progress
from dashboard.sample import governance, load, migration
from dashboard.sample.artifacts import write_artifacts
from dashboard.sample.configuration import Knobs, Timeline, history
from dashboard.sample.defects import planted
from dashboard.sample.recipe import Recipe
from dashboard.sample.run import ScoringRun
from dashboard.sample.tickets import TicketSource
from dashboard.sample.tickets_csv import CsvTickets
from dashboard.sample.tickets_generated import GeneratedTickets
from queries.contract import config_history, ml_training_runs, model_artifacts
from queries.contract_ddl import create_relations


def build(url: str, recipe: Recipe, models_dir: Path, progress: Progress) -> None:
    """Build everything in an empty database; model files go to ``models_dir``.

    ``url`` belongs to the owner of the tables. The same recipe gives the same rows; keys and
    signatures are new in each build.

    Raises:
        InvalidInputError: the ticket file or its mapping cannot be used.
    """
    recipe = build_scoring(url, recipe, models_dir, progress)
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            migration.build(connection, recipe, progress)
        with engine.begin() as connection:
            governance.build(connection, recipe, progress, models_dir)
    finally:
        engine.dispose()


def build_scoring(url: str, recipe: Recipe, models_dir: Path, progress: Progress) -> Recipe:
    """All tables in an empty database, and the scoring platform's alone filled.

    Returns the recipe with the size and the last moment that the tickets really have.

    Raises:
        InvalidInputError: as :func:`build`.
    """
    with progress.stage("Drawing tickets"):
        source = open_source(recipe)
    drawn = _as_drawn(recipe, source)
    engine = _engine(url)
    try:
        with progress.stage("Creating tables"), engine.begin() as connection:
            create_relations(connection, range(source.start.year, source.until.year + 1))
        _score(url, engine, drawn, source, models_dir, progress)
    finally:
        engine.dispose()
    return drawn


def open_source(recipe: Recipe) -> TicketSource:
    """The tickets of the file that the recipe names, or generated ones."""
    if recipe.tickets_csv is None or recipe.mapping is None:
        return GeneratedTickets(recipe)
    return CsvTickets(recipe.tickets_csv, recipe.mapping)


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))


def _as_drawn(recipe: Recipe, source: TicketSource) -> Recipe:
    """The recipe with the size and the last moment that the source really has."""
    if recipe.tickets_csv is None:
        return recipe
    tickets = min(20_000_000, max(500, len(source.times)))
    return replace(recipe, until=source.until, tickets_per_year=tickets)


def _score(
    url: str,
    engine: sa.Engine,
    recipe: Recipe,
    source: TicketSource,
    models_dir: Path,
    progress: Progress,
) -> None:
    timeline = Timeline(source.start, source.until)
    knobs = history(timeline, source.rules, _cut_shadow_at(recipe))
    run = ScoringRun(recipe, source, timeline, knobs)
    with (
        load.indexes_after(url, progress),
        progress.stage("Scoring, reviewing and retraining") as stage,
        load.Loader(url) as loader,
    ):
        run.run(loader, stage)
    with progress.stage("Signing models"), engine.begin() as connection:
        artifacts, runs = write_artifacts(
            recipe, models_dir, run.models, run.runs, source.schema, source.until
        )
        _insert(connection, config_history, _history_rows(knobs))
        _insert(connection, ml_training_runs, runs)
        _insert(connection, model_artifacts, artifacts)
    with progress.stage("Gathering statistics"):
        load.vacuum(url, load.BULK_TABLES)


def _cut_shadow_at(recipe: Recipe) -> datetime | None:
    defect = planted(recipe, "config_change_in_shadow")
    return None if defect is None else defect.period(recipe.until)[0]


def _history_rows(knobs: Knobs) -> list[dict[str, Any]]:
    return [
        {
            "knob": change.knob,
            "version": change.version,
            "value": dict(change.value),
            "valid_from": change.at,
            "changed_by": change.by,
            "reason": change.reason,
        }
        for change in knobs
    ]


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    connection.execute(sa.insert(table), list(rows))
