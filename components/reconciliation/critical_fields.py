"""Fields that were critical in the run before stay so, whatever the pipeline says of them now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from queries.recount import ReportedField


def still_critical(
    now: Sequence[ReportedField], former: Sequence[ReportedField]
) -> tuple[ReportedField, ...]:
    """The checks of a run; critical ones of the run before that it lacks have compared nothing."""
    was = {(row.table_name, row.field) for row in former if row.critical}
    has = {(row.table_name, row.field) for row in now}
    return (
        *(replace(row, critical=row.critical or (row.table_name, row.field) in was) for row in now),
        *(
            replace(row, compared=0, mismatched=0)
            for row in former
            if row.critical and (row.table_name, row.field) not in has
        ),
    )
