"""Which runs there are, of which batches, and by which clock.

The records are really loaded, in seconds; the times that the batches carry are those of a
programme that loads some forty records a second over three nights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

MEMBERS = "members"
CONTRIBUTIONS = "contributions"

SOURCES = (
    ("PENSYS", "EAST"),
    ("PENSYS", "WEST"),
    ("TEACH", "EAST"),
    ("TEACH", "WEST"),
    ("MUNI", "EAST"),
    ("MUNI", "WEST"),
)

RECORDS_PER_SECOND = 40
BATCHES_PER_NIGHT = 4
BETWEEN_BATCHES = timedelta(minutes=40)


@dataclass(frozen=True, slots=True)
class Run:
    """One conversion: a mock, or the live load. Each has a newer version of the load."""

    id: str
    kind: str
    number: int
    before_end: timedelta

    @property
    def live(self) -> bool:
        return self.kind == "live"


RUNS = (
    Run("mock-1", "mock", 1, timedelta(days=110)),
    Run("mock-2", "mock", 2, timedelta(days=75)),
    Run("mock-3", "mock", 3, timedelta(days=40)),
    Run("live-1", "live", 4, timedelta(days=12)),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """One table of one source in one run; ``position`` counts from 0 within the run."""

    run: Run
    table: str
    system: str
    region: str
    position: int

    @property
    def id(self) -> str:
        """Such as ``live-1-members-pensys-east``."""
        return f"{self.run.id}-{self.table}-{self.system}-{self.region}".lower()


@dataclass(frozen=True, slots=True)
class Slot:
    """When one attempt at a batch began and ended."""

    started_at: datetime
    finished_at: datetime

    @property
    def checked_at(self) -> datetime:
        """The pipeline's own checks follow within minutes."""
        return self.finished_at + timedelta(minutes=5)


def batches(run: Run) -> Iterator[Batch]:
    """The batches of a run: members first, because contributions refer to them."""
    position = 0
    for table in (MEMBERS, CONTRIBUTIONS):
        for system, region in SOURCES:
            yield Batch(run, table, system, region, position)
            position += 1


def slot(
    batch: Batch, records: int, until: datetime, seed: int, *, attempt: int = 1, late: bool = False
) -> Slot:
    """When an attempt at this batch takes place; a repeated one follows the next morning.

    A late batch starts nine hours after its turn and reads at a seventh of the pace.
    """
    random = Random(f"{seed}:{batch.id}:{attempt}")
    night, turn = divmod(batch.position, BATCHES_PER_NIGHT)
    begin = until - batch.run.before_end + timedelta(days=night, hours=1) + turn * BETWEEN_BATCHES
    begin += timedelta(seconds=random.uniform(0, 240))
    pace = RECORDS_PER_SECOND * random.uniform(0.9, 1.1)
    if attempt > 1:
        begin += timedelta(hours=7)
    if late:
        begin += timedelta(hours=9)
        pace /= 7
    return Slot(begin, begin + timedelta(seconds=20 + records / pace))
