"""Field accuracy as frames: what tables draw and files hold."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from components.exceptions.cause_kinds import CauseKind
from components.exceptions.cause_words import LABELS
from components.field_accuracy import words
from components.field_accuracy.assess import Accuracy, Field, Limits, Origin, short
from components.gates.status import Status
from components.layout import badge, icons, numbers
from queries.field_accuracy import BatchRow, CauseRow
from queries.reconciliation_results import CauseRow as RecountedCause

_KINDS = {kind.value: kind for kind in CauseKind}


def field_frame(fields: Sequence[Field], allowed: Limits | None) -> pd.DataFrame:
    """Each field with its count, its limit and how much was compared."""
    return pd.DataFrame(
        {
            "Status": [badge.status_text(field.status) for field in fields],
            "Table": [field.table for field in fields],
            "Field": [field.name for field in fields],
            "Critical": ["critical" if field.critical else "" for field in fields],
            "Values that differ": [words.differs(field.count) for field in fields],
            "Accuracy": [_accuracy(field) for field in fields],
            "Limit": [words.limit(field, allowed) for field in fields],
            "Counted by": [field.count.origin.value if field.count else "" for field in fields],
            "How much was compared": [words.coverage(field.count) for field in fields],
        }
    )


def claim_frame(found: Accuracy) -> pd.DataFrame:
    """The pipeline's claim beside our recount: contradictions first, largest first."""
    first = list(found.disagreements)
    rest = [field for field in found.fields if field.agrees is not False]
    fields = first + sorted(rest, key=lambda field: (field.agrees is None, field.table, field.name))
    return pd.DataFrame(
        {
            "Result": [_result(field) for field in fields],
            "Table": [field.table for field in fields],
            "Field": [field.name for field in fields],
            "Critical": ["critical" if field.critical else "" for field in fields],
            "We counted": [words.differs(field.recount) for field in fields],
            "The pipeline claims": [words.differs(field.claim) for field in fields],
            "The pipeline compared": [words.coverage(field.claim) for field in fields],
        }
    )


def recounted_causes(found: Sequence[RecountedCause], tables: dict[int, str]) -> pd.DataFrame:
    """Why values differ by our recount: field, cause and rule, largest first."""
    rows = [row for row in found if row.run_id in tables]
    return pd.DataFrame(
        {
            "Table": [short(tables[row.run_id]) for row in rows],
            "Field": [row.field for row in rows],
            "Cause": [cause(row.cause) for row in rows],
            "Values": [row.exceptions for row in rows],
            "Rule": [row.signature or numbers.MISSING for row in rows],
            "Batches": [_batches(row) for row in rows],
            "Counted by": [Origin.RECOUNT.value for _ in rows],
        }
    )


def _batches(row: RecountedCause) -> str:
    """The one batch by its name, several by their number."""
    return f"{row.batches:,} batches" if row.batches > 1 else row.batch or numbers.MISSING


def claimed_causes(rows: Sequence[CauseRow]) -> pd.DataFrame:
    """Why values differ by the pipeline's report."""
    return pd.DataFrame(
        {
            "Table": [short(row.table_name) for row in rows],
            "Field": [row.field for row in rows],
            "Cause": [cause(row.cause) for row in rows],
            "Values": [row.differing for row in rows],
            "Batches": [row.batches for row in rows],
            "Counted by": [Origin.PIPELINE.value for _ in rows],
        }
    )


def batch_frame(rows: Sequence[BatchRow]) -> pd.DataFrame:
    """One field batch by batch, by the pipeline's report."""
    return pd.DataFrame(
        {
            "Batch": [row.batch_id for row in rows],
            "Source": [row.source_system or numbers.MISSING for row in rows],
            "Differ": [row.differing for row in rows],
            "Compared": [row.compared for row in rows],
            "Values": [row.population for row in rows],
            "Checked": [numbers.moment(row.checked_at) for row in rows],
        }
    )


def cause(name: str) -> str:
    """A cause in plain words; one that is not of our classes stays as it was written."""
    kind = _KINDS.get(name)
    label = LABELS[kind] if kind is not None else name.replace("_", " ")
    return label[:1].upper() + label[1:]


def _accuracy(field: Field) -> str:
    count = field.count
    if count is None or count.compared == 0:
        return numbers.MISSING
    if count.differing == 0:
        return "100%" if not count.sampled else "100% of the sample"
    return numbers.percentage(count.compared - count.differing, count.compared)


def _result(field: Field) -> str:
    status = {True: Status.PASS, False: Status.FAIL, None: Status.NO_DATA}[field.agrees]
    return f"{icons.status_glyph(status)} {words.verdict(field)}"
