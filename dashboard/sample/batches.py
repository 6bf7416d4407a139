"""Batches of tickets: months, cut where a model is deployed, and never too many at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from dashboard.sample.configuration import Timeline
from dashboard.sample.features import Integers
from dashboard.sample.tickets import to_micros

LARGEST = 160_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Tickets ``first`` to ``last`` (exclusive), none scored before ``begin``."""

    begin: datetime
    first: int
    last: int


def batches(times: Integers, timeline: Timeline) -> Iterator[Batch]:
    """All tickets from the start of the audit on, in order."""
    edges = [*_edges(timeline), timeline.until]
    for begin, end in pairwise(edges):
        first, last = np.searchsorted(times, (to_micros(begin), to_micros(end)))
        pieces = max(1, -(-int(last - first) // LARGEST))
        cuts = np.linspace(first, last, pieces + 1).astype(int)
        for one, other in pairwise(cuts):
            if other > one:
                yield Batch(begin, int(one), int(other))


def _edges(timeline: Timeline) -> list[datetime]:
    """Firsts of months, deployments, and the beginnings of shadow and re-scoring."""
    edges = {*timeline.deployments, timeline.shadow_start, timeline.recent}
    year, month = timeline.start.year, timeline.start.month
    while (first := datetime(year, month, 1, tzinfo=UTC)) < timeline.until:
        if first > timeline.start:
            edges.add(first)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return sorted(edges)
