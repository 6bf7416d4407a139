"""One spelling for one content, so that equal things have equal digests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from numbers import Integral, Number, Real
from typing import Any


def canonical_json(content: Any) -> bytes:
    """UTF-8 JSON with sorted keys; numbers and times as text of one spelling each."""
    plain = _plain(content)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def exact(number: object) -> Decimal | None:
    """A finite number without loss, None for anything else.

    Floats are read by their shortest decimal form, so that 199/200 equals a limit of 0.995.
    """
    if isinstance(number, bool):
        return None
    if isinstance(number, Decimal):
        return number if number.is_finite() else None
    if type(number) is int:  # most are; to ask what is whole or real takes longer than the rest
        return Decimal(number)
    if isinstance(number, Integral):
        return Decimal(int(number))
    if isinstance(number, Real) and isfinite(number):
        return Decimal(repr(float(number)))
    return None


def number_text(value: object) -> str:
    """A number in its one spelling, whatever its type: 0.80 and 8E-1 are the same."""
    number = exact(value)
    if number is None:
        return str(value).lower()
    sign, digits, exponent = number.as_tuple()
    significant = "".join(map(str, digits)).lstrip("0")
    shortened = significant.rstrip("0")
    if not shortened:
        return "0"
    power = int(exponent) + len(significant) - len(shortened)
    plain = f"{'-' if sign else ''}{shortened}"
    return plain if power == 0 else f"{plain}e{power}"


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else f"{value.isoformat()} no zone"
    if isinstance(value, Number):
        return {"number": number_text(value)}
    return str(value)
