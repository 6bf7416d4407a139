"""Google's Data Validation Tool: its results judged again, in exact decimals.

The tool compares in single precision: 209,715,212.01 and 209,715,215.02 are one number to it. Its
status and its difference are kept and never believed; the printed values are compared as they
stand, with the threshold that the tool was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum

from dashboard.imports.reading import Results, Row
from queries.errors import InvalidInputError

COLUMNS = (
    "validation_name",
    "validation_type",
    "aggregation_type",
    "source_table_name",
    "source_column_name",
    "source_agg_value",
    "target_table_name",
    "target_column_name",
    "target_agg_value",
    "group_by_columns",
    "primary_keys",
    "num_random_rows",
    "difference",
    "pct_difference",
    "pct_threshold",
    "validation_status",
    "run_id",
    "labels",
    "start_time",
    "end_time",
)
_PASSED, _FAILED = "success", "fail"
_EXACT = Context(prec=2_000)


class Judgement(StrEnum):
    """What the printed values say, whatever the tool said."""

    EQUAL = "equal"
    TOLERATED = "tolerated"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Total:
    """One validation of the tool, judged again.

    ``difference`` is target − source, exact; None where a side is no number. ``false_pass``: the
    tool said success although the sides differ by more than its threshold, or printed another
    difference than there is. ``false_alarm``: it said fail although they do not.
    """

    row: Row
    difference: Decimal | None
    judgement: Judgement
    false_pass: bool
    false_alarm: bool


def judge(results: Results) -> tuple[Total, ...]:
    """Judge every validation again.

    Raises:
        InvalidInputError: a threshold or a status that nobody can read; the message names the row.
    """
    return tuple(
        _total(row, results.where(position)) for position, row in enumerate(results.rows, start=1)
    )


def _total(row: Row, where: str) -> Total:
    threshold = _threshold(row["pct_threshold"], where)
    passed = _passed(row["validation_status"], where)
    source, target = row["source_agg_value"], row["target_agg_value"]
    first, second = _number(source), _number(target)
    if source is None and target is None:
        return Total(row, None, Judgement.UNKNOWN, False, False)
    if first is None or second is None:
        same = source == target
        judgement = Judgement.EQUAL if same else Judgement.DIFFERS
        return Total(row, None, judgement, passed and not same, not passed and same)
    difference = _EXACT.subtract(second, first)
    judgement = _judgement(first, difference, threshold)
    hidden = difference != 0 and _number(row["difference"]) == 0
    return Total(
        row,
        difference,
        judgement,
        false_pass=passed and (judgement is Judgement.DIFFERS or hidden),
        false_alarm=not passed and judgement is not Judgement.DIFFERS,
    )


def _judgement(source: Decimal, difference: Decimal, threshold: Decimal) -> Judgement:
    """|difference| · 100 ≤ threshold · |source|, without a division that would round."""
    if difference == 0:
        return Judgement.EQUAL
    allowed = _EXACT.multiply(threshold, source.copy_abs())
    within = _EXACT.multiply(difference.copy_abs(), Decimal(100)) <= allowed
    return Judgement.TOLERATED if within else Judgement.DIFFERS


def _threshold(text: str | None, where: str) -> Decimal:
    """The tool's threshold in per cent; none means 0."""
    if text is None:
        return Decimal(0)
    number = _number(text)
    if number is None or number < 0:
        raise InvalidInputError(
            f"{where}: pct_threshold is no number of 0 or more. Correct it, or export again."
        )
    return number


def _passed(text: str | None, where: str) -> bool:
    word = (text or "").strip().casefold()
    if word not in {_PASSED, _FAILED}:
        raise InvalidInputError(
            f"{where}: validation_status is neither success nor fail. Export the results again."
        )
    return word == _PASSED


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
