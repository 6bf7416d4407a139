"""Drift of the same predictions: Evidently's preset beside ours, from raw rows and roll-ups.

``python -m tests.benchmarks drift --database-url URL``: the last 365 days of a programme, nine
months against three, 20 columns. Evidently is asked for more and more rows until one run takes
longer than its budget; the longest is scaled to all rows in proportion, and the table says so. It
is timed from data frames that are in memory already, and from where ours begins: rows in the
database, fetched by the server's own COPY of the columns and read by Arrow.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from components.gates.policy import load_policy
from components.statistics.divergence import (
    jensen_shannon_kernel,
    jensen_shannon_of,
    kolmogorov_smirnov_of,
    psi_of,
)
from components.statistics.permutation import DayBlocks, block_null, day_blocks
from dashboard.progress import TerminalProgress
from dashboard.refresh.plan import Options
from dashboard.refresh.run import refresh
from queries import drift_source, rollups
from queries.drift_rows import Histograms, Layout, Variable
from queries.names import PRODUCTION
from queries.scope import Scope
from tests.benchmarks import peers
from tests.benchmarks.drift_frames import SCORES, frame
from tests.benchmarks.measure import seconds
from tests.benchmarks.reconcile import new_database

EVIDENTLY = peers.Peer("evidently", ("evidently==0.7.23", "pandas<3", "pyarrow"), "python")
SIZES = (25_000, 50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000)
COLUMNS = 20
REPEAT = 7
_NEWEST = sa.text("SELECT max(scored_at) FROM prediction_audit WHERE environment = 'production'")


@dataclass(frozen=True, slots=True)
class Windows:
    """Nine months as reference and the three after them."""

    start: date
    middle: date
    end: date

    @property
    def reference(self) -> Scope:
        return self._scope(self.start, self.middle)

    @property
    def current(self) -> Scope:
        return self._scope(self.middle, self.end)

    @property
    def whole(self) -> Scope:
        return self._scope(self.start, self.end)

    def _scope(self, start: date, end: date) -> Scope:
        return Scope(_midnight(start), _midnight(end), _midnight(self.end))


def judged(layout: Layout, before: Histograms, after: Histograms) -> int:
    """Three distances for each of the columns; returns how many columns there were."""
    wanted = columns(layout)
    for variable in wanted:
        reference, current = before.of(variable.name).sum(0), after.of(variable.name).sum(0)
        for distance in (psi_of, jensen_shannon_of, kolmogorov_smirnov_of):
            distance(reference, current)
    return len(wanted)


def columns(layout: Layout) -> list[Variable]:
    """The features, the four scores and the final decision."""
    names = {f"score:{name.removesuffix('_score')}" for name in SCORES} | {"decision:final"}
    return [each for each in layout.variables if each.is_feature or each.name in names]


def from_rollups(own: sa.Engine, windows: Windows) -> int:
    with own.connect() as connection:
        before = rollups.window_histograms(connection, windows.reference).rows[0]
        after = rollups.window_histograms(connection, windows.current).rows[0]
    return judged(before.layout, before, after)


def with_null(own: sa.Engine, windows: Windows) -> int:
    """Daily histograms of the whole year, and a day-block null for each column."""
    with own.connect() as connection:
        daily = rollups.histograms(connection, windows.whole).rows[0]
    before = daily.window(windows.start, windows.middle)
    after = daily.window(windows.middle, windows.end)
    strata = [[day.weekday() for day in side.days] for side in (before, after)]
    blocks = day_blocks(*strata)
    if not isinstance(blocks, DayBlocks):
        raise SystemExit(blocks.reason)
    for each in columns(daily.layout):
        block_null(blocks, before.of(each.name), after.of(each.name), jensen_shannon_kernel)
    return judged(daily.layout, before, after)


def from_rows(source: sa.Engine, layout: Layout, windows: Windows) -> int:
    with source.connect() as connection:
        before = drift_source.histograms(connection, windows.reference, layout).rows[0]
        after = drift_source.histograms(connection, windows.current, layout).rows[0]
    return judged(layout, before, after)


def count(source: sa.Engine, scope: Scope) -> int:
    statement = sa.text(
        "SELECT count(*) FROM prediction_audit WHERE environment = 'production' "
        "AND scored_at >= :start AND scored_at < :until"
    )
    with source.connect() as connection:
        limits = {"start": scope.start, "until": scope.until}
        return int(connection.scalar(statement, limits) or 0)


def evidently(
    program: Path,
    source: sa.Engine,
    layout: Layout,
    windows: Windows,
    folder: Path,
    budget: float,
) -> tuple[int, float, float] | None:
    """Rows and seconds of its longest run within reason, and seconds to fetch all rows."""
    held = count(source, windows.reference), count(source, windows.current)
    best = None
    for size in SIZES:
        wanted = min(size, sum(held))
        paths = []
        for scope, there in zip((windows.reference, windows.current), held, strict=True):
            paths.append(folder / f"{scope.start:%Y%m%d}.parquet")
            side = frame(source, layout, scope, round(wanted * there / sum(held)), there)
            side.to_parquet(paths[-1])
        command = [
            str(program),
            str(Path(__file__).with_name("evidently_run.py")),
            *map(str, paths),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"Evidently failed on {wanted:,} rows: {done.stderr.strip().splitlines()[-1]}")
            break
        taken, processor, megabytes, scores = map(float, done.stdout.split()[-4:])
        print(
            f"Evidently 0.7.23, {wanted:>9,} rows {taken:9.2f} s "
            f"({processor:.1f} s of processor, {megabytes:,.0f} MB, {scores:.0f} scores)",
            flush=True,
        )
        best = wanted, taken
        if taken > budget / 2 or wanted == sum(held):
            break
    if best is None:
        return None
    sides = zip((windows.reference, windows.current), held, strict=True)
    return *best, sum(seconds(partial(frame, source, layout, *each, each[1])) for each in sides)


def main(url: str, own_url: str | None, python: str | None, budget: float) -> None:
    source = _engine(url)
    with ExitStack() as stack:
        with source.connect() as connection:
            newest = connection.scalar(_NEWEST)
        end = newest.astimezone(UTC).date() + timedelta(days=1)
        windows = Windows(end - timedelta(days=365), end - timedelta(days=92), end)
        rows = count(source, windows.whole)
        print(f"{rows:,} predictions × {COLUMNS} columns, nine months against three", flush=True)
        own = _engine(own_url) if own_url else stack.enter_context(_rolled_up(source, url, windows))
        with own.connect() as connection:
            layout = rollups.layout(connection)
        rolled = _typical("ours, roll-ups, 3 distances", lambda: from_rollups(own, windows))
        _typical("ours, roll-ups, with day-block null", lambda: with_null(own, windows))
        raw = _typical("ours, raw rows", lambda: from_rows(source, layout, windows), repeat=2)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            program = Path(python) if python else peers.install(EVIDENTLY, folder)
        except peers.PeerError as error:
            print(error)
            return
        found = evidently(program, source, layout, windows, folder, budget)
        if found:
            _beside(found, rows, rolled, raw)


def _beside(found: tuple[int, float, float], rows: int, rolled: float, raw: float) -> None:
    measured, taken, fetched = found
    share = rows / measured
    how = "measured" if measured == rows else f"scaled from {measured:,} rows in proportion"
    for name, scaled in (
        ("Evidently, rows in memory", taken * share),
        ("Evidently, rows fetched first", taken * share + fetched),
    ):
        print(
            f"{name:38} {scaled:9.3f} s  ({how}): {scaled / rolled:,.0f} × ours from roll-ups, "
            f"{scaled / raw:,.1f} × ours from raw rows"
        )


@contextmanager
def _rolled_up(source: sa.Engine, url: str, windows: Windows) -> Iterator[sa.Engine]:
    """Roll-ups of the year in a database of their own, gone at the end."""
    server = sa.make_url(url).set(database="postgres").render_as_string(hide_password=False)
    with new_database(server, "plumbline_bench_drift") as own_url:
        own = _engine(own_url)
        options = Options((PRODUCTION,), windows.end, since=windows.start, workers=2)
        taken = seconds(
            lambda: refresh(source, own, load_policy(None).drift, options, TerminalProgress())
        )
        print(f"roll-ups of {(windows.end - windows.start).days} days made in {taken:.0f} s")
        yield own
        own.dispose()


def _typical(name: str, action: Callable[[], int], repeat: int = REPEAT) -> float:
    found = action()
    taken = median(seconds(action) for _ in range(repeat))
    print(f"{name:38} {taken:9.3f} s  ({found} columns)", flush=True)
    return taken


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@contextmanager
def _given(url: str | None) -> Iterator[str]:
    """The database named, or a sample programme of 1.5 million predictions a year."""
    if url:
        yield url
        return
    from tests.benchmarks.pages import built

    with built(1.25) as made:
        yield made


def run_from(words: list[str] | None = None) -> None:
    """The command line."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--database-url")
    arguments.add_argument("--own-url", help="Roll-ups that exist; made and dropped without it.")
    arguments.add_argument("--evidently-python", help="A Python that has Evidently 0.7.23.")
    arguments.add_argument("--budget", type=float, default=60.0, help="Seconds of Evidently's run.")
    given = arguments.parse_args(words)
    with _given(given.database_url) as url:
        main(url, given.own_url, given.evidently_python, given.budget)


if __name__ == "__main__":
    run_from()
