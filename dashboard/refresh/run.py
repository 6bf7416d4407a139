"""One refresh: a lock, bins, a plan, and workers that build month by month."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Event, Lock

import sqlalchemy as sa

from components.gates.policy_drift import DriftPolicy
from dashboard.evidence_drift import keep
from dashboard.progress import Progress, Stage
from dashboard.refresh.build import Builder, Built
from dashboard.refresh.origin import settle
from dashboard.refresh.plan import Options, Unit, plan
from queries.choices import recent_segments
from queries.contract import prediction_audit
from queries.database import read, translated
from queries.drift_rows import DayState, Layout
from queries.drift_source import covered
from queries.errors import DatabaseBusyError, InvalidInputError, PlumblineError
from queries.names import PRODUCTION
from queries.own_tables import ensure
from queries.rolled_exceptions_build import refresh_exceptions
from queries.rollup_family import Family
from queries.rollup_reference import read_layout
from queries.rollup_schema import rollup_days, rollup_histograms, rollup_shap
from queries.rollup_state import keep_layout
from queries.rollup_tables import ROLL_UPS
from queries.rollups import layouts

LOG = logging.getLogger("plumbline.refresh")
_LOCK = 7_585_672_010
_MOMENT = timedelta(microseconds=1)
_NEWEST = sa.select(sa.func.max(prediction_audit.c.scored_at))
_ROLLED_UP = sa.select(rollup_days.c.environment).distinct()
_WORTH_ANALYSING = 20
"""Days after which the planner's statistics are renewed."""


@dataclass(slots=True)
class Outcome:
    """What a refresh did: days by what became of them."""

    edges_id: str
    planned: int = 0
    built: int = 0
    source_rows: int = 0
    purged: list[Built] = field(default_factory=list)
    vanished: list[Built] = field(default_factory=list)
    stopped: bool = False

    @property
    def done(self) -> int:
        return self.built + len(self.purged) + len(self.vanished)

    def count(self, built: Built) -> None:
        if built.state is DayState.PURGED:
            self.purged.append(built)
        elif built.state is DayState.VANISHED:
            self.vanished.append(built)
        else:
            self.built += 1
            self.source_rows += built.source_rows


def refresh(
    source: sa.Engine, own: sa.Engine, policy: DriftPolicy, options: Options, progress: Progress
) -> Outcome:
    """Bring the roll-ups up to date; days that are finished stay, whatever happens to the rest.

    Raises:
        DatabaseBusyError: another refresh is running.
        InvalidInputError: there is nothing to cut bins from, or the roll-ups that exist are of
            another source.
        DatabaseError: source or own schema cannot be used; says why.
    """
    ensure(own, ROLL_UPS)
    with _alone(own):
        settle(source, own, options.environments)
        with progress.stage("Counting the exceptions of the migration") as stage:
            refresh_exceptions(source, own, stage.advance)
        layout, known = _layout(source, own, policy, options, progress)
        units = _units(source, own, layout, options)
        outcome = Outcome(layout.edges_id, planned=sum(len(unit.days) for unit in units))
        if units:
            stop = Event()
            builder = Builder(
                source, own, layout, known, options.families, options.rebuild, stop.is_set
            )
            with progress.stage(_title(outcome.planned)) as stage:
                _work(builder, units, stop, outcome, stage, options.workers)
            if outcome.built >= _WORTH_ANALYSING:
                _analyse(own, options.families)
        if not outcome.stopped and PRODUCTION in options.environments:
            with progress.stage("Judging drift"):
                _judge_drift(source, own, policy)
    return outcome


def _judge_drift(source: sa.Engine, own: sa.Engine, policy: DriftPolicy) -> None:
    """Keep what drift says to the gates; roll-ups are of use without it."""
    try:
        keep(source, own, PRODUCTION, policy)
    except PlumblineError as error:
        LOG.warning("drift evidence: %s", error.log)


def _title(days: int) -> str:
    return (
        "Adding up months" if not days else f"Rolling up {days:,} {'day' if days == 1 else 'days'}"
    )


@contextmanager
def _alone(own: sa.Engine) -> Iterator[None]:
    """Hold the lock that keeps a second refresh away, as long as this one's session lives."""
    with translated(), own.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK))).scalar_one():
            raise DatabaseBusyError(
                "Another `plumbline refresh` is running on this schema. Wait until it is done."
            )
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))


def _layout(
    source: sa.Engine, own: sa.Engine, policy: DriftPolicy, options: Options, progress: Progress
) -> tuple[Layout, dict[str, Layout]]:
    """The layout in force, made where there is none or a new reference was asked for; and all."""
    stored = read(own, layouts).rows
    if not stored or options.new_reference is not None:
        with progress.stage("Cutting bins from the reference"):
            start, end = options.new_reference or read(
                source, lambda connection: reference(connection, policy, options.today)
            )
            made = read(
                source,
                lambda connection: read_layout(
                    connection, PRODUCTION, start, end, datetime.now(UTC)
                ),
            )
            if not made.reference_rows:
                raise InvalidInputError(
                    f"There are no predictions in production from {start} to {end}: "
                    "bins cannot be cut from nothing. Choose another reference."
                )
            with translated(), own.begin() as connection:
                keep_layout(connection, made, PRODUCTION)
        stored = read(own, layouts).rows
    return stored[0], {layout.edges_id: layout for layout in stored}


def reference(connection: sa.Connection, policy: DriftPolicy, today: date) -> tuple[date, date]:
    """The days from which bins are cut: as the policy says, shortened to what there is."""
    first, last = covered(connection, PRODUCTION, today)
    earliest_end = first + timedelta(days=policy.minimum_reference_days)
    end = min(last, max(earliest_end, last - timedelta(days=policy.reference_gap_days)))
    return max(first, end - timedelta(days=policy.reference_days)), end


def environments(source: sa.Engine, own: sa.Engine) -> tuple[str, ...]:
    """Environments that were scored lately, or that are rolled up already."""
    with translated():
        ensure(own, ROLL_UPS)
    newest = read(source, lambda connection: connection.execute(_NEWEST).scalar())
    found = {PRODUCTION, *read(own, lambda own: own.execute(_ROLLED_UP).scalars().all())}
    if newest is not None:
        recent = read(source, lambda connection: recent_segments(connection, newest + _MOMENT))
        found |= {row.environment for row in recent.rows}
    return tuple(sorted(found))


def _units(source: sa.Engine, own: sa.Engine, layout: Layout, options: Options) -> list[Unit]:
    found: list[Unit] = []
    with translated(), source.connect() as reading, own.connect() as writing:
        for environment in options.environments:
            found += plan(reading, writing, environment, layout.edges_id, options)
    return found


def _work(
    builder: Builder,
    units: list[Unit],
    stop: Event,
    outcome: Outcome,
    stage: Stage,
    workers: int,
) -> None:
    lock = Lock()

    def report(built: Built) -> None:
        with lock:
            outcome.count(built)
            stage.advance(outcome.done, outcome.planned)

    with ThreadPoolExecutor(workers) as pool:
        running: list[Future[None]] = [pool.submit(builder.run, unit, report) for unit in units]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        except KeyboardInterrupt:
            outcome.stopped = True
        finally:
            stop.set()
            for each in running:
                each.cancel()
    for each in running:
        if not each.cancelled():
            each.result()


def _analyse(own: sa.Engine, families: tuple[Family, ...]) -> None:
    """Renew the planner's statistics, which a first backfill leaves empty."""
    tables = [rollup_histograms, rollup_shap]
    with translated(), own.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in [*tables, *(table for family in families for table in family.tables)]:
            connection.execute(sa.text(f"ANALYZE {table.fullname}"))
