"""Why two values of a field differ: one cause, a confidence, and the transformation as a rule.

The classes are those of METHODS §8. A rule is tried from the most to the least specific; the
first that explains the pair entirely wins. Confidence is high where the rule reproduces the
target from the source and chance would hardly do so, lower where the pair allows other readings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache


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


SENTINELS = frozenset(
    {
        "1900-01-01", "1900-01-01 00:00:00", "1970-01-01", "1970-01-01 00:00:00",
        "1899-12-30", "1753-01-01", "0001-01-01", "9999-12-31", "9999-12-31 00:00:00",
        "N/A", "NA", "n/a", "NULL", "null", "None", "NaN", "nan", "UNKNOWN", "Unknown", "unknown",
        "(null)", "\\N", "-", "?", "TBD", "-1", "999", "9999", "99999", "999999999", "0", "0.0", "",
    }
)  # fmt: skip
_MOJIBAKE = ("latin-1", "cp1252", "cp437", "cp850", "mac_roman")
_SHORT_CODE = 8
_SPACE = re.compile(r"\s+")
_WHOLE_ZONES = 14 * 60


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


Rule = Callable[[str, str], Cause | None]


def _whitespace(source: str, target: str) -> Cause | None:
    if _SPACE.sub("", source) != _SPACE.sub("", target):
        return None
    if source.rstrip() == target:
        return Cause(CauseKind.WHITESPACE, 100, "trailing white space removed")
    if source.lstrip() == target:
        return Cause(CauseKind.WHITESPACE, 100, "leading white space removed")
    if source.strip() == target:
        return Cause(CauseKind.WHITESPACE, 100, "white space around the value removed")
    if target.rstrip() == source:
        return Cause(CauseKind.WHITESPACE, 100, "trailing white space added")
    if target.strip() == source:
        return Cause(CauseKind.WHITESPACE, 100, "white space around the value added")
    return Cause(CauseKind.WHITESPACE, 100, "white space within the value changed")


def _case(source: str, target: str) -> Cause | None:
    if source.casefold() != target.casefold():
        return None
    for name, change in (("upper", str.upper), ("lower", str.lower), ("title", str.title)):
        if change(source) == target:
            return Cause(CauseKind.CASE, 100, f"became {name} case")
    return Cause(CauseKind.CASE, 100, "case changed")


def _encoding(source: str, target: str) -> Cause | None:
    if source.isascii() and target.isascii():
        return None
    for code in _MOJIBAKE:
        if _misread(source, code) == target:
            return Cause(CauseKind.ENCODING, 100, f"UTF-8 read as {_NAMES[code]}")
        if _misread(target, code) == source:
            return Cause(CauseKind.ENCODING, 100, f"{_NAMES[code]} repaired to UTF-8")
    if unicodedata.normalize("NFC", source) == unicodedata.normalize("NFC", target):
        return Cause(CauseKind.ENCODING, 100, "other Unicode normal form")
    if _replaced(source, target):
        return Cause(CauseKind.ENCODING, 95, "letters outside ASCII replaced by a mark")
    if _without_accents(source) == target:
        return Cause(CauseKind.ENCODING, 95, "accents removed")
    if _dropped(source) == target:
        return Cause(CauseKind.ENCODING, 95, "letters outside ASCII dropped")
    return None


_NAMES = {
    "latin-1": "Latin-1",
    "cp1252": "Windows-1252",
    "cp437": "code page 437",
    "cp850": "code page 850",
    "mac_roman": "Mac Roman",
}


def _misread(text: str, code: str) -> str | None:
    try:
        return text.encode("utf-8").decode(code)
    except UnicodeError:
        return None


def _replaced(source: str, target: str) -> bool:
    """Each foreign letter became one or more question marks or replacement characters."""
    pattern = "".join(
        re.escape(letter) if letter.isascii() else "[?\N{REPLACEMENT CHARACTER}]{1,4}"
        for letter in source
    )
    return not source.isascii() and re.fullmatch(pattern, target) is not None


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def _dropped(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii())


def _truncation(source: str, target: str) -> Cause | None:
    if target and len(target) < len(source) and source.startswith(target):
        sure = 100 if len(target) > 2 else 80
        return Cause(CauseKind.TRUNCATION, sure, f"cut after {len(target)} characters")
    stripped = source[: len(target) + 1]
    if target and len(target) < len(source) and stripped.rstrip() == target:
        return Cause(CauseKind.TRUNCATION, 95, f"cut after {len(target) + 1} characters")
    if target and len(target) < len(source) and source.endswith(target):
        lead = source[: -len(target)]
        what = "leading zeros lost" if set(lead) == {"0"} else f"first {len(lead)} characters lost"
        return Cause(CauseKind.TRUNCATION, 90, what)
    return None


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _sign(source: str, target: str) -> Cause | None:
    first, second = _number(source), _number(target)
    if first is None or second is None or not first or first != -second:
        return None
    return Cause(CauseKind.SIGN, 100, "sign turned")


def _scale(source: str, target: str) -> Cause | None:
    first, second = _number(source), _number(target)
    if first is None or second is None or not first or not second:
        return None
    for power in (2, 1, 3, 4, 6):
        factor = Decimal(10) ** power
        if first * factor == second:
            return Cause(CauseKind.SCALE, 98, f"multiplied by {factor}")
        if second * factor == first:
            return Cause(CauseKind.SCALE, 98, f"divided by {factor}")
    return None


def _rounding(source: str, target: str) -> Cause | None:
    first, second = _number(source), _number(target)
    if first is None or second is None:
        return None
    places = _places(second)
    if places >= _places(first) or first.adjusted() > _MOST_DIGITS:
        return None
    unit = Decimal(1).scaleb(-places)
    what = "to whole numbers" if places == 0 else f"to {places} decimals"
    for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN):
        if first.quantize(unit, rounding) == second:
            return Cause(CauseKind.ROUNDING, 97, f"rounded {what}")
    if first.quantize(unit, ROUND_DOWN) == second:
        return Cause(CauseKind.TRUNCATION, 97, f"cut {what}")
    # Trailing zeros hide how many decimals were kept: 1.2034 to two decimals prints 1.2.
    for finer in range(places + 1, min(_places(first), places + 4)):
        if first.quantize(Decimal(1).scaleb(-finer), ROUND_HALF_UP) == second:
            return Cause(CauseKind.ROUNDING, 90, f"rounded to {finer} decimals")
    return None


_MOST_DIGITS = 20


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _as_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _date_swap(source: str, target: str) -> Cause | None:
    first, second = _as_moment(source), _as_moment(target)
    if first is None or second is None or first.timetz() != second.timetz():
        return None
    if (first.year, first.month, first.day) == (second.year, second.day, second.month):
        return Cause(CauseKind.DATE_PART_SWAP, 99, "month and day swapped")
    crossed = first.day == second.year % 100 and first.year % 100 == second.day
    if crossed and first.month == second.month:
        return Cause(CauseKind.DATE_PART_SWAP, 95, "day and two-digit year swapped")
    if (first.month, first.day) == (second.month, second.day):
        years = second.year - first.year
        if years and years % 100 == 0:
            return Cause(CauseKind.DATE_PART_SWAP, 95, f"century moved by {years:+d} years")
    return None


def _zone_shift(source: str, target: str) -> Cause | None:
    first, second = _as_moment(source), _as_moment(target)
    if first is None or second is None:
        return None
    shift = second - first
    minutes, rest = divmod(shift, timedelta(minutes=1))
    if rest or minutes % 15 or not 0 < abs(minutes) <= _WHOLE_ZONES:
        return None
    hours, quarter = divmod(abs(minutes), 60)
    sure = 97 if minutes % 60 == 0 else 85
    sign = "+" if minutes > 0 else "-"
    return Cause(CauseKind.TIME_ZONE_SHIFT, sure, f"shifted by {sign}{hours:02d}:{quarter:02d}")


def _day_shift(source: str, target: str) -> Cause | None:
    """A day earlier or later is what a shift of hours leaves of a date."""
    first, second = _as_date(source), _as_date(target)
    if first is None or second is None or abs((second - first).days) != 1:
        return None
    moved = "later" if second > first else "earlier"
    return Cause(CauseKind.TIME_ZONE_SHIFT, 75, f"one day {moved}")


def _time_cut(source: str, target: str) -> Cause | None:
    """Fractions, seconds or the time of day lost."""
    first, second = _as_moment(source), _as_moment(target)
    if first is None or second is None or first == second:
        return _fraction_cut(source, target)
    if second == first.replace(microsecond=0):
        return Cause(CauseKind.TRUNCATION, 99, "fraction of a second cut")
    coarse = first.microsecond and second.microsecond and second.microsecond % 1000 == 0
    if coarse and abs(second - first) < timedelta(milliseconds=1):
        cut = second.microsecond == first.microsecond // 1000 * 1000
        kind = CauseKind.TRUNCATION if cut else CauseKind.ROUNDING
        return Cause(kind, 97, "to milliseconds")
    if second == first.replace(hour=0, minute=0, second=0, microsecond=0):
        return Cause(CauseKind.TRUNCATION, 97, "time of day cut")
    if second == first.replace(second=0, microsecond=0):
        return Cause(CauseKind.TRUNCATION, 95, "seconds cut")
    near = abs(second - first) <= timedelta(milliseconds=500)
    if first.microsecond and near and not second.microsecond:
        return Cause(CauseKind.ROUNDING, 97, "rounded to whole seconds")
    return None


def _fraction_cut(source: str, target: str) -> Cause | None:
    """Digits below a microsecond, which no clock of ours can hold, compared as text."""
    if target and source.startswith(target) and "." in source[: len(target) + 1]:
        return Cause(CauseKind.TRUNCATION, 99, "fraction of a second cut")
    whole, _, digits = source.partition(".")
    if len(digits) > 6 and target.partition(".")[0] == whole:
        return Cause(CauseKind.ROUNDING, 95, "rounded to microseconds")
    return None


_TEXT_RULES: tuple[Rule, ...] = (_whitespace, _case, _encoding, _truncation)
_NUMBER_RULES: tuple[Rule, ...] = (_sign, _scale, _rounding)
_MOMENT_RULES: tuple[Rule, ...] = (_date_swap, _time_cut, _zone_shift)


def _text_as_date(source: str, target: str) -> Cause | None:
    """Dates kept as text: the parts of one are those of the other in another order."""
    first, second = re.split(r"[-/.]", source), re.split(r"[-/.]", target)
    if len(first) == len(second) == 3 and all(part.isdigit() for part in (*first, *second)):
        for i, j in ((0, 1), (1, 2)):
            turned = list(first)
            turned[i], turned[j] = turned[j], turned[i]
            if turned == second and len(first[i]) == len(first[j]) == 2:
                return Cause(CauseKind.DATE_PART_SWAP, 95, "month and day swapped")
    return None


_RULES: dict[ValueKind, tuple[Rule, ...]] = {
    ValueKind.TEXT: (*_TEXT_RULES[:3], _text_as_date, _truncation),
    ValueKind.NUMBER: _NUMBER_RULES,
    ValueKind.DATE: (_date_swap, _day_shift),
    ValueKind.MOMENT: _MOMENT_RULES,
    ValueKind.OTHER: (),
}


class Classifier:
    """Classifies the values of one field, remembering pairs that come again and again."""

    def __init__(self, context: Context, *, remembered: int = 20_000) -> None:
        self._classify = lru_cache(maxsize=remembered)(
            lambda source, target: classify(source, target, context)
        )

    def __call__(self, source: str | None, target: str | None) -> Cause:
        return self._classify(source, target)
