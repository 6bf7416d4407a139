"""What the questions about our own comparison share: columns, severity, what a filter keeps."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from queries.exceptions_rows import Filters
from queries.reconciliation_schema import (
    reconciliation_fields,
    reconciliation_groups,
    reconciliation_runs,
)

OPEN = "open"
"""A difference that the latest comparison found is open: it is there now."""
CRITICAL, MAJOR = "critical", "major"
KEY_PARTS, NO_PART = " · ", "–"
"""How the parts of a key are shown, and a part that is null."""

_r, _g, _f = reconciliation_runs.c, reconciliation_groups.c, reconciliation_fields.c


def record_columns(found: Any, run: Any) -> list[sa.ColumnElement[Any]]:
    """The columns of :class:`RecordRow` from those of an exception and its run."""
    # A part of a key may be null, and a record without a key is its own key.
    key = sa.func.array_to_string(found.key, KEY_PARTS, NO_PART)
    return [
        sa.cast(found.run_id, sa.Text()).label("group"),
        sa.cast(found.exception_no, sa.Text()).label("exception_id"),
        found.batch.label("batch_id"),
        run.name.label("run_name"),
        run.pair.label("table_name"),
        key.label("key"),
        *(found[name] for name in ("field", "kind", "source_value", "target_value")),
        *(found[name] for name in ("cause", "signature")),
        sa.cast(found.confidence, sa.Integer()).label("confidence"),
        severity(found.critical).label("severity"),
        sa.literal(OPEN).label("status"),
        sa.cast(sa.null(), sa.Text()).label("details"),
        run.started_at.label("first_seen_at"),
        sa.func.coalesce(run.finished_at, run.started_at).label("last_seen_at"),
    ]


def judged_groups() -> sa.FromClause:
    """What was counted of each run, with its fields: they say what is critical."""
    return reconciliation_groups.join(reconciliation_runs, _r.run_id == _g.run_id).outerjoin(
        reconciliation_fields, sa.and_(_f.run_id == _g.run_id, _f.field == _g.field)
    )


def is_critical() -> sa.ColumnElement[bool]:
    """Whether what was counted is of a critical field, or of whole records."""
    return sa.func.coalesce(_f.critical, _g.field.is_(None))


def kept(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """What a filter keeps of what was counted; an empty word asks for what has no value."""
    columns = ((_g.batch, filters.batch), (_g.cause, filters.cause), (_g.field, filters.field))
    found = [equal(column, wanted) for column, wanted in columns if wanted is not None]
    if filters.severity is not None:
        critical = is_critical()
        found.append(critical if filters.severity == CRITICAL else sa.not_(critical))
    if filters.status not in (None, OPEN):
        found.append(sa.false())
    return found


def equal(column: sa.ColumnElement[Any], wanted: str | None) -> sa.ColumnElement[bool]:
    """The word itself; without one, no value."""
    return column == wanted if wanted else column.is_(None)


def severity(critical: sa.ColumnElement[bool]) -> sa.ColumnElement[str]:
    """Harm in the words of the pipeline's exceptions."""
    return sa.case((critical, CRITICAL), else_=MAJOR)
