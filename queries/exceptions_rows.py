"""What the questions about exceptions answer, row by row, for both origins alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

PAGE_SIZE = 50
NEIGHBOURS = 6
"""How many exceptions with the same defect are shown beside one of them."""


@dataclass(frozen=True, slots=True)
class CountRow:
    """Exceptions that agree in everything they can be filtered by.

    ``batch_id``, ``field``, ``source_system`` and ``cause`` are None where none is recorded;
    without a field the exception is about a whole record. ``signature`` is the transformation as
    a rule, empty where it is not known.
    """

    batch_id: str | None
    table_name: str
    source_system: str | None
    field: str | None
    cause: str | None
    signature: str
    severity: str
    status: str
    exceptions: int


@dataclass(frozen=True, slots=True)
class FieldCountRow:
    """Exceptions of one field of one table; without a field they are about whole records."""

    table_name: str
    field: str | None
    exceptions: int


@dataclass(frozen=True, slots=True)
class BatchCountRow:
    """Exceptions of one batch, and those of them that are open now."""

    batch_id: str
    exceptions: int
    open_exceptions: int


class Filters(NamedTuple):
    """Which exceptions to list; None keeps every value."""

    batch: str | None = None
    cause: str | None = None
    severity: str | None = None
    status: str | None = None
    field: str | None = None


class Position(NamedTuple):
    """The exception behind which a page begins; ``group`` is its batch, or its run."""

    group: str
    exception_id: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One exception in full.

    ``group`` and ``exception_id`` are its place in the list. ``confidence`` is in per cent, None
    where the origin gives none. Times are UTC.
    """

    group: str
    exception_id: str
    batch_id: str | None
    run_name: str | None
    table_name: str
    key: str
    field: str | None
    kind: str | None
    source_value: str | None
    target_value: str | None
    cause: str | None
    signature: str
    confidence: int | None
    severity: str
    status: str
    details: str | None
    first_seen_at: datetime
    last_seen_at: datetime
