"""How the pipeline names the way in which a target value differs from what it should be."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.sample.migration.mapping import CODE, DATE, MOMENT, MONEY, NUMBER, TEXT, Expression

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
DEFAULT_SUBSTITUTION = "default_substitution"
OTHER = "other"

PLACEHOLDER_DATE = "1900-01-01"
_HOUR_S = 3600
_LARGEST_SHIFT_S = 14 * _HOUR_S


def cause(kind: str, source: Expression, target: Expression) -> sa.ColumnElement[str]:
    """The cause class of a difference, from the two values alone."""
    placeholder = sa.cast(target, sa.Text) == PLACEHOLDER_DATE
    return sa.case(
        (target.is_(None), NULL_OUT),
        (placeholder, DEFAULT_SUBSTITUTION),
        (source.is_(None), FILL_IN),
        *_by_kind(kind, source, target),
        else_=OTHER,
    )


def _by_kind(
    kind: str, source: Expression, target: Expression
) -> list[tuple[sa.ColumnElement[bool], str]]:
    func = sa.func
    if kind == CODE:
        return [(sa.true(), CODE_MAPPING)]
    if kind == TEXT:
        misread = func.convert_from(func.convert_to(source, "UTF8"), "LATIN1")
        return [
            (func.trim(target) == func.trim(source), WHITESPACE),
            (func.lower(target) == func.lower(source), CASE),
            (func.starts_with(source, target), TRUNCATION),
            (target == misread, ENCODING),
        ]
    if kind == DATE:
        swapped = func.to_char(source, "YYYYDDMM") == func.to_char(target, "YYYYMMDD")
        return [(swapped, DATE_PART_SWAP)]
    if kind == MOMENT:
        apart = sa.cast(func.abs(sa.extract("epoch", source - target)), sa.BigInteger)
        whole_hours = sa.and_(apart % _HOUR_S == 0, apart <= _LARGEST_SHIFT_S)
        return [(whole_hours, TIME_ZONE_SHIFT)]
    if kind in (MONEY, NUMBER):
        return [
            (target == -source, SIGN),
            (target * 100 == source, SCALE),
            (target == source * 100, SCALE),
            (target == func.round(source, 2), ROUNDING),
        ]
    raise ValueError(f"No cause is known for values of the kind {kind}.")
