"""Canonical text of values in Python, equal to what PostgreSQL prints for the same value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from queries.compare_plan import Kind

_MOMENT = re.compile(
    r"(\d{4,6}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?"
)
_TRUTH = {"true": "true", "t": "true", "1": "true", "false": "false", "f": "false", "0": "false"}
# Kinds whose text may hold any character get their length in front, the others an end mark.
PREFIXED = frozenset({Kind.TEXT, Kind.JSON})


def encode(texts: Sequence[str | None], kinds: Sequence[Kind]) -> str:
    """One text for several values that no other values can have.

    A value of free text is preceded by its length, so that ``'ab','c'`` and ``'a','bc'`` differ;
    null is an empty length, so that it differs from every text, also from its printed sentinel.
    """
    parts = []
    for text, kind in zip(texts, kinds, strict=True):
        if kind in PREFIXED:
            parts.append(":" if text is None else f"{len(text)}:{text}")
        else:
            parts.append(";" if text is None else f"{text};")
    return "".join(parts)


def canonical(value: Any, kind: Kind) -> str | None:
    """The canonical text. What is no value of the kind keeps its own text, so that it differs."""
    if value is None:
        return None
    return _CANONICAL[kind](value)


def canonical_row(values: Iterable[Any], kinds: Sequence[Kind]) -> tuple[str | None, ...]:
    return tuple(canonical(value, kind) for value, kind in zip(values, kinds, strict=True))


def plain_number(number: Decimal) -> str:
    """Without exponent and without trailing zeros, as ``trim_scale(…)::text`` prints it."""
    if number.is_nan():
        return "NaN"
    if number.is_infinite():
        return "Infinity" if number > 0 else "-Infinity"
    if not number:
        return "0"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    try:
        # A float means its shortest decimal: 0.1 is 0.1.
        return plain_number(Decimal(repr(value) if isinstance(value, float) else str(value)))
    except InvalidOperation:
        return str(value)


def _integer(value: Any) -> str:
    return str(value) if type(value) is int else _number(value)


def _float(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return plain_number(Decimal(repr(number)))


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _boolean(value: Any) -> str:
    return _TRUTH.get(str(value).strip().lower(), str(value))


def _bytes(value: Any) -> str:
    return bytes(value).hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)


def _json(value: Any) -> str:
    try:
        held = json.loads(value) if isinstance(value, str | bytes) else value
        return json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def _moment(value: Any) -> tuple[str, str, str, str] | None:
    """Day, minute, seconds with every digit kept, and zone."""
    if isinstance(value, datetime):
        value = value.isoformat()
    elif isinstance(value, date):
        value = datetime.combine(value, time()).isoformat()
    found = _MOMENT.fullmatch(str(value).strip())
    if found is None:
        return None
    day, minute, second, fraction, zone = found.groups()
    digits = (fraction or "").rstrip("0")
    return day, minute or "00:00", (second or "00") + (f".{digits}" if digits else ""), zone or ""


def _timestamp(value: Any) -> str:
    parts = _moment(value)
    if parts is None or parts[3]:
        return str(value)
    return f"{parts[0]} {parts[1]}:{parts[2]}"


def _timestamptz(value: Any) -> str:
    """In UTC. A time without a zone is taken to be in UTC; digits below a second are kept."""
    parts = _moment(value)
    if parts is None:
        return str(value)
    day, minute, second, zone = parts
    whole, _, fraction = second.partition(".")
    try:
        moment = datetime.fromisoformat(f"{day} {minute}:{whole}{zone or '+00:00'}").astimezone(UTC)
    except (ValueError, OverflowError):
        return str(value)
    return f"{moment:%Y-%m-%d %H:%M:%S}".rjust(19, "0") + (f".{fraction}" if fraction else "")


def _date(value: Any) -> str:
    parts = _moment(value)
    if parts is None:
        return str(value)
    day, minute, second, zone = parts
    midnight = minute == "00:00" and second == "00" and not zone
    return day if midnight else str(value)


_CANONICAL: dict[Kind, Callable[[Any], str]] = {
    Kind.INTEGER: _integer,
    Kind.NUMERIC: _number,
    Kind.FLOAT: _float,
    Kind.TEXT: _text,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _timestamp,
    Kind.TIMESTAMPTZ: _timestamptz,
    Kind.BYTES: _bytes,
    Kind.JSON: _json,
}
