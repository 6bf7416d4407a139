"""AWS DMS: its validation failures, version 1 or 2, as exceptions of our own kind.

A key is positional, so the specification says which columns it names. The details look like JSON
and are none: they are a Python literal, ``[[{'A': '1'}, {'A': '2'}],]``, source before target,
and are read as data alone. What the tool cut off stays an exception without values.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from components.exceptions.cause_kinds import CauseKind, Context, ValueKind
from components.exceptions.causes import classify
from dashboard.imports.reading import Results, Row
from dashboard.reconcile.spec import FieldRule, Specification, Table
from queries.compare_plan import NUMBERS
from queries.errors import InvalidInputError

COLUMNS = (
    "task_name",
    "table_owner",
    "table_name",
    "failure_time",
    "key_type",
    "key",
    "failure_type",
    "details",
)
RESYNC_COLUMNS = ("resync_id", "resync_result", "resync_time", "resync_action")
_LONGEST = 100_000
_DEEPEST = 20
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?e[+-]?\d+", re.IGNORECASE)
_DIFFERS, _WARNING = "RECORD_DIFF", "TABLE_WARNING"
_WHOLE = {
    "MISSING_TARGET": ("missing", CauseKind.MISSING),
    "MISSING_SOURCE": ("extra", CauseKind.EXTRA),
    _WARNING: ("warning", CauseKind.OTHER),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One value or record that failed. ``equal`` says that both values are the same number."""

    row_no: int
    task_name: str
    pair: str
    failed_at: datetime
    kind: str
    key_columns: tuple[str, ...]
    key: tuple[str | None, ...]
    field: str | None
    critical: bool | None
    source_value: str | None
    target_value: str | None
    equal: bool
    readable: bool
    cause: str
    signature: str
    resync: str | None


def failures(results: Results, specification: Specification) -> tuple[Failure, ...]:
    """Every failure, one for each differing value.

    Raises:
        InvalidInputError: a row that does not fit the specification; the message names it.
    """
    return tuple(
        failure
        for position, row in enumerate(results.rows, start=1)
        for failure in _failures(row, position, results.where(position), specification)
    )


def _failures(
    row: Row, position: int, where: str, specification: Specification
) -> Iterator[Failure]:
    table = _table(row, where, specification)
    kind = (row["failure_type"] or "").strip().upper()
    names, key = _key(row, where, table, optional=kind == _WARNING)
    common = {
        "row_no": position,
        "task_name": row["task_name"] or "",
        "pair": table.name,
        "failed_at": _time(row["failure_time"], where),
        "key_columns": names,
        "key": key,
        "resync": row.get("resync_result"),
    }
    if kind in _WHOLE:
        word, cause = _WHOLE[kind]
        yield _whole(common, word, cause, readable=True)
        return
    if kind != _DIFFERS:
        raise InvalidInputError(
            f"{where}: FAILURE_TYPE is none of RECORD_DIFF, MISSING_SOURCE, MISSING_TARGET, "
            "TABLE_WARNING. Export the table again."
        )
    values = details(row["details"] or "")
    if not values:
        yield _whole(common, "differs", CauseKind.OTHER, readable=False)
    for column, source, target in values or ():
        yield _value(common, table, column, source, target)


def details(text: str) -> list[tuple[str, str | None, str | None]] | None:
    """Column, source value and target value of each difference; None where it is illegible."""
    held = _literal(text)
    if not isinstance(held, (list, tuple)):
        return None
    found = []
    for pair in held:
        if not (isinstance(pair, (list, tuple)) and len(pair) == 2):
            return None
        source, target = pair
        if not (isinstance(source, dict) and isinstance(target, dict)):
            return None
        for column in dict.fromkeys([*source, *target]):
            found.append((str(column), _text(source.get(column)), _text(target.get(column))))
    return found


def _literal(text: str) -> Any:
    """The value of a literal, nothing else: no names, no calls, no depth that exhausts a stack."""
    if len(text) > _LONGEST or _depth(text) > _DEEPEST:
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _depth(text: str) -> int:
    """How deep brackets nest at most; those inside of texts may count too."""
    deepest = depth = 0
    for letter in text:
        if letter in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in ")]}":
            depth -= 1
    return deepest


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _table(row: Row, where: str, specification: Specification) -> Table:
    owner, name = row["table_owner"] or "", row["table_name"] or ""
    full = f"{owner}.{name}".casefold()
    for table in specification.table:
        sides = [side.replace('"', "").casefold() for side in (table.source, table.target)]
        if any(side == (full if "." in side else name.casefold()) for side in sides):
            return table
    listed = ", ".join(f"{table.source} → {table.target}" for table in specification.table)
    raise InvalidInputError(
        f"{where}: the table {owner}.{name} is not in the specification. It has: {listed}."
    )


def _key(
    row: Row, where: str, table: Table, *, optional: bool
) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
    names = tuple(each.name for each in table.keys) or table.key
    try:
        # Digits stay as they were printed.
        held = json.loads(row["key"] or "", parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        held = None
    parts = held.get("key") if isinstance(held, dict) else held
    if not isinstance(parts, list):
        if optional:
            return names, ()
        raise InvalidInputError(f"{where}: KEY is no list of values. Export the table again.")
    if len(parts) != len(names):
        raise InvalidInputError(
            f"{where}: KEY has {len(parts)} parts, but {table.name} has the key "
            f"{', '.join(names) or 'of no column'}. Correct the key in the specification."
        )
    return names, tuple(_text(part) for part in parts)


def _time(text: str | None, where: str) -> datetime:
    """In UTC, which the tool's times are unless they say otherwise."""
    try:
        found = datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise InvalidInputError(
            f"{where}: FAILURE_TIME is no time. Export the table again."
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _whole(common: Mapping[str, Any], kind: str, cause: CauseKind, *, readable: bool) -> Failure:
    return Failure(
        **common,
        kind=kind,
        field=None,
        critical=None if kind == "warning" else True,
        source_value=None,
        target_value=None,
        equal=False,
        readable=readable,
        cause=cause.value,
        signature="",
    )


def _value(
    common: Mapping[str, Any], table: Table, column: str, source: str | None, target: str | None
) -> Failure:
    rule = _rule(table, column)
    equal = source == target or _same_number(source, target, rule)
    codes = dict(rule.codes) if rule else {}
    number = _number(source) is not None and _number(target) is not None
    context = Context(ValueKind.NUMBER if number else ValueKind.TEXT, codes)
    cause = None if equal else classify(source, target, context)
    return Failure(
        **common,
        kind="differs",
        field=rule.name if rule else column,
        critical=rule.critical if rule else None,
        source_value=source,
        target_value=target,
        equal=equal,
        readable=True,
        cause=cause.kind.value if cause else CauseKind.OTHER.value,
        signature=cause.signature if cause else "",
    )


def _rule(table: Table, column: str) -> FieldRule | None:
    wanted = column.casefold()
    for rule in table.field:
        if wanted in {(each or "").casefold() for each in (rule.name, rule.source, rule.target)}:
            return rule
    return None


def _same_number(source: str | None, target: str | None, rule: FieldRule | None) -> bool:
    """Whether two spellings are one number, in a field that is known to hold numbers.

    007 and 7 are one number and two references: without a declared type only the scientific
    notation, in which the tool prints floats, tells that a number is meant.
    """
    declared = rule is not None and rule.type in NUMBERS
    scientific = all(_SCIENTIFIC.fullmatch(text or "") for text in (source, target))
    if not (declared or scientific):
        return False
    first, second = _number(source), _number(target)
    return first is not None and first == second


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
