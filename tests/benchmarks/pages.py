"""Query time of each page, beside a bare ``count(*)`` over the same predictions.

``python -m tests.benchmarks.pages --database-url URL`` measures a database that exists; without
one, the sample programme is built at 1.5 and at 6 million predictions. Seconds differ between
machines: the ratios are what to compare, and they come from one run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from statistics import median

import click
import sqlalchemy as sa

from tests.benchmarks.measure import Opened, StatementClock, open_page, seconds

PERIODS = (("28 days", 28), ("90 days", 90))
PIPELINE_VIEWS = ("Agreement", "LLM", "Threshold", "Cost and latency", "Versions", "Environments")
PAGES = (
    ("status", {}),
    ("gates", {}),
    ("reconciliation", {}),
    ("field_accuracy", {}),
    ("exceptions", {}),
    *(("pipeline", {"view": view}) for view in PIPELINE_VIEWS),
)
SIZES = (("1.5 M", 1.0), ("6 M", 4.0))
TICKETS_PER_YEAR = 1_500_000
_COUNT = sa.text(
    "SELECT count(*) FROM prediction_audit "
    "WHERE environment = 'production' AND scored_at >= :start AND scored_at < :until"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One page: how many statements, and their time in milliseconds."""

    page: str
    statements: int
    p50: float
    p95: float


@click.command()
@click.option("--database-url", "urls", multiple=True, help="A database to measure; repeatable.")
@click.option("--repeat", default=15, show_default=True, help="Times each page is opened.")
def main(urls: tuple[str, ...], repeat: int) -> None:
    """Print each page's query time at p50 and p95 next to a bare count(*)."""
    if urls:
        for number, url in enumerate(urls, start=1):
            report(f"database {number}", url, repeat)
        return
    for name, years in SIZES:
        with built(years) as url:
            report(name, url, repeat)


@contextmanager
def built(years: float) -> Iterator[str]:
    """A sample programme of this length on a server of its own, gone at the end."""
    from dashboard.embedded import EmbeddedServer
    from dashboard.progress import TerminalProgress
    from dashboard.sample.programme import build
    from dashboard.sample.recipe import Recipe

    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run as another user
        with EmbeddedServer(folder / "server") as server:
            recipe = Recipe(tickets_per_year=TICKETS_PER_YEAR, years=years)
            build(server.url(), recipe, folder / "models", TerminalProgress())
            yield server.url()


def report(name: str, url: str, repeat: int) -> None:
    """Measure one database and print its table."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        newest = connection.scalar(sa.text("SELECT max(scored_at) FROM prediction_audit"))
        n = connection.scalar(sa.text("SELECT count(*) FROM prediction_audit"))
    as_of = datetime.combine(newest.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    os.environ["PLUMBLINE_SOURCE_URL"] = url
    os.environ["PLUMBLINE_AS_OF"] = as_of.isoformat()
    for period, days in PERIODS:
        scope = {"start": as_of - timedelta(days=days), "until": as_of}
        rows, bare = _bare(engine, scope, repeat)
        click.echo(f"\n{name}: {n:,} predictions, last {days} days: {rows:,} in production")
        click.echo(f"{'':28}{'statements':>11}{'p50 ms':>9}{'p95 ms':>9}{'× count':>9}")
        click.echo(f"{'bare count(*)':28}{1:>11}{bare:>9.1f}{'':>9}{1:>9.1f}")
        for page, query in PAGES:
            line = measured(page, {"period": period, **query}, repeat)
            click.echo(
                f"{line.page:28}{line.statements:>11}{line.p50:>9.1f}{line.p95:>9.1f}"
                f"{line.p50 / bare:>9.1f}"
            )
    engine.dispose()


def measured(page: str, query: dict[str, str], repeat: int) -> Line:
    """Open a page again and again, each time with nothing kept."""
    with StatementClock() as clock:
        opened = [_opened(page, query, clock) for _ in range(repeat + 1)][1:]
    times = sorted(item.milliseconds for item in opened)
    name = " · ".join([page, *(value for key, value in query.items() if key == "view")])
    p95 = times[min(len(times) - 1, round(0.95 * (len(times) - 1)))]
    return Line(name, opened[-1].statements, median(times), p95)


def _opened(page: str, query: dict[str, str], clock: StatementClock) -> Opened:
    clock.reset()
    open_page(page, query)
    return clock.read()


def _bare(engine: sa.Engine, scope: dict[str, datetime], repeat: int) -> tuple[int, float]:
    with engine.connect() as connection:
        rows = int(connection.scalar(_COUNT, scope) or 0)
        times = [seconds(lambda: connection.scalar(_COUNT, scope)) for _ in range(repeat)]
    return rows, 1000 * median(times)


if __name__ == "__main__":
    main()
