"""What is said of two values that differ: the classes of METHODS §8, and of their field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CauseKind(StrEnum):
    """What happened to a value on its way; the last five are about whole records."""

    NULL_OUT = "null_out"
    FILL_IN = "fill_in"
    TRUNCATION = "truncation"
    ROUNDING = "rounding"
    TIME_ZONE_SHIFT = "time_zone_shift"
    DATE_PART_SWAP = "date_part_swap"
    WHITESPACE = "whitespace"
    CASE = "case"
    ENCODING = "encoding"
    SIGN = "sign"
    SCALE = "scale"
    CODE_MAPPING = "code_mapping"
    DEFAULT = "default_substitution"
    OTHER = "other"
    MISSING = "missing"
    EXTRA = "extra"
    LOST_COPY = "lost_copy"
    SURPLUS_COPY = "surplus_copy"


class ValueKind(StrEnum):
    """What a value is, as far as causes care."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Cause:
    """``confidence`` in per cent; ``signature`` is the same for values changed by one rule."""

    kind: CauseKind
    confidence: int
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the field: its kind, declared codes, values that stand for nothing."""

    kind: ValueKind
    codes: Mapping[str, str] = field(default_factory=dict)
    defaults: frozenset[str] = frozenset()


Rule = Callable[[str, str], Cause | None]
"""Explains a pair of canonical texts entirely, or says nothing."""
