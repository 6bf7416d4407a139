"""Evidence as JSON that gives back exactly what was measured: numbers and moments are text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from components.gates.evidence import Evidence

_NUMBERS = {"int": int, "float": float, "Decimal": Decimal}


def to_json(evidence: Evidence) -> dict[str, Any]:
    """One evidence; a number says of which kind it is, such as ``float:0.1``."""
    found = asdict(evidence)
    for name in ("value", "low", "high"):
        number = found[name]
        found[name] = None if number is None else f"{type(number).__name__}:{number!s}"
    if evidence.measured_at is not None:
        found["measured_at"] = evidence.measured_at.isoformat()
    return found


def from_json(found: Mapping[str, Any]) -> Evidence:
    """The same evidence again.

    Raises:
        KeyError, TypeError, ValueError: it was written by another version of this product.
    """
    values = dict(found)
    for name in ("value", "low", "high"):
        if values[name] is not None:
            kind, _, text = values[name].partition(":")
            values[name] = _NUMBERS[kind](text)
    if values["measured_at"] is not None:
        values["measured_at"] = datetime.fromisoformat(values["measured_at"])
    return Evidence(**values)
