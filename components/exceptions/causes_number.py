"""Rules for numbers: sign, scale, rounding and digits cut off."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

from components.exceptions.cause_kinds import Cause, CauseKind, Rule


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


RULES: tuple[Rule, ...] = (_sign, _scale, _rounding)
"""From the most to the least specific."""
