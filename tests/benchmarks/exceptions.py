"""Every question of the Exceptions page over ten million exceptions, beside a bare count.

``python -m tests.benchmarks exceptions [--rows N] [--database-url URL] [--repeat N]`` fills an
empty database (by default one on a server of its own), spreads the exceptions over twelve runs,
and asks each question with changing filters: first with what was just loaded (p95 of the first
round holds what had to be read from disk), then again and again. Then one live run holds them
all. Seconds differ between machines; the limit of 300 ms is meant for the 95th percentile.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import click
import sqlalchemy as sa

from queries import (
    exceptions_listed,
    exceptions_recount,
    exceptions_report,
    field_accuracy,
    migration,
    migration_runs,
    reconciliation_results,
    recount,
    rolled_exceptions,
)
from queries.contract import migration_exceptions
from queries.database import own_engine, read, source_engine
from queries.exceptions_rows import Filters, Position
from queries.freshness import newest
from queries.own_tables import ensure
from queries.rolled import read_rolled
from queries.rolled_exceptions_build import refresh_exceptions
from queries.rollup_origin import identity, record
from queries.rollup_tables import ROLL_UPS
from queries.scope import Scope
from tests.benchmarks import exceptions_data as data
from tests.benchmarks.measure import seconds

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SCOPE = Scope(NOW - timedelta(days=28), NOW, NOW)
LIMIT_MS = 300
STATEMENT_TIMEOUT_S = 600
BUDGET_S, FEWEST = 15.0, 2
"""A question is asked again until it has taken so long together; its p95 may be its slowest."""
CAUSES = ("truncated", "case", "date_swap", "code_map", "encoding", "")
FIELDS = ("field_1", "field_7", "field_11", "")
_COUNT = sa.text("SELECT count(*) FROM migration_exceptions")

Question = Callable[[sa.Connection], Any]
Asker = Callable[[Question], Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A question asked again and again: milliseconds."""

    name: str
    first: float
    p50: float
    p95: float
    times: int


@click.command()
@click.option("--rows", default=10_000_000, show_default=True, help="Exceptions of either origin.")
@click.option("--database-url", help="An empty database, or one that this benchmark has filled.")
@click.option("--repeat", default=200, show_default=True, help="Times each question is asked.")
def main(rows: int, database_url: str | None, repeat: int) -> None:
    """Print p50 and p95 of every question, with the exceptions spread and in one live run."""
    with filled(database_url, rows) as url:
        source = source_engine(url, statement_timeout_s=STATEMENT_TIMEOUT_S)
        own = own_engine(url, statement_timeout_s=STATEMENT_TIMEOUT_S)

        def alone(question: Question) -> Any:
            return read(source, question)

        def rolled(question: Question) -> Any:
            return read_rolled(source, own, question)

        data.mock_runs(own)
        roll_up(source, own)
        for run in ("mock-1", data.LIVE):
            if run == data.LIVE:
                data.one_live_run(own)
            bare = timed("", lambda each: each.scalar(_COUNT), alone, 3)
            click.echo(f"\n{run}: of {rows:,} exceptions; bare count(*) {bare.p50:,.0f} ms")
            for title, ask in (("source alone", alone), ("roll-ups", rolled)):
                report(title, questions(run, rows), ask, repeat)
        report("our recount", recounted(rows), alone, repeat)
        source.dispose()
        own.dispose()


def run_from(words: list[str]) -> None:
    """The same from words."""
    main(words, standalone_mode=False)


@contextmanager
def filled(url: str | None, rows: int) -> Iterator[str]:
    """A database with exceptions in it."""
    if url is None:
        from dashboard.embedded import EmbeddedServer

        with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
            folder = Path(name)
            folder.chmod(0o755)  # the server may run as another user
            with EmbeddedServer(folder / "server") as server, filled(server.url(), rows) as found:
                yield found
        return
    engine = own_engine(url, statement_timeout_s=10 * STATEMENT_TIMEOUT_S)
    if not sa.inspect(engine).has_table(migration_exceptions.name):
        data.build(engine, rows)
        data.build_recount(engine, rows)
        data.analyse(engine)
    engine.dispose()
    yield url


def roll_up(source: sa.Engine, own: sa.Engine) -> None:
    """Refresh twice: everything, and nothing new."""
    ensure(own, ROLL_UPS)
    with own.begin() as connection:
        record(connection, read(source, identity))
    for name in ("first refresh", "refresh without news"):
        took = seconds(lambda: refresh_exceptions(source, own, lambda done, total: None))
        click.echo(f"{name}: {took:.1f} s")


def report(title: str, asked: dict[str, Question], ask: Asker, repeat: int) -> None:
    """Ask and print."""
    click.echo(f"{title:42}{'first ms':>10}{'p50 ms':>9}{'p95 ms':>9}{'asked':>7}")
    for name, question in asked.items():
        line = timed(name, question, ask, repeat)
        mark = "  over the limit" if line.p95 > LIMIT_MS and "OFFSET" not in name else ""
        click.echo(
            f"{line.name:42}{line.first:>10.1f}{line.p50:>9.1f}{line.p95:>9.1f}"
            f"{line.times:>7}{mark}"
        )


def timed(name: str, question: Question, ask: Asker, repeat: int) -> Line:
    """Ask so many times, fewer where an answer takes seconds."""
    first = seconds(lambda: ask(question))
    found: list[float] = []
    while len(found) < repeat and (len(found) < FEWEST or sum(found) < BUDGET_S):
        found.append(seconds(lambda: ask(question)))
    found.sort()
    p95 = found[min(len(found) - 1, round(0.95 * (len(found) - 1)))]
    return Line(name, 1000 * first, 1000 * median(found), 1000 * p95, len(found))


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
        "counts by batch, cause, severity, state": lambda c: exceptions_report.counts(
            c, SCOPE, run
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
        return exceptions_recount.records(connection, runs, Filters(**wanted), after)

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
        "counts": lambda c: exceptions_recount.counts(c, runs),
        "counts by field": lambda c: exceptions_recount.by_field(c, runs),
        "fields of the comparisons": lambda c: reconciliation_results.fields(c, runs),
        "groups of the comparisons": lambda c: reconciliation_results.groups(c, runs),
        "first page": listed,
        "deep page": lambda c: listed(c, deep()),
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
