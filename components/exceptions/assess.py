"""Exceptions counted: how many, what is open, what they have in common."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from components.exceptions.cause_kinds import CauseKind
from components.exceptions.cause_words import LABELS
from components.exceptions.defects import CountedGroup, Defect, systematic
from queries.exceptions_rows import Counted, CountRow, PartRow, RecordRow

NOT_GIVEN = "Not given"
WHOLE_RECORD = "Whole record"
SEVERITIES = ("critical", "major", "minor")
_KINDS = {kind.value: kind for kind in CauseKind}
STATUSES = ("open", "waived", "false_positive", "fixed")


class Dimension(StrEnum):
    """By what exceptions are broken down; the value heads its table."""

    CAUSE = "Cause"
    FIELD = "Field"
    SOURCE = "Source"
    SEVERITY = "Severity"
    STATUS = "Status"
    BATCH = "Batch"


@dataclass(frozen=True, slots=True)
class Total:
    """Exceptions of a run and those of them that are open."""

    exceptions: int
    open: int
    critical_open: int
    open_by_severity: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """The exceptions that share one value of a dimension, and what it is called."""

    label: str
    value: str | None
    exceptions: int
    open: int


@dataclass(frozen=True, slots=True)
class Systematic:
    """A defect, how many of its exceptions are open, and the gravest severity among them."""

    defect: Defect
    open: int
    severity: str
    cause: str
    field: str | None


def total(found: Counted) -> Total:
    """Exceptions, open ones, and open ones by severity."""
    by_severity = Counter[str]()
    for row in found.rules:
        if row.open_exceptions:
            by_severity[row.severity] += row.open_exceptions
    return Total(
        exceptions=sum(row.exceptions for row in found.rules),
        open=by_severity.total(),
        critical_open=sum(n for word, n in by_severity.items() if word not in SEVERITIES[1:]),
        open_by_severity=dict(by_severity),
    )


def cause_label(cause: str | None) -> str:
    """A cause class in plain words; a word that is no class stands as the pipeline wrote it."""
    if cause is None:
        return NOT_GIVEN
    label = LABELS[_KINDS[cause]] if cause in _KINDS else cause.replace("_", " ")
    return label[:1].upper() + label[1:]


def field_label(field: str | None) -> str:
    return WHOLE_RECORD if field is None else field


def word_label(word: str) -> str:
    """A severity or a status in plain words."""
    return word.replace("_", " ").capitalize()


_COLUMNS = {
    Dimension.CAUSE: "cause",
    Dimension.FIELD: "field",
    Dimension.SOURCE: "source_system",
    Dimension.SEVERITY: "severity",
}


def label(value: str | None, dimension: Dimension) -> str:
    """What a value of one dimension is called."""
    if dimension is Dimension.CAUSE:
        return cause_label(value)
    if dimension is Dimension.FIELD:
        return field_label(value)
    if dimension in (Dimension.SEVERITY, Dimension.STATUS):
        return word_label(value or "")
    return value or NOT_GIVEN


def breakdown(found: Counted, dimension: Dimension) -> tuple[Part, ...]:
    """Exceptions by one dimension: severities and statuses in their order, else largest first."""
    parts: dict[str, Part] = {}
    for row in _counted_by(found, dimension):
        name = label(row.value, dimension)
        so_far = parts.get(name, Part(name, row.value, 0, 0))
        parts[name] = replace(
            so_far,
            exceptions=so_far.exceptions + row.exceptions,
            open=so_far.open + row.open_exceptions,
        )
    order = {
        Dimension.SEVERITY: [word_label(word) for word in SEVERITIES],
        Dimension.STATUS: [word_label(word) for word in STATUSES],
    }.get(dimension, [])
    ranks = {name: place for place, name in enumerate(order)}
    return tuple(
        sorted(
            parts.values(),
            key=lambda part: (ranks.get(part.label, 99), -part.exceptions, part.label),
        )
    )


def breakdowns(found: Counted) -> dict[Dimension, tuple[Part, ...]]:
    """The same by every dimension."""
    return {dimension: breakdown(found, dimension) for dimension in Dimension}


def _counted_by(found: Counted, dimension: Dimension) -> Iterable[PartRow]:
    if dimension is Dimension.BATCH:
        return found.batches
    if dimension is Dimension.STATUS:
        return found.statuses
    column = _COLUMNS[dimension]
    return (
        PartRow(getattr(row, column), row.exceptions, row.open_exceptions) for row in found.rules
    )


def defects(counted: Counted) -> tuple[Systematic, ...]:
    """The defects behind the exceptions: those with open exceptions first, largest first."""
    rows = counted.rules
    found = systematic(
        [
            CountedGroup(
                row.table_name,
                row.field,
                _kind(row.cause),
                row.signature,
                row.batch_id,
                row.source_system,
                row.exceptions,
            )
            for row in rows
        ]
    )
    by_rule = defaultdict[_Rule, list[CountRow]](list)
    for row in rows:
        by_rule[_kind(row.cause), row.signature, _place(row)].append(row)
    judged = [_with_state(defect, by_rule) for defect in found]
    return tuple(sorted(judged, key=lambda each: (-each.open, -each.defect.count)))


_Rule = tuple[CauseKind, str, str]


def _with_state(defect: Defect, by_rule: Mapping[_Rule, Sequence[CountRow]]) -> Systematic:
    own = [row for place in defect.fields for row in by_rule[defect.cause, defect.signature, place]]
    fields = {row.field for row in own}
    present = {row.severity for row in own}
    return Systematic(
        defect,
        open=sum(row.open_exceptions for row in own),
        severity=next((word for word in SEVERITIES if word in present), own[0].severity),
        cause=cause_label(own[0].cause),
        field=field_label(fields.pop()) if len(fields) == 1 else None,
    )


def _place(row: CountRow) -> str:
    return f"{row.table_name}.{row.field}" if row.field else row.table_name


def _kind(cause: str | None) -> CauseKind:
    return _KINDS.get(cause or "", CauseKind.OTHER)


def answer(run: str, found: Total, leading: Systematic | None) -> str:
    """The one sentence: what is open, and what explains the most of it."""
    if found.exceptions == 0:
        return f"{run} has no exceptions."
    if found.open == 0 and found.exceptions == 1:
        return f"The one exception of {run} is dealt with."
    if found.open == 0:
        return f"All {found.exceptions:,} exceptions of {run} are dealt with: none is open."
    if found.open == found.exceptions > 1:
        sentence = f"All {found.open:,} exceptions of {run} are open"
    else:
        verb = "is" if found.open == 1 else "are"
        sentence = f"{found.open:,} of {found.exceptions:,} exceptions of {run} {verb} open"
    if found.critical_open:
        sentence += f", {found.critical_open:,} of them critical"
    if leading is None or not leading.open:
        return f"{sentence}."
    share = 100 * leading.open / found.open
    if leading.open == found.open:
        return f"{sentence}; one defect explains them all: {_named(leading)}."
    return f"{sentence}; the largest defect explains {share:.0f}% of them: {_named(leading)}."


def _named(found: Systematic) -> str:
    rule = found.defect.signature or found.cause.lower()
    place = f"{found.field}, " if found.field and found.field != WHOLE_RECORD else ""
    where = f", batch {found.defect.batch}" if found.defect.batch else ""
    return f"{place}{rule}{where}"


def alike(found: Counted, record: RecordRow) -> int:
    """How many exceptions have the transformation of one of them, of those that are counted."""
    return sum(row.exceptions for row in found.rules if row.signature == record.signature)
