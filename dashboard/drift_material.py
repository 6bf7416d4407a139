"""What a comparison of two windows is made from: from the roll-ups, else from the source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from components.drift.assess import (
    Material,
    Windows,
    default_windows,
    programme_changes,
)
from components.drift.types import (
    ProgrammeChange,
)
from components.gates.policy_drift import DriftPolicy
from dashboard.drift_asked import Asked, asked_of
from queries import (
    audit,
    drift_facts,
    drift_labels,
    drift_records,
    drift_source,
    drift_versions,
    migration,
    rollups,
)
from queries.answer import Answer
from queries.database import if_present, read
from queries.drift_rows import By, Histograms, Layout, ShapMass
from queries.errors import MissingRelationError
from queries.rollup_origin import Origin, origin
from queries.rollup_reference import read_layout
from queries.scope import Scope

DIMENSIONS: tuple[By, ...] = ("work_type", "region")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LABELLED = timedelta(days=365)
_ONE_DAY = timedelta(days=1)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known before windows are chosen: bins, days with their rows, what was done.

    ``days`` are those before the as-of that histograms speak of, with all predictions of the
    environment; ``vanished`` days are known from their roll-ups alone.
    """

    layout: Layout
    days: tuple[tuple[date, int], ...]
    vanished: tuple[date, ...]
    changes: tuple[ProgrammeChange, ...]
    from_rollups: bool

    @property
    def known(self) -> tuple[date, ...]:
        """The days alone."""
        return tuple(day for day, _ in self.days)


def ground(
    source: sa.Engine, own: sa.Engine | None, scope: Scope, policy: DriftPolicy
) -> Ground | None:
    """Bins, days and changes up to the as-of; None where there is no prediction at all.

    Raises:
        DatabaseError: the source cannot be read.
        InvalidInputError: there are too few days for a reference.
    """
    changes = read(source, lambda connection: _changes(connection, scope))
    found = _rolled_up(source, own, lambda o: _ground_of_rollups(o, scope, changes))
    if found is not None and found.days:
        return found
    return read(source, lambda connection: _ground_of_source(connection, scope, policy, changes))


def rolled_up_ground(source: sa.Engine, own: sa.Engine, scope: Scope) -> Ground | None:
    """The same from the roll-ups alone; None where nothing is rolled up."""
    changes = read(source, lambda connection: _changes(connection, scope))
    return _rolled_up(source, own, lambda o: _ground_of_rollups(o, scope, changes))


def _rolled_up(
    source: sa.Engine, own: sa.Engine | None, question: Callable[[sa.Connection], Result]
) -> Result | None:
    """The roll-ups' answer, or None where nothing of this source is rolled up."""
    if own is None:
        return None
    try:
        whose = read(source, lambda s: read(own, lambda o: origin(s, o)))
        return read(own, question) if whose is Origin.SAME else None
    except (MissingRelationError, rollups.NotRolledUpError):
        return None


def _ground_of_rollups(
    own: sa.Connection, scope: Scope, changes: tuple[ProgrammeChange, ...]
) -> Ground:
    layout = rollups.layout(own)
    coverage = rollups.coverage(own, scope.environment).rows
    held = set(rollups.covered_days(own, _whole(scope), layout.edges_id))
    kept = [row for row in coverage if row.day in held]
    return Ground(
        layout=layout,
        days=tuple((row.day, row.source_rows) for row in kept),
        vanished=tuple(row.day for row in kept if row.state != "built"),
        changes=changes,
        from_rollups=True,
    )


def _ground_of_source(
    source: sa.Connection,
    scope: Scope,
    policy: DriftPolicy,
    changes: tuple[ProgrammeChange, ...],
) -> Ground | None:
    rows = drift_records.daily_rows(source, _whole(scope)).rows
    if not rows:
        return None
    counted = {row.day: row.n for row in rows}
    first, last = min(counted), max(counted)
    every = tuple(first + timedelta(days=place) for place in range((last - first).days + 1))
    days = tuple((day, counted.get(day, 0)) for day in every)
    reference = default_windows(every, scope.as_of, policy).reference
    layout = read_layout(source, scope.environment, *reference, created_at=scope.as_of)
    return Ground(layout, days, (), changes, from_rollups=False)


def _whole(scope: Scope) -> Scope:
    """The same segments over all time before the as-of."""
    return replace(scope, start=EPOCH, end=scope.as_of)


def _changes(source: sa.Connection, scope: Scope) -> tuple[ProgrammeChange, ...]:
    whole = _whole(scope)
    known = if_present(source, lambda: audit.configurations(source, whole).rows)
    batches = if_present(source, lambda: migration.batches(source, whole).rows)
    runs: dict[str, tuple[datetime, str, str]] = {}
    for row in sorted(batches or (), key=lambda one: one.first_started_at):
        runs.setdefault(row.run_id, (row.first_started_at, row.run_id, f"{row.run_kind} migration"))
    return programme_changes(known or (), tuple(runs.values()), until=scope.as_of)


def material(
    source: sa.Engine,
    own: sa.Engine | None,
    scope: Scope,
    found: Ground,
    windows: Windows,
    *,
    records: bool = True,
) -> tuple[Material, tuple[Asked, ...]]:
    """Everything an assessment of the two windows needs, and the questions that were asked.

    Without ``records`` of the source, which take longest, nothing can be said about versions and
    concept drift.

    Raises:
        DatabaseError: a database cannot be read.
    """
    reader = _Reader(scope, found, windows)
    if found.from_rollups and own is not None:
        counted = read(own, reader.from_rollups)
    else:
        counted = read(source, reader.from_source)
    history, segments, shap = counted
    reviews, shadow = read(source, reader.reviews) if records else (None, ())
    made = Material(
        as_of=scope.as_of,
        windows=windows,
        history=history,
        segments=segments,
        shap=shap,
        changes=found.changes,
        versions=read(source, reader.versions) if records else (),
        reviews=reviews,
        shadow_reviews=shadow,
        from_rollups=found.from_rollups,
    )
    return made, tuple(reader.asked)


def history(
    source: sa.Engine, own: sa.Engine | None, scope: Scope, found: Ground, windows: Windows
) -> Material:
    """The daily counts of all segments together, for what looks at nothing else.

    Raises:
        DatabaseError: a database cannot be read.
    """
    reader = _Reader(scope, found, windows)
    if found.from_rollups and own is not None:
        counted = read(own, reader.history_of_rollups)
    else:
        counted = read(source, reader.history_of_source)
    return Material(scope.as_of, windows, counted, changes=found.changes)


_Counted = tuple[Histograms, tuple[tuple[str, Histograms], ...], ShapMass | None]


class _Reader:
    """Asks the questions of one comparison, and remembers them."""

    def __init__(self, scope: Scope, found: Ground, windows: Windows) -> None:
        spans = [windows.reference, windows.current, *([windows.twin] if windows.twin else [])]
        self._scope = scope
        self._layout = found.layout
        self._windows = windows
        self._whole = _whole(scope)
        self._compared = replace(
            scope,
            start=midnight(min(span[0] for span in spans)),
            end=midnight(max(span[1] for span in spans)),
        )
        self._explained = replace(
            scope,
            start=midnight(min(windows.reference[0], windows.current[0])),
            end=midnight(max(windows.reference[1], windows.current[1])),
        )
        # A segment has few reviews: those of a year before tell what its scores meant.
        self._labelled = replace(
            self._explained, start=midnight(windows.current[1]) - LABELLED, end=scope.as_of
        )
        self.asked: list[Asked] = []

    def history_of_rollups(self, own: sa.Connection) -> Histograms:
        edges = self._layout.edges_id
        counted: Histograms = self._one(rollups.histograms, own, self._whole, edges_id=edges)
        return counted

    def history_of_source(self, source: sa.Connection) -> Histograms:
        counted: Histograms = self._one(drift_source.histograms, source, self._whole, self._layout)
        return counted

    def from_rollups(self, own: sa.Connection) -> _Counted:
        edges = self._layout.edges_id
        history = self.history_of_rollups(own)
        segments = tuple(
            (by, self._one(rollups.histograms, own, self._compared, edges_id=edges, by=by))
            for by in DIMENSIONS
        )
        shap = self._one(rollups.shap_mass, own, self._explained, edges_id=edges)
        return history, segments, shap

    def from_source(self, source: sa.Connection) -> _Counted:
        layout = self._layout
        history = self.history_of_source(source)
        segments = tuple(
            (by, self._one(drift_source.histograms, source, self._compared, layout, by=by))
            for by in DIMENSIONS
        )
        shap = if_present(
            source, lambda: self._one(drift_source.shap_mass, source, self._explained, layout)
        )
        return history, segments, shap

    def versions(self, source: sa.Connection) -> tuple[drift_facts.VersionCell, ...]:
        windows = self._windows
        question = drift_versions.version_cells
        found: tuple[drift_facts.VersionCell, ...] = self._rows(
            question, source, self._scope, windows.reference, windows.current
        )
        return found

    def reviews(
        self, source: sa.Connection
    ) -> tuple[tuple[drift_facts.LabelRow, ...] | None, tuple[drift_facts.LabelRow, ...]]:
        """What served, None without a table of reviews; and the same models in the shadow."""
        served = if_present(source, lambda: self._rows(drift_labels.labels, source, self._labelled))
        versions = sorted({row.ml_version for row in served or ()})
        if not versions:
            return served, ()
        scope = replace(self._labelled, model_versions=())
        shadow = if_present(
            source, lambda: self._rows(drift_labels.shadow_labels, source, scope, versions)
        )
        return served, shadow or ()

    def _one(self, question: Callable[..., Answer[Any]], *arguments: Any, **options: Any) -> Any:
        return self._rows(question, *arguments, **options)[0]

    def _rows(self, question: Callable[..., Answer[Any]], *arguments: Any, **options: Any) -> Any:
        answer = question(*arguments, **options)
        self.asked.append(asked_of(question, answer))
        return answer.rows


def midnight(day: date) -> datetime:
    """The moment a UTC day begins."""
    return datetime.combine(day, time(), UTC)
