"""Evidence from the registers: findings, changes, audit events, kept days, training documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from components.gates.evidence import Evidence
from queries.feedback_rows import RunRow
from queries.governance import ChangeRow, FindingCount, KeptRow, SequenceRow

OPEN_P0, OVERDUE_P1 = "findings.open_p0", "findings.overdue_p1"
UNDOCUMENTED = "configuration.undocumented_changes"
UNAUTHORISED = "configuration.unauthorised_changes"
GAPS = "system_audit.gaps"
MISSING_DAYS = "rollups.missing_days"
SANITY = "training.data_sanity_failures"

FINDING_METRICS = (OPEN_P0, OVERDUE_P1)
CHANGE_METRICS = (UNDOCUMENTED, UNAUTHORISED)
_NAMED = 3
_LESSER = ("P1", "P2")


def findings(rows: Sequence[FindingCount], as_of: datetime) -> tuple[Evidence, ...]:
    """Open P0 and overdue P1 findings, as the register stood.

    A priority that nobody knows counts as P0: it may be one.
    """
    whole = sum(row.n for row in rows)
    p1 = [row for row in rows if row.priority == "P1"]
    p0 = [row for row in rows if row.priority not in _LESSER]
    open_p0, late_p0 = sum(row.open for row in p0), sum(row.overdue for row in p0)
    open_p1, overdue = sum(row.open for row in p1), sum(row.overdue for row in p1)
    words = (
        f"Open P0 findings: {open_p0:,}; past their date: {late_p0:,}.",
        f"Open P1 findings: {open_p1:,}; past their date: {overdue:,}.",
    )
    return tuple(
        Evidence(metric, value if whole else None, whole, "findings register", as_of, sentence=said)
        for metric, value, said in zip(FINDING_METRICS, (open_p0, overdue), words, strict=True)
    )


def changes(rows: Sequence[ChangeRow], newest_event: datetime | None) -> tuple[Evidence, ...]:
    """Changes without author or reason, and those that nobody was allowed to make.

    The audit log's newest event says how far its silence counts.
    """
    silent = [row for row in rows if not row.documented]
    unknown = [row for row in rows if not row.authorised]
    words = (
        f"{len(silent):,} of {len(rows):,} changes lack author or reason{_of(silent)}.",
        f"{len(unknown):,} of {len(rows):,} changes have no successful config.change of the same "
        f"author in the audit log{_of(unknown)}.",
    )
    return tuple(
        Evidence(
            metric,
            len(bad) if rows else None,
            len(rows),
            "config_history, system_audit",
            newest_event,
            sentence=said,
        )
        for metric, bad, said in zip(CHANGE_METRICS, (silent, unknown), words, strict=True)
    )


def _of(rows: Sequence[ChangeRow]) -> str:
    named = ", ".join(f"{row.knob} {row.version}" for row in rows[:_NAMED])
    return f": {named}" if named else ""


def gaps(row: SequenceRow) -> tuple[Evidence, ...]:
    """Numbers of audit events that are absent between the first and the last."""
    if row.absent is None:
        words = "The audit events are not numbered, so that a removed one cannot be missed."
        return (Evidence(GAPS, None, 0, "event numbers", row.newest_at, sentence=words),)
    words = (
        f"{row.absent:,} numbers are absent among {row.n:,} events. Events removed at the very "
        "end cannot be seen so."
    )
    return (Evidence(GAPS, row.absent, row.n, "event numbers", row.newest_at, sentence=words),)


def kept_days(row: KeptRow, as_of: datetime) -> tuple[Evidence, ...]:
    """Days between the first and the last that are not rolled up, or vanished before they were."""
    words = f"{row.missing:,} of {row.n:,} days are missing from the daily figures."
    value = row.missing if row.n else None
    at = min(row.refreshed_at, as_of) if row.refreshed_at is not None else None
    return (Evidence(MISSING_DAYS, value, row.n, "roll-ups", at, sentence=words),)


def training(
    rows: Sequence[RunRow], candidate: str | None, faults: Sequence[str]
) -> tuple[Evidence, ...]:
    """What is wrong with the data that the candidate was trained on.

    ``faults`` are those of its features over the days of its training window that are rolled up.
    """
    own = [row for row in rows if row.model_version == candidate]
    if not own:
        words = "No training run of the candidate is on record."
        return (Evidence(SANITY, None, 0, "", None, candidate=candidate, sentence=words),)
    run = own[-1]
    wrong = [*_documents(run), *faults]
    words = f"{run.run_id}: {'; '.join(wrong) if wrong else 'nothing was found wrong'}."
    return (
        Evidence(
            metric=SANITY,
            value=len(wrong),
            n=run.training_rows or 0,
            method="ml_training_runs and roll-ups of the training window",
            measured_at=run.finished_at or run.started_at,
            candidate=candidate,
            sentence=words,
        ),
    )


def _documents(run: RunRow) -> list[str]:
    """What the run itself says that cannot be, or does not say."""
    wrong = []
    if run.status != "succeeded":
        wrong.append("the run did not succeed")
    if run.dataset_sha256 is None:
        wrong.append("the data have no digest")
    if run.window_start is None or run.window_end is None:
        wrong.append("the training window is not on record")
    elif not run.window_start < run.window_end <= run.started_at:
        wrong.append("the training window does not lie before the run")
    if not run.metrics or any(_unusable(value) for value in run.metrics.values()):
        wrong.append("its metrics are absent or not finite")
    return wrong


def _unusable(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
