"""What the questions about exceptions answer, row by row, for both origins alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

PAGE_SIZE = 50
NEIGHBOURS = 6
"""How many exceptions with the same defect are shown beside one of them."""


class Rules(NamedTuple):
    """How causes make rules: a rule is a cause with a transformation, wherever it is applied.

    ``causes`` are classes of their own, every other word is ``other``. Exceptions with a cause
    ``of_one_field``, or without a transformation, are a rule of their field alone.
    """

    causes: tuple[str, ...]
    other: str
    of_one_field: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CountRow:
    """Exceptions that agree in everything that may explain them.

    ``batch_id`` is set where they lie in the batch that holds the most exceptions of their rule,
    None where they lie in any other. ``field``, ``source_system`` and ``cause`` are None where
    none is recorded; without a field the exception is about a whole record. ``signature`` is the
    transformation as a rule, empty where it is not known.
    """

    batch_id: str | None
    table_name: str
    source_system: str | None
    field: str | None
    cause: str | None
    signature: str
    severity: str
    exceptions: int
    open_exceptions: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """Exceptions of one batch, or with one status; None is a batch that is not recorded."""

    value: str | None
    exceptions: int
    open_exceptions: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The same exceptions counted three times."""

    rules: tuple[CountRow, ...]
    batches: tuple[PartRow, ...]
    statuses: tuple[PartRow, ...]


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
