"""Rules for texts: white space, case, encoding, truncation, and dates kept as text."""

from __future__ import annotations

import re
import unicodedata

from components.exceptions.cause_kinds import Cause, CauseKind, Rule

_MOJIBAKE = ("latin-1", "cp1252", "cp437", "cp850", "mac_roman")
_SPACE = re.compile(r"\s+")


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


RULES: tuple[Rule, ...] = (_whitespace, _case, _encoding, _text_as_date, _truncation)
"""From the most to the least specific."""
