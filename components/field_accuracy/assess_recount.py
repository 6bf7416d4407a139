"""Which recounts speak of a run: those of its own load, not of a later one into the same table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from components.field_accuracy.assess import short
from components.reconciliation.assess import Run
from queries.reconciliation_results import RunRow


@dataclass(frozen=True, slots=True)
class Recounts:
    """Recounts of a run, and those that began before its loads had ended."""

    current: tuple[RunRow, ...]
    outdated: tuple[RunRow, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of the recounts of this run."""
        return tuple(pair.run_id for pair in self.current)


def belonging(run: Run, runs: Sequence[Run], pairs: Sequence[RunRow]) -> Recounts:
    """The recounts that found the target as this run had left it.

    A recount of a table into which a later run had begun to load says nothing of this one, and
    is left out; one that is older than this run's last load is outdated.
    """
    current: list[RunRow] = []
    outdated: list[RunRow] = []
    for pair in pairs:
        table = short(pair.target_relation)
        loads = _loads(run, table)
        later = [
            load for other in runs if other.number > run.number for load in _loads(other, table)
        ]
        if not loads or any(started <= pair.started_at for started, _ in later):
            continue
        done = all(ended is not None and ended <= pair.started_at for _, ended in loads)
        (current if done else outdated).append(pair)
    return Recounts(tuple(current), tuple(outdated))


def _loads(run: Run, table: str) -> list[tuple[datetime, datetime | None]]:
    """Start of the first and end of the last attempt of each batch into a table."""
    return [
        (batch.row.first_started_at, batch.row.finished_at)
        for batch in run.batches
        if short(batch.row.target_table) == table
    ]
