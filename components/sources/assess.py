"""Whether the data is complete and fresh, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from components.gates.status import Status
from components.layout import numbers
from queries.contract_findings import Finding, Report, Severity
from queries.freshness import Newest, RelationNote

FED_CONTINUOUSLY: Mapping[str, timedelta] = {
    "prediction_audit": timedelta(days=2),
    "prediction_explanations": timedelta(days=2),
    "ml_feedback": timedelta(days=4),
}
"""Relations that are written every day, and the age from which silence is worth a question.

Reviewers rest at week-ends. All others are written when something happens: a training, a
migration, a finding; nothing can be said from their age.
"""

_MISSING, _EMPTY, _NOTHING_YET = "Missing", "Empty", "Nothing before the as-of"
_DIFFERS, _UNREADABLE = "Differs from the contract", "Cannot be read"
_WITHOUT_DATA = (_MISSING, _EMPTY, _NOTHING_YET)
_NOT_IN_ORDER = (_DIFFERS, _UNREADABLE)


@dataclass(frozen=True, slots=True)
class Source:
    """One relation of the contract as it stands.

    ``rows`` and ``newest_at`` are None where they are unknown; ``exact`` is False where
    ``rows`` is an estimate.
    """

    note: RelationNote
    status: Status
    state: str
    rows: int | None
    exact: bool
    newest_at: datetime | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Every relation, what concerns none of them in particular, and the answer."""

    sources: tuple[Source, ...]
    general: tuple[Finding, ...]
    sentence: str


def sources(
    notes: Sequence[RelationNote], report: Report, newest: Sequence[Newest], as_of: datetime
) -> Sources:
    """Judge each relation; ``newest`` may lack relations that are absent or cannot be read."""
    by_name = {row.relation: row for row in newest}
    judged = tuple(_source(note, report, by_name.get(note.name), as_of) for note in notes)
    general = tuple(finding for finding in report.findings if finding.relation is None)
    return Sources(judged, general, _answer(judged, general, as_of))


def summary(report: Report) -> str:
    """One sentence over all findings."""
    problems, warnings, notes = (report.number_of(severity) for severity in Severity)
    counts = ((problems, "problem"), (warnings, "warning"), (notes, "note"))
    parts = [_several(number, thing) for number, thing in counts if number]
    if problems:
        rest = "until the problems are solved, not every number can be relied on"
    elif warnings:
        rest = "what is there can be relied on; the warnings cost speed, safety or a page's data"
    else:
        return f"The database meets the contract{f'; {parts[0]}' if parts else ''}."
    return f"{_listed(parts)}: {rest}."


def _source(note: RelationNote, report: Report, newest: Newest | None, as_of: datetime) -> Source:
    findings = tuple(finding for finding in report.findings if finding.relation == note.name)
    status, state = _state(note, report, newest, as_of, findings)
    return Source(
        note=note,
        status=status,
        state=state,
        rows=newest.rows if newest else None,
        exact=newest.exact if newest else True,
        newest_at=newest.newest_at if newest else None,
        findings=findings,
    )


def _state(
    note: RelationNote,
    report: Report,
    newest: Newest | None,
    as_of: datetime,
    findings: Sequence[Finding],
) -> tuple[Status, str]:
    if note.name not in report.present:
        return Status.NO_DATA, _MISSING
    if any(finding.severity is Severity.PROBLEM for finding in findings):
        return Status.FAIL, _DIFFERS
    if newest is None:
        return Status.ERROR, _UNREADABLE
    if newest.rows == 0:
        return Status.NO_DATA, _EMPTY
    if newest.newest_at is None:
        return Status.NO_DATA, _NOTHING_YET
    limit = FED_CONTINUOUSLY.get(note.name)
    if limit is not None and as_of - newest.newest_at > limit:
        return Status.STALE, "Not fresh"
    if any(finding.severity is Severity.WARNING for finding in findings):
        return Status.WARN, "Usable, with a warning"
    return Status.PASS, "Fresh" if limit else "Present"


def _answer(judged: Sequence[Source], general: Sequence[Finding], as_of: datetime) -> str:
    """“Is the data complete and fresh?”: yes or no, and what stands in the way."""
    missing = _named(judged, *_WITHOUT_DATA)
    wrong = _named(judged, *_NOT_IN_ORDER)
    stale = [source for source in judged if source.status is Status.STALE]
    clauses = []
    if missing:
        verb = "has" if len(missing) == 1 else "have"
        clauses.append(f"{len(missing)} of {len(judged)} tables {verb} no data ({_few(missing)})")
    clauses += [
        f"{source.note.name} ends {numbers.age(source.newest_at, as_of)}"
        for source in stale
        if source.newest_at
    ]
    if wrong:
        verb = "differs" if len(wrong) == 1 else "differ"
        clauses.append(
            f"{len(wrong)} of {len(judged)} tables {verb} from the contract ({_few(wrong)})"
        )
    if any(finding.severity is Severity.PROBLEM for finding in general):
        clauses.append("the database or the role needs attention")
    if clauses:
        return f"{_lead(bool(missing), bool(stale))}: {_listed(clauses)}."
    newest = [source.newest_at for source in judged if source.newest_at]
    until = f", up to {numbers.moment(max(newest), as_of)}" if newest else ""
    return f"The data is complete and fresh: all {len(judged)} tables are there{until}."


def _lead(incomplete: bool, stale: bool) -> str:
    if incomplete:
        return "The data is " + ("neither complete nor fresh" if stale else "not complete")
    if stale:
        return "The data is complete but not fresh"
    return "The data is complete and fresh, but not all in order"


def _named(judged: Sequence[Source], *states: str) -> list[str]:
    return [source.note.name for source in judged if source.state in states]


def _few(names: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _several(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
