"""Why two values of a field differ: one cause, a confidence, and the transformation as a rule.

The classes are those of METHODS §8. A rule is tried from the most to the least specific; the
first that explains the pair entirely wins. Confidence is high where the rule reproduces the
target from the source and chance would hardly do so, lower where the pair allows other readings.
"""

from __future__ import annotations

from functools import lru_cache

from components.exceptions import causes_number, causes_text, causes_time
from components.exceptions.cause_kinds import Cause, CauseKind, Context, Rule, ValueKind

SENTINELS = frozenset(
    {
        "1900-01-01", "1900-01-01 00:00:00", "1970-01-01", "1970-01-01 00:00:00",
        "1899-12-30", "1753-01-01", "0001-01-01", "9999-12-31", "9999-12-31 00:00:00",
        "N/A", "NA", "n/a", "NULL", "null", "None", "NaN", "nan", "UNKNOWN", "Unknown", "unknown",
        "(null)", "\\N", "-", "?", "TBD", "-1", "999", "9999", "99999", "999999999", "0", "0.0", "",
    }
)  # fmt: skip
_SHORT_CODE = 8
_RULES: dict[ValueKind, tuple[Rule, ...]] = {
    ValueKind.TEXT: causes_text.RULES,
    ValueKind.NUMBER: causes_number.RULES,
    ValueKind.DATE: causes_time.DATE_RULES,
    ValueKind.MOMENT: causes_time.MOMENT_RULES,
    ValueKind.OTHER: (),
}


def classify(source: str | None, target: str | None, context: Context) -> Cause:
    """The cause of one difference. Texts are canonical; at least one of them is not None."""
    if target is None:
        return Cause(CauseKind.NULL_OUT, 100)
    if source is None:
        return _filled(target, context)
    for rule in _RULES[context.kind]:
        cause = rule(source, target)
        if cause is not None:
            return cause
    return _fallback(source, target, context)


def _filled(target: str, context: Context) -> Cause:
    if target in context.defaults:
        return Cause(CauseKind.DEFAULT, 100, f"empty became {target!r}")
    if target in SENTINELS:
        return Cause(CauseKind.DEFAULT, 90, f"empty became {target!r}")
    return Cause(CauseKind.FILL_IN, 100)


def _fallback(source: str, target: str, context: Context) -> Cause:
    """What no transformation explains: a default in its place, another code, or unexplained."""
    if target in context.defaults or target in SENTINELS - {"0"}:
        sure = 95 if target in context.defaults else 80
        return Cause(CauseKind.DEFAULT, sure, f"became {target!r}")
    if context.codes or (context.kind is ValueKind.TEXT and _is_code(source, target)):
        sure = 90 if context.codes else 60
        return Cause(CauseKind.CODE_MAPPING, sure, f"{source!r} became {target!r}")
    if target == "0":
        return Cause(CauseKind.DEFAULT, 70, f"became {target!r}")
    return Cause(CauseKind.OTHER, 100)


def _is_code(source: str, target: str) -> bool:
    """Short tokens in capitals or digits: names and free text are something else."""
    return all(
        len(text) <= _SHORT_CODE and text.isascii() and text.upper() == text and text.isalnum()
        for text in (source, target)
    )


class Classifier:
    """Classifies the values of one field, remembering pairs that come again and again."""

    def __init__(self, context: Context, *, remembered: int = 20_000) -> None:
        self._classify = lru_cache(maxsize=remembered)(
            lambda source, target: classify(source, target, context)
        )

    def __call__(self, source: str | None, target: str | None) -> Cause:
        return self._classify(source, target)
