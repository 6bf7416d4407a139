"""Any two windows from roll-ups, and what the Drift page says first, whatever lies behind them.

``python -m tests.benchmarks drift-windows --database-url URL --own-url URL``; both may be given
several times. Windows are drawn at random from all days that are rolled up, and read in every work
type. Nothing is kept from one reading to the next, but for what the refresh job keeps. Of several
databases the last table divides each by the one before it, on windows of the days they share.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from statistics import median

import numpy as np
import sqlalchemy as sa

from components.drift.assess import Windows, default_windows, report, with_twin
from components.gates.policy import load_policy
from components.statistics.divergence import (
    jensen_shannon_of,
    kolmogorov_smirnov_of,
    psi_of,
)
from dashboard import drift_kept, drift_material
from queries import rollups
from queries.database import own_engine, read, source_engine
from queries.names import PRODUCTION
from queries.scope import Scope
from tests.benchmarks.measure import seconds

POLICY = load_policy(None).drift
SEED = 20_261_120
_ONE_DAY = timedelta(days=1)
Timing = dict[str, float]
"""p50 in seconds by what was done."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A database with roll-ups, and the days that they hold."""

    source: sa.Engine
    own: sa.Engine
    days: tuple[date, ...]
    rows: int

    @property
    def as_of(self) -> datetime:
        return _midnight(self.days[-1] + _ONE_DAY)

    def scope(self, span: tuple[date, date]) -> Scope:
        return Scope(_midnight(span[0]), _midnight(span[1]), self.as_of)


def opened(url: str, own_url: str) -> Programme:
    source, own = source_engine(url, statement_timeout_s=120), own_engine(own_url)
    coverage = read(own, lambda connection: rollups.coverage(connection, PRODUCTION)).rows
    days = tuple(row.day for row in coverage)
    return Programme(source, own, days, sum(row.source_rows for row in coverage))


def pairs(days: Sequence[date], count: int) -> list[tuple[tuple[date, date], tuple[date, date]]]:
    """Two windows each, from a day to the whole history."""
    rng = np.random.default_rng(SEED)
    ends = np.sort(rng.integers(0, len(days), (count, 2, 2)), axis=-1)
    return [
        ((days[a[0]], days[a[1]] + _ONE_DAY), (days[b[0]], days[b[1]] + _ONE_DAY)) for a, b in ends
    ]


def compared(programme: Programme, spans: Sequence[tuple[date, date]]) -> None:
    """Both windows in every work type, and three distances of every variable."""
    with programme.own.connect() as connection:
        sides = [
            rollups.window_histograms(connection, programme.scope(span), by="work_type").rows[0]
            for span in spans
        ]
    both = sorted(set(sides[0].segments) & set(sides[1].segments))
    places = [[side.segments.index(name) for name in both] for side in sides]
    for variable in sides[0].layout.variables:
        counts = [side.of(variable.name)[0][at] for side, at in zip(sides, places, strict=True)]
        for distance in (psi_of, jensen_shannon_of, kolmogorov_smirnov_of):
            distance(*counts)


def first_words(programme: Programme, current: tuple[date, date] | None) -> None:
    """What the page does before its sentence and ranked list stand: the usual windows or others."""
    scope = programme.scope((programme.days[0], programme.days[-1] + _ONE_DAY))
    ground = drift_material.rolled_up_ground(programme.source, programme.own, scope)
    if ground is None:
        raise SystemExit("Nothing of this database is rolled up.")
    usual = default_windows(ground.known, programme.as_of, POLICY)
    if current is None:
        kept = read(programme.own, lambda own: drift_kept.usual_report(own, scope, POLICY))
        if kept is None:
            raise SystemExit("The refresh job kept no report. Run “plumbline refresh”.")
        return
    windows: Windows = with_twin(usual.reference, current, ground.known)
    made, _ = drift_material.material(
        programme.source, programme.own, scope, ground, windows, records=False
    )
    report(made, POLICY)


def measured(programme: Programme, shared: Sequence[date], repeat: int) -> Timing:
    """Print one database's lines."""
    print(f"\n{programme.rows:,} predictions on {len(programme.days):,} days", flush=True)
    end = programme.days[-1] + _ONE_DAY
    week = (end - timedelta(days=7), end)
    found: Timing = {}
    for name, days in (("all days", programme.days), ("shared days", shared)):
        drawn = iter(pairs(days, repeat + 1))
        key = f"any two windows of {name}"
        found[key] = _line(key, lambda drawn=drawn: compared(programme, next(drawn)), repeat)  # type: ignore[misc]
    key = "first words, usual windows"
    found[key] = _line(key, lambda: first_words(programme, None), repeat)
    key = "first words, last week"
    found[key] = _line(key, lambda: first_words(programme, week), max(3, repeat // 10))
    return found


def _line(name: str, action: Callable[[], None], repeat: int) -> float:
    action()
    times = sorted(seconds(action) for _ in range(repeat))
    p95 = times[min(repeat - 1, round(0.95 * (repeat - 1)))]
    print(f"{name:38} p50 {1000 * median(times):8.0f} ms  p95 {1000 * p95:8.0f} ms", flush=True)
    return median(times)


def main(urls: Sequence[str], own_urls: Sequence[str], repeat: int) -> None:
    programmes = [opened(*both) for both in zip(urls, own_urls or urls, strict=True)]
    shared = sorted(set.intersection(*(set(each.days) for each in programmes)))
    found = [measured(each, shared, repeat) for each in programmes]
    for (small, before), (large, after) in pairwise(zip(programmes, found, strict=True)):
        print(f"\n{large.rows:,} predictions against {small.rows:,}, p50")
        for name, taken in after.items():
            print(f"{name:38} {taken / before[name]:8.2f} ×")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def run_from(words: list[str] | None = None) -> None:
    """The command line; without a database, a sample of 1.5 million predictions is built."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--database-url", action="append", default=[])
    arguments.add_argument("--own-url", action="append", default=[])
    arguments.add_argument("--repeat", type=int, default=50)
    given = arguments.parse_args(words)
    if given.database_url:
        main(given.database_url, given.own_url, given.repeat)
        return
    from tests.benchmarks.pages import built

    with built(1.0) as url:
        main([url], [url], given.repeat)


if __name__ == "__main__":
    run_from()
