"""What the questions about the migration answer, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch by its latest attempt that had begun at the as-of.

    ``finished_at`` is None, and ``status`` is “running”, where that attempt had not ended by
    then. ``first_started_at`` and ``first_finished_at`` are those of the first attempt.
    ``completed_attempts`` counts attempts that ended as completed: more than one means that the
    batch was loaded twice.
    ``closing_difference`` is extracted − loaded − rejected − filtered, in records.
    """

    batch_id: str
    attempt: int
    attempts: int
    completed_attempts: int
    run_id: str
    run_kind: str
    run_number: int
    source_system: str
    target_table: str
    started_at: datetime
    finished_at: datetime | None
    first_started_at: datetime
    first_finished_at: datetime | None
    extracted: int
    loaded: int
    rejected: int
    filtered: int
    filter_rule: str | None
    status: str
    closing_difference: int


@dataclass(frozen=True, slots=True)
class TotalRow:
    """One control total as the pipeline's tool last took it, beside the exact numbers.

    ``source_value`` and ``target_value`` are exact; the printed ones are the tool's own text.
    ``difference`` is target − source, exact, None where a side has no exact number; ``unit``
    is the tool's label, where it has one.
    """

    total_id: str
    batch_id: str
    name: str
    aggregation: str | None
    source_table: str | None
    source_column: str | None
    target_table: str | None
    target_column: str | None
    grouped_by: str | None
    unit: str | None
    source_value: Decimal | None
    target_value: Decimal | None
    source_printed: str | None
    target_printed: str | None
    difference: Decimal | None
    tool_status: str | None
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """Exceptions of one run, first seen by the as-of.

    ``records`` and ``open_records`` count records, each once however many of its fields fail;
    ``exceptions`` and ``open_exceptions`` count each exception.
    """

    run_id: str
    run_kind: str
    run_number: int
    exceptions: int
    open_exceptions: int
    records: int
    open_records: int
    newest_at: datetime | None
