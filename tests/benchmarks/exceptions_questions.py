"""What the pages ask of ten million exceptions: the pipeline's own report, and our recount."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from components.exceptions.defects import RULES
from queries import (
    exceptions_listed,
    exceptions_recount,
    exceptions_recount_listed,
    exceptions_report,
    field_accuracy,
    migration,
    migration_runs,
    reconciliation_results,
    recount,
    rolled_exceptions,
)
from queries.exceptions_rows import PAGE_SIZE, Filters, Position
from queries.freshness import newest
from queries.scope import Scope
from tests.benchmarks import exceptions_data as data

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SCOPE = Scope(NOW - timedelta(days=28), NOW, NOW)
CAUSES = ("truncated", "case", "date_swap", "code_map", "encoding", "")
FIELDS = ("field_1", "field_7", "field_11", "")

Question = Callable[[sa.Connection], Any]


def questions(run: str, rows: int) -> dict[str, Question]:
    """What Status, Gates, the Migration pages and Exceptions ask of the pipeline's own report."""
    draw = Random(7)
    numbers = sorted(_numbers(run))

    def batch() -> str:
        return f"batch-{draw.choice(numbers):04d}"

    def listed(connection: sa.Connection, after: Position | None = None, **wanted: Any) -> Any:
        return exceptions_listed.records(connection, SCOPE, run, Filters(**wanted), after)

    def drawn() -> dict[str, Any]:
        """A filter that keeps many, few, or nothing: any words in any combination."""
        words = {
            "batch": batch(),
            "cause": draw.choice(CAUSES),
            "severity": draw.choice(("critical", "major", "minor")),
            "status": draw.choice(("open", "fixed", "waived", "false_positive")),
            "field": draw.choice(FIELDS),
        }
        return {name: word if draw.random() < 0.5 else None for name, word in words.items()}

    return {
        "counts": lambda c: exceptions_report.counts(c, SCOPE, run, RULES),
        "counts of one cause": lambda c: exceptions_report.counts(
            c, SCOPE, run, RULES, Filters(cause=draw.choice(CAUSES))
        ),
        "as of when they are counted": lambda c: rolled_exceptions.counted_at(c, SCOPE, run),
        "rates: counts of earlier batches": lambda c: exceptions_report.per_batch(
            c, SCOPE, tuple(f"batch-{n:04d}" for n in draw.sample(range(data.BATCHES), 24))
        ),
        "exceptions and records of the run": lambda c: migration.exceptions(c, SCOPE, run),
        "the same of every run": lambda c: migration.exceptions(c, SCOPE),
        "critical and untraceable": lambda c: recount.run_exceptions(c, SCOPE, run),
        "runs with a critical exception": lambda c: recount.blocked_runs(c, SCOPE),
        "freshness": lambda c: newest(c, SCOPE, "migration_exceptions"),
        "first page": listed,
        "deep page": lambda c: listed(c, Position(batch(), str(draw.randrange(rows)))),
        "last page": lambda c: exceptions_listed.records(
            c, SCOPE, run, Filters(), None, PAGE_SIZE, True
        ),
        "last page, filters combined": lambda c: exceptions_listed.records(
            c, SCOPE, run, Filters(**drawn()), None, PAGE_SIZE, True
        ),
        "records of a key": lambda c: exceptions_report.by_key(
            c, SCOPE, run, f"K{draw.randrange(rows * 4 // 5):09d}"
        ),
        "deep page by OFFSET, for comparison": lambda c: c.execute(_offset(draw, run, rows)).all(),
        "filter: batch": lambda c: listed(c, batch=batch()),
        "filter: cause": lambda c: listed(c, cause=draw.choice(CAUSES)),
        "filter: rare cause": lambda c: listed(c, cause="encoding"),
        "filter: field": lambda c: listed(c, field=draw.choice(FIELDS)),
        "filter: state": lambda c: listed(c, status=draw.choice(("open", "waived"))),
        "filter: rare state": lambda c: listed(c, status="false_positive"),
        "filter: severity": lambda c: listed(c, severity=draw.choice(("critical", "minor"))),
        "filters combined": lambda c: listed(c, **drawn()),
        "filters combined, deep": lambda c: listed(
            c, Position(batch(), str(draw.randrange(rows))), **drawn()
        ),
        "filters combined, none of them common": lambda c: listed(
            c,
            status="false_positive",
            cause=draw.choice(("", "encoding")),
            field=draw.choice(FIELDS),
        ),
        "filters that match nothing": lambda c: listed(c, cause="nobody", batch=batch()),
        "one record with history and neighbours": lambda c: _opened(c, draw, rows),
        "batches": lambda c: migration.batches(c, SCOPE),
        "control totals": lambda c: migration.control_totals(c, SCOPE, run),
        "loads of every run": lambda c: migration_runs.loads(c, SCOPE),
        "critical values of every run": lambda c: migration_runs.critical_values(c, SCOPE),
        "fields that the pipeline compared": lambda c: recount.reported_fields(c, SCOPE, run),
        "heat map": lambda c: field_accuracy.reported(c, SCOPE, run),
        "causes by field": lambda c: field_accuracy.reported_causes(c, SCOPE, run),
    }


def recounted(rows: int) -> dict[str, Question]:
    """What the Exceptions page asks of our own comparison."""
    draw = Random(7)
    runs = (1, 2, 3, 4, 5)

    def listed(connection: sa.Connection, after: Position | None = None, **wanted: Any) -> Any:
        return exceptions_recount_listed.records(connection, runs, Filters(**wanted), after)

    def drawn() -> dict[str, Any]:
        words = {
            "batch": f"batch-{draw.randrange(data.BATCHES):04d}",
            "cause": draw.choice(CAUSES[:5]),
            "severity": draw.choice(("critical", "major")),
            "field": draw.choice(FIELDS),
        }
        return {name: word if draw.random() < 0.5 else None for name, word in words.items()}

    def deep() -> Position:
        return Position(str(draw.choice(runs)), str(draw.randrange(rows // 5)))

    def opened(connection: sa.Connection) -> None:
        place = deep()
        row = exceptions_recount.record(connection, *place).rows[0]
        exceptions_recount.same_record(connection, *place)
        exceptions_recount.neighbours(connection, row)

    return {
        "latest comparisons": lambda c: reconciliation_results.latest_runs(c, NOW),
        "counts": lambda c: exceptions_recount.counts(c, runs, RULES),
        "counts of one cause": lambda c: exceptions_recount.counts(
            c, runs, RULES, Filters(cause=draw.choice(CAUSES[:5]))
        ),
        "counts by field": lambda c: exceptions_recount.by_field(c, runs),
        "fields of the comparisons": lambda c: reconciliation_results.fields(c, runs),
        "findings by batch": lambda c: reconciliation_results.found(c, runs),
        "causes by field": lambda c: reconciliation_results.causes(c, runs),
        "first page": listed,
        "deep page": lambda c: listed(c, deep()),
        "last page": lambda c: exceptions_recount_listed.records(
            c, runs, Filters(), None, PAGE_SIZE, True
        ),
        "last page, filters combined": lambda c: exceptions_recount_listed.records(
            c, runs, Filters(**drawn()), None, PAGE_SIZE, True
        ),
        "records of a key": lambda c: exceptions_recount.by_key(
            c, runs, f"K{draw.randrange(rows * 4 // 5):09d}"
        ),
        "filter: batch": lambda c: listed(c, batch=f"batch-{draw.randrange(data.BATCHES):04d}"),
        "filter: cause": lambda c: listed(c, cause=draw.choice(CAUSES[:4])),
        "filter: rare cause": lambda c: listed(c, cause="encoding"),
        "filter: field": lambda c: listed(c, field=draw.choice(FIELDS)),
        "filter: severity": lambda c: listed(c, severity=draw.choice(("critical", "major"))),
        "filters combined": lambda c: listed(c, **drawn()),
        "filters combined, deep": lambda c: listed(c, deep(), **drawn()),
        "one record with history and neighbours": opened,
    }


def _numbers(run: str) -> range:
    if run == data.LIVE:
        return range(data.BATCHES)
    first = (int(run.removeprefix("mock-")) - 1) * data.BATCHES_PER_RUN
    return range(first, first + data.BATCHES_PER_RUN)


def _opened(connection: sa.Connection, draw: Random, rows: int) -> None:
    wanted = str(1 + draw.randrange(rows))
    (row,) = exceptions_report.record(connection, SCOPE, wanted).rows
    exceptions_report.same_record(connection, SCOPE, row.table_name, row.key)
    exceptions_listed.neighbours(connection, SCOPE, row)


def _offset(draw: Random, run: str, rows: int) -> sa.TextClause:
    """A page as it would be turned by counting rows."""
    behind = draw.randrange(rows // 20 if run != data.LIVE else rows)
    return sa.text(
        "SELECT x.* FROM migration_exceptions x JOIN migration_batches b USING (batch_id) "
        f"WHERE b.run_id = '{run}' ORDER BY batch_id, exception_id LIMIT 51 OFFSET {behind}"
    )
