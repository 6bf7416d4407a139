"""Every question of the Exceptions page over ten million exceptions, beside a bare count.

``python -m tests.benchmarks exceptions [--rows N] [--database-url URL] [--repeat N]`` fills an
empty database (by default one on a server of its own), spreads the exceptions over twelve runs,
and asks each question with changing filters: first with what was just loaded (p95 of the first
round holds what had to be read from disk), then again and again; then the pages are opened, with
nothing kept but the judged gates. Then one live run holds them all. A database that was filled
before is asked at once. Seconds differ between machines; the limit of 300 ms is meant for the
95th percentile.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import click
import sqlalchemy as sa

from dashboard import cache
from dashboard.warm import warm
from queries.contract import migration_exceptions
from queries.database import own_engine, read, source_engine
from queries.own_tables import ensure
from queries.rolled import read_rolled
from queries.rolled_exceptions_build import refresh_exceptions
from queries.rollup_origin import identity, record
from queries.rollup_tables import ROLL_UPS
from tests.benchmarks import exceptions_data as data
from tests.benchmarks.exceptions_questions import NOW, Question, questions, recounted
from tests.benchmarks.measure import StatementClock, forget_answers, seconds, show_page

LIMIT_MS = 300
STATEMENT_TIMEOUT_S = 600
BUDGET_S, FEWEST = 15.0, 2
"""A question is asked again until it has taken so long together; its p95 may be its slowest."""
MOST_OPENED = 15
PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("reconciliation", {}),
    ("field_accuracy", {}),
    ("exceptions", {}),
    ("exceptions", {"cause": "Case"}),
    ("exceptions", {"origin": "Our recount"}),
)
_COUNT = sa.text("SELECT count(*) FROM migration_exceptions")

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
@click.option("--rolled-only", is_flag=True, help="Leave out the source alone.")
def main(rows: int, database_url: str | None, repeat: int, rolled_only: bool) -> None:
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
                if ask is rolled or not rolled_only:
                    report(title, questions(run, rows), ask, repeat)
            pages(url, repeat)
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


def pages(url: str, repeat: int) -> None:
    """Open each page with nothing kept of its answers; the gates are judged, as a server does."""
    settings = {"SOURCE_URL": url, "OWN_URL": url, "AS_OF": NOW.isoformat()}
    os.environ |= {f"PLUMBLINE_{name}": value for name, value in settings.items()}
    cache.forget()
    warm()
    head = f"{'statements':>12}{'p50 ms':>9}{'p95 ms':>9}{'page ms':>9}"
    click.echo(f"{'page':30}{head}{'opened':>9}")
    for page, query in PAGES:
        opened = []
        with StatementClock() as clock:
            for _ in range(min(repeat, MOST_OPENED) + 1):
                forget_answers(ahead=True)
                clock.reset()
                whole = 1000 * seconds(lambda: show_page(page, query))  # noqa: B023 - called here
                opened.append(replace(clock.read(), whole=whole))
        times = sorted(each.milliseconds for each in opened[1:])
        wholes = sorted(each.whole for each in opened[1:])
        last = round(0.95 * (len(times) - 1))
        name = " · ".join([page, *query.values()])
        click.echo(
            f"{name:30}{opened[-1].statements:>12}{median(times):>9.1f}{times[last]:>9.1f}"
            f"{wholes[last]:>9.0f}{len(times):>9}"
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
