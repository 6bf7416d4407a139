"""Causes in plain words: a label for tables and a sentence for one exception."""

from __future__ import annotations

from components.exceptions.cause_kinds import Cause, CauseKind

LABELS: dict[CauseKind, str] = {
    CauseKind.NULL_OUT: "value lost",
    CauseKind.FILL_IN: "value filled in",
    CauseKind.TRUNCATION: "truncation",
    CauseKind.ROUNDING: "rounding",
    CauseKind.TIME_ZONE_SHIFT: "time-zone shift",
    CauseKind.DATE_PART_SWAP: "date-part swap",
    CauseKind.WHITESPACE: "white space",
    CauseKind.CASE: "upper and lower case",
    CauseKind.ENCODING: "encoding",
    CauseKind.SIGN: "sign",
    CauseKind.SCALE: "scale",
    CauseKind.CODE_MAPPING: "code mapping",
    CauseKind.DEFAULT: "default in place of a value",
    CauseKind.OTHER: "unexplained",
    CauseKind.MISSING: "record missing",
    CauseKind.EXTRA: "record without a source",
    CauseKind.LOST_COPY: "repeated record lost",
    CauseKind.SURPLUS_COPY: "record loaded more often than it stands in the source",
}
_SENTENCES: dict[CauseKind, str] = {
    CauseKind.NULL_OUT: "The source has a value; the target has none.",
    CauseKind.FILL_IN: "The source has no value; the target has one.",
    CauseKind.TRUNCATION: "The target holds a part of the source's value only.",
    CauseKind.ROUNDING: "The target holds the source's value rounded.",
    CauseKind.TIME_ZONE_SHIFT: "The same moment read in two time zones.",
    CauseKind.DATE_PART_SWAP: "Parts of the date changed places.",
    CauseKind.WHITESPACE: "The values differ in white space alone.",
    CauseKind.CASE: "The values differ in upper and lower case alone.",
    CauseKind.ENCODING: "The same letters, read or written in another encoding.",
    CauseKind.SIGN: "The same amount with the opposite sign.",
    CauseKind.SCALE: "The same digits at another scale.",
    CauseKind.CODE_MAPPING: "The code was translated otherwise than declared.",
    CauseKind.DEFAULT: "A default value stands where the source has none or another.",
    CauseKind.OTHER: "No known transformation leads from the source's value to the target's.",
    CauseKind.MISSING: "The record of the source is not in the target.",
    CauseKind.EXTRA: "The record of the target is not in the source.",
    CauseKind.LOST_COPY: "The source holds this record more often than the target.",
    CauseKind.SURPLUS_COPY: "The target holds this record more often than the source.",
}
_CERTAIN = 99


def sentence(cause: Cause) -> str:
    """What happened to one value or record, with the rule and how sure it is."""
    text = _SENTENCES[cause.kind]
    rule = f" Rule: {cause.signature}." if cause.signature else ""
    doubt = "" if cause.confidence >= _CERTAIN else f" Confidence {cause.confidence}%."
    return f"{text}{rule}{doubt}"


def short(kind: CauseKind, signature: str) -> str:
    """The transformation where it is known, else the name of the class."""
    return signature or LABELS[kind]
