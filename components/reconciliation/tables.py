"""Assessments of reconciliation as frames: what tables draw and files hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pandas as pd

from components.gates.status import Status
from components.layout import icons, numbers
from components.reconciliation.assess import Batch, Flag, Run, closing_difference
from components.reconciliation.assess_evidence import title
from components.reconciliation.assess_totals import Total, TotalGroup
from components.reconciliation.figures import steps
from queries.migration_rows import ExceptionRow

_STATUS = {
    Flag.IMPOSSIBLE: Status.FAIL,
    Flag.UNBALANCED: Status.FAIL,
    Flag.UNDECLARED: Status.FAIL,
    Flag.FAILED: Status.FAIL,
    Flag.PARTIAL: Status.FAIL,
    Flag.UNCLEAR: Status.FAIL,
    Flag.REPEATED: Status.WARN,
    Flag.LATE: Status.WARN,
    Flag.RUNNING: Status.RUNNING,
}
_WIDEST = 24


def batch_frame(batches: Sequence[Batch]) -> pd.DataFrame:
    """One row a batch, those that need attention first as given."""
    return pd.DataFrame(
        {
            "State": [state(batch) for batch in batches],
            "Batch": [batch.row.batch_id for batch in batches],
            "Extracted": [batch.row.extracted for batch in batches],
            "Rejected": [batch.row.rejected for batch in batches],
            "Filtered": [batch.row.filtered for batch in batches],
            "Loaded": [batch.row.loaded for batch in batches],
            "Unaccounted": [closing_difference(batch.row) for batch in batches],
            "Attempts": [batch.row.attempts for batch in batches],
            "Source": [batch.row.source_system for batch in batches],
            "Target": [batch.row.target_table for batch in batches],
            "Filter rule": [batch.row.filter_rule or numbers.MISSING for batch in batches],
            "Started": [numbers.moment(batch.row.started_at) for batch in batches],
            "Finished": [numbers.moment(batch.row.finished_at) for batch in batches],
        }
    )


def state(batch: Batch) -> str:
    """The flags of a batch in words, behind the sign of the gravest."""
    if not batch.flags:
        return f"{icons.status_glyph(Status.PASS)} closes"
    words = [_words(batch, flag) for flag in batch.flags]
    return f"{icons.status_glyph(_STATUS[batch.flags[0]])} {', '.join(words)}"


def _words(batch: Batch, flag: Flag) -> str:
    if flag is Flag.LATE and batch.late_by is not None:
        return f"late by {batch.late_by.total_seconds() / 3600:.0f} h"
    return flag.value


def total_frame(totals: Sequence[Total]) -> pd.DataFrame:
    """Both sides of each total with the exact difference, beside the tool's own verdict."""
    return pd.DataFrame(
        {
            "Recomputed": [_recomputed(total) for total in totals],
            "The tool says": [_tool(total) for total in totals],
            "Batch": [total.row.batch_id for total in totals],
            "Total": [total.row.name for total in totals],
            "Source": [amount(total.source) for total in totals],
            "Target": [amount(total.target) for total in totals],
            "Difference": [amount(total.difference, signed=True) for total in totals],
            "Unit": [total.row.unit or numbers.MISSING for total in totals],
            "Group": [total.row.grouped_by or numbers.MISSING for total in totals],
            "Taken": [numbers.moment(total.row.taken_at) for total in totals],
        }
    )


def group_frame(groups: Sequence[TotalGroup]) -> pd.DataFrame:
    """Net and gross difference of each kind of total over all batches."""
    return pd.DataFrame(
        {
            "Total": [group.name for group in groups],
            "Unit": [group.unit or numbers.MISSING for group in groups],
            "Batches": [f"{group.totals:,}" for group in groups],
            "Differing": [f"{group.differing:,}" for group in groups],
            "Called success": [f"{group.passed_by_tool:,}" for group in groups],
            "Net difference": [amount(group.net, signed=True) for group in groups],
            "Gross difference": [amount(group.gross) for group in groups],
        }
    )


def run_frame(runs: Sequence[Run], exceptions: Mapping[str, ExceptionRow]) -> pd.DataFrame:
    """Every run in order, so that the mock conversions show where things are going."""
    return pd.DataFrame(
        {
            "Run": [title(run) for run in runs],
            "Extracted": [f"{run.extracted:,}" for run in runs],
            "Unaccounted": [f"{run.gross:,}" for run in runs],
            "Not closing": [f"{len(run.unbalanced):,} of {run.ended:,}" for run in runs],
            "Incomplete": [f"{len(run.incomplete):,} of {len(run.batches):,}" for run in runs],
            "Loaded twice": [f"{len(run.having(Flag.REPEATED)):,}" for run in runs],
            "Late": [f"{len(run.having(Flag.LATE)):,}" for run in runs],
            "Records with an open exception": [_open(run, exceptions.get(run.id)) for run in runs],
        }
    )


def step_frame(run: Run) -> pd.DataFrame:
    """The numbers behind the waterfall."""
    return pd.DataFrame(
        {
            "Step": [step.name for step in steps(run)],
            "Records": [run.extracted, run.rejected, run.filtered, run.loaded, run.unaccounted],
        }
    )


def amount(value: Decimal | None, *, signed: bool = False) -> str:
    """An exact number with every decimal it has; scientific where it would fill the screen."""
    if value is None or not value.is_finite():
        return numbers.MISSING
    if abs(value.adjusted()) > _WIDEST:
        return f"{value:.6e}"
    if value == value.to_integral_value():
        value = value.quantize(Decimal(1))
    sign = "+" if signed and value > 0 else ""
    return f"{sign}{value:,f}".replace("-", "−")


def _recomputed(total: Total) -> str:
    if total.differs is None:
        return f"{icons.status_glyph(Status.NO_DATA)} cannot be compared"
    words = "differs" if total.differs else "equal"
    status = Status.FAIL if total.differs else Status.PASS
    rounded = " (printed values)" if total.printed else ""
    return f"{icons.status_glyph(status)} {words}{rounded}"


def _tool(total: Total) -> str:
    said = total.row.tool_status or "nothing"
    return f"{said}: wrong" if total.disagreement else said


def _open(run: Run, row: ExceptionRow | None) -> str:
    return numbers.MISSING if row is None else numbers.share(row.open_records, run.extracted)
