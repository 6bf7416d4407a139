"""Query time of each page, with and without roll-ups, beside a bare ``count(*)``.

Each page is opened with every answer forgotten, in a process that is warm otherwise. Pages that
show a verdict judge every gate then; “judged ahead” is the same page as a running server shows
it, which judges the present before anybody asks. The time of a whole page holds the test harness,
whose share an empty page shows.

``python -m tests.benchmarks.pages --database-url URL --own-url URL`` measures databases that
exist: the first ``--own-url`` holds the roll-ups of the first ``--database-url``, and so on; of a
database without one, the source alone is read. Without any, the sample programme is built at 1.5
and at 6 million predictions, and rolled up beside itself. Two databases measured in one run show
what history costs: the last table divides one by the other. Seconds differ between machines: the
ratios are what to compare, and they come from one run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

import click
import sqlalchemy as sa

from dashboard import cache
from dashboard.warm import warm
from queries.database import own_engine, source_engine
from tests.benchmarks.measure import (
    EMPTY,
    Opened,
    StatementClock,
    forget_answers,
    seconds,
    show,
    show_page,
)

PERIODS = (("28 days", 28), ("90 days", 90), ("365 days", 365))
JUDGED = ("status", "gates", "shadow")
"""Pages that show a verdict, whatever else they show."""
SOURCE, ROLLED = "source alone", "roll-ups"
PIPELINE_VIEWS = ("Agreement", "LLM", "Threshold", "Cost and latency", "Versions", "Environments")
SHADOW_VIEWS = ("Quality", "Evidence over time", "Groups", "Load and latency", "Queue to label")
FEEDBACK_VIEWS = ("Overrides", "Reviewers", "Labels", "Training")
PAGES = (
    ("status", {}),
    ("gates", {}),
    ("reconciliation", {}),
    ("field_accuracy", {}),
    ("exceptions", {}),
    *(("pipeline", {"view": view}) for view in PIPELINE_VIEWS),
    *(("shadow", {"view": view}) for view in SHADOW_VIEWS),
    ("shadow", {"view": "Quality", "region": "Central"}),
    *(("feedback", {"view": view}) for view in FEEDBACK_VIEWS),
    ("drift", {}),
    ("drift", {"region": "Central"}),
)
SIZES = (("1.5 M", 1.0), ("6 M", 4.0))
TICKETS_PER_YEAR = 1_500_000
_COUNT = sa.text(
    "SELECT count(*) FROM prediction_audit "
    "WHERE environment = 'production' AND scored_at >= :start AND scored_at < :until"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One page: its statements with their time, and the whole page's, in milliseconds.

    ``whole`` is everything that Python does as well, the test harness included: at the median,
    and at the 95th percentile.
    """

    page: str
    statements: int
    p50: float
    p95: float
    whole_p50: float
    whole: float


Timing = dict[tuple[str, str, str], float]
"""p50 in milliseconds by way of reading, period and page."""


@click.command()
@click.option("--database-url", "urls", multiple=True, help="A database to measure; repeatable.")
@click.option("--own-url", "own_urls", multiple=True, help="The roll-ups of each, in order.")
@click.option("--repeat", default=15, show_default=True, help="Times each page is opened.")
@click.option("--page", "pages", multiple=True, help="Measure only this page; repeatable.")
@click.option("--rolled-only", is_flag=True, help="Leave out the source alone.")
def main(
    urls: tuple[str, ...],
    own_urls: tuple[str, ...],
    repeat: int,
    pages: tuple[str, ...],
    rolled_only: bool,
) -> None:
    """Print each page's query time at p50 and p95 next to a bare count(*)."""
    found: list[tuple[str, Timing]] = []
    for number, url in enumerate(urls):
        own_url = own_urls[number] if number < len(own_urls) else None
        name = f"database {number + 1}"
        found.append((name, report(name, url, own_url, repeat, pages, rolled_only)))
    if not urls:
        for name, years in SIZES:
            with built(years) as url:
                found.append((name, report(name, url, url, repeat, pages)))
    for (small, before), (large, after) in pairwise(found):
        growth(small, before, large, after)


def growth(small: str, before: Timing, large: str, after: Timing) -> None:
    """Print how much longer a page takes where there is more history."""
    click.echo(f"\n{large} against {small}, p50")
    for key, milliseconds in after.items():
        if before.get(key):
            click.echo(f"{' · '.join(key):54}{milliseconds / before[key]:>8.2f}×")


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
            roll_up(server.url())
            yield server.url()


def roll_up(url: str) -> None:
    """Build the roll-ups of a database beside its tables."""
    from components.gates.policy import load_policy
    from dashboard import evidence_kept, shadow_kept
    from dashboard.progress import TerminalProgress
    from dashboard.refresh.plan import Options
    from dashboard.refresh.run import environments, refresh

    source, own = source_engine(url, statement_timeout_s=600), own_engine(url)
    options = Options(environments(source, own), datetime.now(UTC).date(), workers=2)
    policy = load_policy(None)
    refresh(source, own, policy.drift, options, TerminalProgress())
    shadow_kept.keep(source, own, policy, TerminalProgress())
    evidence_kept.keep(source, own, policy, TerminalProgress())
    source.dispose()
    own.dispose()


def report(
    name: str,
    url: str,
    own_url: str | None,
    repeat: int,
    pages: Sequence[str] = (),
    rolled_only: bool = False,
) -> Timing:
    """Measure one database and print its table."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        newest = connection.scalar(sa.text("SELECT max(scored_at) FROM prediction_audit"))
        n = connection.scalar(sa.text("SELECT count(*) FROM prediction_audit"))
    as_of = datetime.combine(newest.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    os.environ["PLUMBLINE_SOURCE_URL"] = url
    os.environ["PLUMBLINE_AS_OF"] = as_of.isoformat()
    found: Timing = {}
    for period, days in PERIODS:
        scope = {"start": as_of - timedelta(days=days), "until": as_of}
        rows, bare = _bare(engine, scope, repeat)
        click.echo(f"\n{name}: {n:,} predictions, last {days} days: {rows:,} in production")
        for way in _ways(own_url, rolled_only):
            _read_by(way, own_url)
            head = f"{'p50 ms':>9}{'p95 ms':>9}{'× count':>9}{'page p50':>10}{'p95 ms':>9}"
            click.echo(f"{way:42}{'statements':>11}{head}")
            click.echo(f"{'bare count(*)':42}{1:>11}{bare:>9.1f}{'':>9}{1:>9.1f}")
            for line in _lines(period, repeat, pages):
                found[way, period, line.page] = line.p50
                click.echo(
                    f"{line.page:42}{line.statements:>11}{line.p50:>9.1f}{line.p95:>9.1f}"
                    f"{line.p50 / bare:>9.1f}{line.whole_p50:>10.0f}{line.whole:>9.0f}"
                )
    engine.dispose()
    return found


def _lines(period: str, repeat: int, pages: Sequence[str]) -> Iterator[Line]:
    """Every page that is asked for, and what all of them have in common."""
    yield measured("(an empty page)", lambda: show(EMPTY, {}), repeat)
    yield measured("(judging every gate)", lambda: cache.judge_anew(cache.present()), repeat)
    for page, query in PAGES:
        if pages and page not in pages:
            continue
        asked = {"period": period, **query}
        name = " · ".join([page, *query.values()])
        for ahead in (False, True) if page in JUDGED else (False,):
            title = f"{name}, judged ahead" if ahead else name
            yield measured(title, partial(show_page, page, asked), repeat, ahead=ahead)


def _ways(own_url: str | None, rolled_only: bool) -> tuple[str, ...]:
    if own_url is None:
        return (SOURCE,)
    return (ROLLED,) if rolled_only else (SOURCE, ROLLED)


def _read_by(way: str, own_url: str | None) -> None:
    if way == ROLLED and own_url is not None:
        os.environ["PLUMBLINE_OWN_URL"] = own_url
    else:
        os.environ.pop("PLUMBLINE_OWN_URL", None)
    cache.forget()
    warm()


def measured(name: str, action: Callable[[], object], repeat: int, *, ahead: bool = False) -> Line:
    """Open a page again and again, each time with no answer kept."""
    with StatementClock() as clock:
        opened = [_opened(action, clock, ahead=ahead) for _ in range(repeat + 1)][1:]
    times = sorted(item.milliseconds for item in opened)
    wholes = sorted(item.whole for item in opened)
    last = round(0.95 * (len(times) - 1))
    return Line(
        name, opened[-1].statements, median(times), times[last], median(wholes), wholes[last]
    )


def _opened(action: Callable[[], object], clock: StatementClock, *, ahead: bool) -> Opened:
    forget_answers(ahead=ahead)
    clock.reset()
    whole = 1000 * seconds(action)
    return replace(clock.read(), whole=whole)


def _bare(engine: sa.Engine, scope: dict[str, datetime], repeat: int) -> tuple[int, float]:
    with engine.connect() as connection:
        rows = int(connection.scalar(_COUNT, scope) or 0)
        times = [seconds(lambda: connection.scalar(_COUNT, scope)) for _ in range(repeat)]
    return rows, 1000 * median(times)


if __name__ == "__main__":
    main()
