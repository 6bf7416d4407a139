"""Evidence from the registers: findings, changes, audit events, kept days, training documents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from components.gates.evidence import Evidence
from queries.feedback_rows import RunRow
from queries.governance import ChangeRow, FindingCount, KeptRow, SequenceRow

OPEN_P0, OVERDUE_P1 = "findings.open_p0", "findings.overdue_p1"
SCORING, PROMOTION, MIGRATION = "scoring", "promotion", "migration"
_ABOUT = {SCORING: "", PROMOTION: "_promotion", MIGRATION: "_migration"}
"""Decisions that findings can block, and how the names of their metrics end."""
UNDOCUMENTED = "configuration.undocumented_changes"
UNAUTHORISED = "configuration.unauthorised_changes"
GAPS = "system_audit.gaps"
MISSING_DAYS = "rollups.missing_days"
SANITY = "training.data_sanity_failures"

FINDING_METRICS = tuple(f"{one}{end}" for end in _ABOUT.values() for one in (OPEN_P0, OVERDUE_P1))
CHANGE_METRICS = (UNDOCUMENTED, UNAUTHORISED)
_NAMED = 3
_LESSER = ("P1", "P2")


def findings(
    rows: Sequence[FindingCount],
    areas: Mapping[str, Sequence[str]],
    as_of: datetime,
    candidate: str | None = None,
) -> tuple[Evidence, ...]:
    """Open P0 and overdue P1 findings of each decision's areas, as the register stood.

    ``areas`` are those whose findings block a decision; one that no decision names blocks all.
    The gates of a promotion speak of the ``candidate``.
    """
    named = {area.strip().lower() for own in areas.values() for area in own}
    found: list[Evidence] = []
    for decision, end in _ABOUT.items():
        own = {area.strip().lower() for area in areas.get(decision, ())}
        concern = [row for row in rows if row.area in own or row.area not in named]
        about = candidate if decision == PROMOTION else None
        whole = sum(row.n for row in rows)
        found += [
            Evidence(
                f"{metric}{end}",
                value if whole else None,
                whole,
                "findings register",
                as_of,
                candidate=about,
                sentence=said,
            )
            for metric, value, said in _counted(concern)
        ]
    return tuple(found)


def _counted(rows: Sequence[FindingCount]) -> Iterator[tuple[str, int, str]]:
    """A priority that nobody knows counts as P0: it may be one."""
    p1 = [row for row in rows if row.priority == "P1"]
    p0 = [row for row in rows if row.priority not in _LESSER]
    for metric, name, own in ((OPEN_P0, "P0", p0), (OVERDUE_P1, "P1", p1)):
        open_, late = sum(row.open for row in own), sum(row.overdue for row in own)
        where = sorted({row.area for row in own if row.open})
        words = f"Open {name} findings: {open_:,}; past their date: {late:,}"
        words += f"; in {', '.join(where)}." if where else "."
        yield metric, open_ if name == "P0" else late, words


def changes(rows: Sequence[ChangeRow], newest_event: datetime | None) -> tuple[Evidence, ...]:
    """Changes without author or reason, and those that nobody was allowed to make.

    A value that is not the one in the audit log was changed afterwards, by nobody knows whom. The
    audit log's newest event says how far its silence counts.
    """
    silent = [row for row in rows if not row.documented]
    altered = [row for row in rows if row.altered]
    unknown = [row for row in rows if not row.authorised and not row.altered]
    said = (
        f"{len(unknown):,} of {len(rows):,} changes have no successful config.change of the same "
        f"author in the audit log{_of(unknown)}"
    )
    if altered:
        said += f"; {len(altered):,} hold another value than the audit log{_of(altered)}"
    words = (
        f"{len(silent):,} of {len(rows):,} changes lack author or reason{_of(silent)}.",
        f"{said}.",
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
        for metric, bad, said in zip(
            CHANGE_METRICS, (silent, unknown + altered), words, strict=True
        )
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
