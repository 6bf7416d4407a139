"""Writes what a reconciliation finds into the product's own schema, bucket by bucket.

A portion of buckets is one transaction: its exceptions and the state of its buckets are there
together or not at all, so that an interrupted run is complete as far as it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice

import psycopg
import sqlalchemy as sa

from queries.compare_former import BIGINTS, COMPLETED, PARTIAL, RECHECKED, RUNNING, FormerRun
from queries.compare_judge import Finding
from queries.compare_plan import Plan
from queries.compare_survey import BucketCount, BucketState, Totals
from queries.database import translated
from queries.reconciliation_schema import (
    reconciliation_buckets as _buckets,
)
from queries.reconciliation_schema import (
    reconciliation_exceptions as _exceptions,
)
from queries.reconciliation_schema import (
    reconciliation_fields as _fields,
)
from queries.reconciliation_schema import (
    reconciliation_groups as _groups,
)
from queries.reconciliation_schema import (
    reconciliation_orphans as _orphans,
)
from queries.reconciliation_schema import (
    reconciliation_references as _references,
)
from queries.reconciliation_schema import (
    reconciliation_runs as _runs,
)
from queries.reference_check import Orphan, Reference, ReferenceCount


@dataclass(frozen=True, slots=True)
class NewRun:
    """How a run begins."""

    name: str
    plan: Plan
    bucketing: str
    mode: str
    started_at: datetime
    based_on: FormerRun | None


@dataclass(frozen=True, slots=True)
class Classified:
    """An exception with its cause; ``confidence`` in per cent."""

    finding: Finding
    field: str | None
    critical: bool
    cause: str
    signature: str
    confidence: int


class Ledger:
    """The writer of one run."""

    def __init__(self, engine: sa.Engine, run: NewRun, totals: Totals) -> None:
        self._engine = engine
        self._name = run.name
        self._plan = run.plan
        self._former = run.based_on
        self._written = 0
        values = {
            "name": run.name,
            "pair": run.plan.name,
            "plan_digest": run.plan.digest,
            "bucketing": run.bucketing,
            "mode": run.mode,
            "status": RUNNING,
            "started_at": run.started_at,
            "based_on": run.based_on.run_id if run.based_on else None,
            "source_relation": run.plan.source.title,
            "target_relation": run.plan.target.title,
            "source_filter": run.plan.source.keep_reason or None,
            "target_filter": run.plan.target.keep_reason or None,
            **asdict(totals),
            "buckets_compared": 0,
        }
        with translated(), engine.begin() as connection:
            inserted = connection.execute(sa.insert(_runs).values(values).returning(_runs.c.run_id))
            self.run_id = int(inserted.scalar_one())

    @property
    def written(self) -> int:
        """Exceptions in the ledger of this run, those carried over included."""
        return self._written

    def carry_over(self, former: FormerRun, without: Collection[int]) -> None:
        """Take over all buckets of the former run but these, and their exceptions."""
        left_out = sa.cast(sorted(without), BIGINTS)
        with translated(), self._engine.begin() as connection:
            for table, run_id in ((_exceptions, former.run_id), (_buckets, former.states_of)):
                copied = [column for column in table.c if column.name != "run_id"]
                kept = sa.select(sa.literal(self.run_id), *copied).where(
                    table.c.run_id == run_id, table.c.bucket != sa.all_(left_out)
                )
                names = ["run_id", *(column.name for column in copied)]
                connection.execute(sa.insert(table).from_select(names, kept))
            last = sa.select(sa.func.max(_exceptions.c.exception_no), sa.func.count()).where(
                _exceptions.c.run_id == self.run_id
            )
            highest, count = connection.execute(last).one()
            self._next, self._written = (highest or 0) + 1, count

    _next = 1

    def write(self, states: Iterable[BucketState], found: Iterable[Classified]) -> int:
        """Add a portion of buckets with all its exceptions; returns how many there were."""
        held = tuple(states)
        begun = self._next
        with translated(), self._engine.begin() as connection:
            _take_time(connection)
            # First, because the server still joins while they are written.
            self._save_states(connection, held)
            number = self._copy(connection, found)
            connection.execute(
                sa.update(_runs)
                .where(_runs.c.run_id == self.run_id)
                .values(buckets_compared=_runs.c.buckets_compared + len(held))
            )
        self._next = number
        self._written += number - begun
        return number - begun

    def _copy(self, connection: sa.Connection, found: Iterable[Classified]) -> int:
        number = self._next
        statement = _copy_into(_exceptions)
        with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
            for each in found:
                what = each.finding
                copy.write_row(
                    (
                        self.run_id,
                        number,
                        what.bucket,
                        what.kind.value,
                        [_storable(part) for part in what.key],
                        what.copies,
                        each.field,
                        each.critical,
                        _storable(what.source_value),
                        _storable(what.target_value),
                        each.cause,
                        each.signature,
                        each.confidence,
                        _storable(what.batch),
                        _storable(what.system),
                    )
                )
                number += 1
        return number

    def _save_states(self, connection: sa.Connection, states: Iterable[BucketState]) -> None:
        # Nothing but whole numbers, and many: their text is the text of COPY.
        lines = (_numbers(self.run_id, each.bucket, each.source, each.target) for each in states)
        statement = _copy_into(_buckets)
        with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
            while portion := "".join(islice(lines, 1_000)):
                copy.write(portion)

    def write_reference(
        self, reference: Reference, counted: ReferenceCount, found: Iterable[Orphan]
    ) -> int:
        """Keep what one reference was found to be, with every orphan; returns how many."""
        orphans = 0
        with translated(), self._engine.begin() as connection:
            _take_time(connection)
            statement = _copy_into(_orphans)
            with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
                for orphans, each in enumerate(found, start=1):
                    copy.write_row(
                        (
                            self.run_id,
                            reference.name,
                            orphans,
                            [_storable(part) for part in each.key],
                            [_storable(part) for part in each.value],
                            _storable(each.batch),
                            _storable(each.system),
                        )
                    )
            connection.execute(
                sa.insert(_references).values(
                    run_id=self.run_id,
                    reference=reference.name,
                    columns=list(reference.columns),
                    parent=reference.parent.title,
                    rows=counted.rows,
                    empty=counted.empty,
                    orphans=orphans,
                )
            )
        return orphans

    def stop(self, when: datetime) -> None:
        """Mark the run partial: what is complete stays, and the next run goes on from there."""
        with translated(), self._engine.begin() as connection:
            self._close(connection, PARTIAL, when, None)

    def complete(self, when: datetime, rechecked: Collection[int] | None = None) -> None:
        """Count per field and per possible explanation, and forget the buckets of older runs.

        A run that only ``rechecked`` buckets renews their states where those of the others are.
        """
        with translated(), self._engine.begin() as connection:
            _take_time(connection)
            connection.execute(_insert_groups(self.run_id))
            matched = int(connection.execute(_matched(self.run_id)).scalar_one())
            self._count_fields(connection, matched)
            if rechecked is None or self._former is None:
                self._forget_older(connection, self.run_id)
                self._close(connection, COMPLETED, when, matched)
            else:
                self._renew_states(connection, self._former.states_of, rechecked)
                self._forget_older(connection, self._former.states_of)
                self._close(connection, RECHECKED, when, matched)

    def _renew_states(
        self, connection: sa.Connection, kept_by: int, rechecked: Collection[int]
    ) -> None:
        old = _buckets.c.bucket == sa.any_(sa.cast(sorted(rechecked), BIGINTS))
        connection.execute(sa.delete(_buckets).where(_buckets.c.run_id == kept_by, old))
        ours = sa.update(_buckets).where(_buckets.c.run_id == self.run_id)
        connection.execute(ours.values(run_id=kept_by))

    def _forget_older(self, connection: sa.Connection, kept_by: int) -> None:
        older = sa.select(_runs.c.run_id).where(
            _runs.c.name == self._name,
            _runs.c.pair == self._plan.name,
            _runs.c.run_id < self.run_id,
            _runs.c.run_id != kept_by,
        )
        connection.execute(sa.delete(_buckets).where(_buckets.c.run_id.in_(older)))

    def _count_fields(self, connection: sa.Connection, matched: int) -> None:
        counted = (
            sa.select(_groups.c.field, sa.func.sum(_groups.c.exceptions))
            .where(_groups.c.run_id == self.run_id, _groups.c.field.is_not(None))
            .group_by(_groups.c.field)
        )
        differing = {name: int(count) for name, count in connection.execute(counted)}
        rows = [
            {
                "run_id": self.run_id,
                "field": field.column.name,
                "critical": field.rules.critical,
                "compared": matched,
                "differing": differing.get(field.column.name, 0),
            }
            for field in self._plan.judged
        ]
        if rows:
            connection.execute(sa.insert(_fields), rows)

    def _close(
        self, connection: sa.Connection, status: str, when: datetime, matched: int | None
    ) -> None:
        values = {
            "status": status,
            "finished_at": when,
            "matched": matched,
            "exceptions": self._written,
        }
        connection.execute(sa.update(_runs).where(_runs.c.run_id == self.run_id).values(values))


def _take_time(connection: sa.Connection) -> None:
    """Millions of exceptions take longer to write than any question of a page may."""
    unbounded = ("statement_timeout", "idle_in_transaction_session_timeout")
    asked = ", ".join(f"set_config('{name}', '0', true)" for name in unbounded)
    connection.exec_driver_sql(f"SELECT {asked}")


def _numbers(run_id: int, bucket: int, *sides: BucketCount) -> str:
    """A line of COPY."""
    numbers: list[int | None] = [run_id, bucket]
    for side in sides:
        numbers += [side.rows, side.filtered, side.mark, side.digest]
    return "\t".join("\\N" if each is None else str(each) for each in numbers) + "\n"


def _copy_into(table: sa.Table) -> bytes:
    names = ", ".join(column.name for column in table.c)
    return f"COPY {table.fullname} ({names}) FROM STDIN".encode()


def _driver(connection: sa.Connection) -> psycopg.Connection[object]:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("the ledger is written through psycopg")
    return driver


def _insert_groups(run_id: int) -> sa.Insert:
    by = [
        _exceptions.c.kind,
        _exceptions.c.field,
        _exceptions.c.cause,
        _exceptions.c.signature,
        _exceptions.c.batch,
        _exceptions.c.source_system,
    ]
    count = sa.func.sum(_exceptions.c.copies)
    number = sa.func.row_number().over(order_by=[count.desc(), *by])
    grouped = (
        sa.select(sa.literal(run_id), number, *by, count)
        .where(_exceptions.c.run_id == run_id)
        .group_by(*by)
    )
    names = ["run_id", "group_no", *(column.name for column in by), "exceptions"]
    return sa.insert(_groups).from_select(names, grouped)


def _matched(run_id: int) -> sa.Select[int]:
    """Pairs of records: those of the source that are neither missing nor lost copies."""
    alone = sa.select(sa.func.coalesce(sa.func.sum(_groups.c.exceptions), 0)).where(
        _groups.c.run_id == run_id, _groups.c.kind.in_(["missing", "lost_copy"])
    )
    return sa.select(_runs.c.source_rows - alone.scalar_subquery()).where(_runs.c.run_id == run_id)


def _storable(text: str | None) -> str | None:
    """Text that PostgreSQL can hold: what is no Unicode, and the zero character, are spelt out."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
