"""Two sets of records under one key: which values differ, which records have no partner."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation, localcontext
from enum import StrEnum
from itertools import groupby

from queries.compare_plan import Field, Kind, Plan, Rules, Whitespace
from queries.errors import InvalidInputError

_SPACE = re.compile(r"\s+")
_WHOLE_MATCHING = 40
_DIGITS = 1000
Texts = tuple[str | None, ...]


class FindingKind(StrEnum):
    """What an exception is about: a value, or a record and its copies."""

    DIFFERS = "differs"
    MISSING = "missing"
    EXTRA = "extra"
    LOST_COPY = "lost_copy"
    SURPLUS_COPY = "surplus_copy"


@dataclass(frozen=True, slots=True)
class Row:
    """A record in canonical text; ``copies`` tells how often it stands there."""

    key: Texts
    values: Texts
    labels: Texts
    bucket: int
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One exception. ``field`` is a position in the plan, None for a whole record."""

    kind: FindingKind
    bucket: int
    key: Texts
    field: int | None
    source_value: str | None
    target_value: str | None
    batch: str | None
    system: str | None
    copies: int = 1


def same(field: Field, source: str | None, target: str | None) -> bool:
    """Whether two canonical texts are the same under the rules of the field."""
    if source == target:
        return True
    if source is None or target is None:
        return False
    rules = field.rules
    if field.column.kind is Kind.JSON:
        return _same_json(source, target)
    if rules.folds_text and fold(source, rules) == fold(target, rules):
        return True
    if rules.seconds is not None:
        return _close_times(source, target, rules.seconds)
    return rules.tolerant and _close_numbers(source, target, rules)


def _same_json(source: str, target: str) -> bool:
    """Order of keys and spelling of numbers do not count."""
    try:
        return bool(
            json.loads(source, parse_float=Decimal, parse_int=Decimal)
            == json.loads(target, parse_float=Decimal, parse_int=Decimal)
        )
    except ValueError:
        return False


def fold(text: str, rules: Rules) -> str:
    """The text without the case and white space that do not count."""
    if rules.whitespace is Whitespace.TRIM:
        text = text.strip()
    elif rules.whitespace is Whitespace.COLLAPSE:
        text = _SPACE.sub(" ", text.strip())
    elif rules.whitespace is Whitespace.IGNORE:
        text = _SPACE.sub("", text)
    return text.casefold() if rules.ignore_case else text


def _close_numbers(source: str, target: str, rules: Rules) -> bool:
    try:
        first, second = Decimal(source), Decimal(target)
    except InvalidOperation:
        return False
    if not (first.is_finite() and second.is_finite()):
        return False
    with localcontext() as context:
        context.prec = _DIGITS
        gap = abs(first - second)
        if rules.absolute is not None and gap <= rules.absolute:
            return True
        larger = max(abs(first), abs(second))
        return rules.relative is not None and gap <= rules.relative * larger


def _close_times(source: str, target: str, seconds: Decimal) -> bool:
    try:
        gap = abs(datetime.fromisoformat(source) - datetime.fromisoformat(target))
    except ValueError:
        return False
    microseconds = (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
    return microseconds <= seconds * 1_000_000


def differing(plan: Plan, source: Texts, target: Texts) -> list[int]:
    """Positions of the fields whose values are not the same."""
    return [
        position
        for position, (field, first, second) in enumerate(
            zip(plan.judged, source, target, strict=True)
        )
        if first != second and not same(field, first, second)
    ]


def merge(plan: Plan, source: Iterable[Row], target: Iterable[Row]) -> Iterator[Finding]:
    """Walk two streams in the order of their keys; only one key is held at a time.

    Raises:
        InvalidInputError: a stream is not in order, so that partners would be missed.
    """
    left, right = _by_key(source), _by_key(target)
    first, second = next(left, None), next(right, None)
    while first is not None or second is not None:
        if second is None or (first is not None and first[0] < second[0]):
            yield from group(plan, first[1] if first else [], [])
            first = next(left, None)
        elif first is None or second[0] < first[0]:
            yield from group(plan, [], second[1])
            second = next(right, None)
        else:
            yield from group(plan, first[1], second[1])
            first, second = next(left, None), next(right, None)


Order = tuple[tuple[bool, str], ...]


def _order(key: Texts) -> Order:
    """Nulls first, then by code point: the order of PostgreSQL's collation "C"."""
    return tuple((text is not None, text or "") for text in key)


def _by_key(rows: Iterable[Row]) -> Iterator[tuple[Order, list[Row]]]:
    before: Order | None = None
    for order, members in groupby(rows, lambda row: _order(row.key)):
        if before is not None and order < before:
            raise InvalidInputError(
                "The records arrive out of order: the database does not sort text by code point. "
                "Compare a database whose encoding is UTF8."
            )
        before = order
        yield order, list(members)


def group(
    plan: Plan,
    source: Sequence[Row],
    target: Sequence[Row],
    *,
    in_source: bool | None = None,
    in_target: bool | None = None,
) -> Iterator[Finding]:
    """The exceptions of one key: equal copies cancel, the rest are paired, what is left is alone.

    As multisets this is exact: the source records named here, paired or alone, are
    ``source EXCEPT ALL target``, and likewise the other way round, up to the fields' rules.
    ``in_source`` and ``in_target`` tell whether the key stands there at all, for callers whose
    equal copies have already been cancelled.
    """
    if len(source) == len(target) == 1 and source[0].copies == target[0].copies == 1:
        yield from _differences(plan, source[0], target[0])
        return
    in_source = bool(source) if in_source is None else in_source
    in_target = bool(target) if in_target is None else in_target
    left, right = _without_common(source, target)
    pairs, left, right = _paired(plan, left, right)
    for first, second in pairs:
        yield from _differences(plan, first, second)
    yield from _alone(left, FindingKind.LOST_COPY if in_target else FindingKind.MISSING)
    yield from _alone(right, FindingKind.SURPLUS_COPY if in_source else FindingKind.EXTRA)


def _without_common(source: Sequence[Row], target: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    ours, theirs = _counted(source), _counted(target)
    return _less(source, ours - theirs), _less(target, theirs - ours)


def _counted(rows: Sequence[Row]) -> Counter[Texts]:
    counts: Counter[Texts] = Counter()
    for row in rows:
        counts[row.values] += row.copies
    return counts


def _less(rows: Sequence[Row], wanted: Counter[Texts]) -> list[Row]:
    kept: dict[Texts, Row] = {}
    for row in rows:
        if wanted[row.values] and row.values not in kept:
            kept[row.values] = replace(row, copies=wanted[row.values])
    return list(kept.values())


def _paired(
    plan: Plan, source: list[Row], target: list[Row]
) -> tuple[list[tuple[Row, Row]], list[Row], list[Row]]:
    """Nearest first where few records share the key; in order of values where many do."""
    if not plan.keyed or not source or not target:
        return [], source, target
    left, right = _single(source), _single(target)
    if len(left) * len(right) <= _WHOLE_MATCHING**2:
        pairs = []
        ranked = sorted(
            (len(differing(plan, first.values, second.values)), i, j)
            for i, first in enumerate(left)
            for j, second in enumerate(right)
        )
        used_left: set[int] = set()
        used_right: set[int] = set()
        for _, i, j in ranked:
            if i not in used_left and j not in used_right:
                pairs.append((left[i], right[j]))
                used_left.add(i)
                used_right.add(j)
        rest_left = [row for i, row in enumerate(left) if i not in used_left]
        return pairs, rest_left, [row for j, row in enumerate(right) if j not in used_right]
    left.sort(key=lambda row: _order(row.values))
    right.sort(key=lambda row: _order(row.values))
    common = min(len(left), len(right))
    return list(zip(left, right, strict=False)), left[common:], right[common:]


def _single(rows: Iterable[Row]) -> list[Row]:
    return [replace(row, copies=1) for row in rows for _ in range(row.copies)]


def _differences(plan: Plan, source: Row, target: Row) -> Iterator[Finding]:
    for position in differing(plan, source.values, target.values):
        yield Finding(
            FindingKind.DIFFERS,
            target.bucket,
            target.key,
            position,
            source.values[position],
            target.values[position],
            target.labels[0] or source.labels[0],
            target.labels[1] or source.labels[1],
        )


def _alone(rows: Iterable[Row], kind: FindingKind) -> Iterator[Finding]:
    for row in rows:
        yield Finding(
            kind, row.bucket, row.key, None, None, None, row.labels[0], row.labels[1], row.copies
        )
