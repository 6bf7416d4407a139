"""Every cause class is recognised, with its rule, and equal rules have equal signatures."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from components.exceptions.cause_kinds import Cause, CauseKind, Context, ValueKind
from components.exceptions.cause_words import LABELS, sentence
from components.exceptions.causes import classify
from components.exceptions.defects import CountedGroup, isolated, systematic

TEXT = Context(ValueKind.TEXT)
NUMBER = Context(ValueKind.NUMBER)
DATE = Context(ValueKind.DATE)
MOMENT = Context(ValueKind.MOMENT)


@pytest.mark.parametrize(
    ("context", "source", "target", "kind", "signature"),
    [
        (TEXT, "Ada", None, CauseKind.NULL_OUT, ""),
        (TEXT, None, "Ada", CauseKind.FILL_IN, ""),
        (DATE, None, "1900-01-01", CauseKind.DEFAULT, "empty became '1900-01-01'"),
        (
            TEXT,
            "Featherstonehaugh",
            "Featherstone",
            CauseKind.TRUNCATION,
            "cut after 12 characters",
        ),
        (TEXT, "00042", "42", CauseKind.TRUNCATION, "leading zeros lost"),
        (NUMBER, "12.3456", "12.35", CauseKind.ROUNDING, "rounded to 2 decimals"),
        (NUMBER, "12.3456", "12.34", CauseKind.TRUNCATION, "cut to 2 decimals"),
        (NUMBER, "12.3", "-12.3", CauseKind.SIGN, "sign turned"),
        (NUMBER, "12.5", "1250", CauseKind.SCALE, "multiplied by 100"),
        (NUMBER, "1250", "12.5", CauseKind.SCALE, "divided by 100"),
        (DATE, "1961-04-11", "1961-11-04", CauseKind.DATE_PART_SWAP, "month and day swapped"),
        (TEXT, "04/11/1961", "11/04/1961", CauseKind.DATE_PART_SWAP, "month and day swapped"),
        (DATE, "1961-04-11", "1961-04-10", CauseKind.TIME_ZONE_SHIFT, "one day earlier"),
        (
            MOMENT,
            "2024-03-01 22:15:00",
            "2024-03-02 03:15:00",
            CauseKind.TIME_ZONE_SHIFT,
            "shifted by +05:00",
        ),
        (
            MOMENT,
            "2024-03-01 22:15:00.25",
            "2024-03-01 22:15:00",
            CauseKind.TRUNCATION,
            "fraction of a second cut",
        ),
        (
            MOMENT,
            "2024-03-01 22:15:00.1234567",
            "2024-03-01 22:15:00.123456",
            CauseKind.TRUNCATION,
            "fraction of a second cut",
        ),
        (TEXT, "Edinburgh ", "Edinburgh", CauseKind.WHITESPACE, "trailing white space removed"),
        (TEXT, "McKay", "MCKAY", CauseKind.CASE, "became upper case"),
        (TEXT, "José", "JosÃ©", CauseKind.ENCODING, "UTF-8 read as Latin-1"),
        (TEXT, "Zoë", "Zo?", CauseKind.ENCODING, "letters outside ASCII replaced by a mark"),
        (TEXT, "Zoë", "Zoe", CauseKind.ENCODING, "accents removed"),
        (TEXT, "A1", "B1", CauseKind.CODE_MAPPING, "'A1' became 'B1'"),
        (TEXT, "Ada", "Unknown", CauseKind.DEFAULT, "became 'Unknown'"),
        (NUMBER, "17", "23", CauseKind.OTHER, ""),
        (TEXT, "Ada", "Grace", CauseKind.OTHER, ""),
    ],
)
def test_each_class_is_recognised(
    context: Context, source: str | None, target: str | None, kind: CauseKind, signature: str
) -> None:
    cause = classify(source, target, context)
    assert (cause.kind, cause.signature) == (kind, signature)
    assert 0 < cause.confidence <= 100


def test_a_declared_default_is_more_certain_than_a_guessed_one() -> None:
    declared = Context(ValueKind.DATE, defaults=frozenset({"1899-01-01"}))
    assert classify(None, "1899-01-01", declared) == Cause(
        CauseKind.DEFAULT, 100, "empty became '1899-01-01'"
    )
    assert classify(None, "1900-01-01", declared).confidence < 100


def test_a_field_with_a_code_map_has_wrong_codes() -> None:
    coded = Context(ValueKind.TEXT, codes={"A": "active member"})
    assert classify("active member", "retired", coded).kind is CauseKind.CODE_MAPPING


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_every_visible_swap_of_month_and_day_is_found(day: date) -> None:
    assume(day.day <= 12 and day.day != day.month)
    swapped = day.replace(month=day.day, day=day.month)
    assert classify(str(day), str(swapped), DATE).kind is CauseKind.DATE_PART_SWAP


@given(
    st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
    st.integers(-13, 14).filter(bool),
)
def test_every_shift_of_whole_hours_is_one_signature(moment: object, hours: int) -> None:
    try:
        shifted = moment + timedelta(hours=hours)
    except OverflowError:
        return
    cause = classify(str(moment), str(shifted), MOMENT)
    # Midnight may be the time of day cut just as well.
    if cause.kind is CauseKind.TIME_ZONE_SHIFT:
        assert cause.signature == f"shifted by {hours:+03d}:00"
    else:
        assert cause.kind is CauseKind.TRUNCATION


@given(st.text(), st.text(), st.sampled_from(ValueKind))
def test_anything_gets_a_cause_and_a_sentence(source: str, target: str, kind: ValueKind) -> None:
    assume(source != target)
    cause = classify(source, target, Context(kind))
    assert sentence(cause).endswith(".")


@given(st.decimals(allow_nan=True, allow_infinity=True), st.decimals(allow_nan=True))
def test_no_number_breaks_the_rules(source: Decimal, target: Decimal) -> None:
    classify(str(source), str(target), NUMBER)


def test_every_class_has_a_label() -> None:
    assert set(LABELS) == set(CauseKind)


def group(field: str, cause: CauseKind, signature: str, count: int, batch: str) -> CountedGroup:
    return CountedGroup("members", field, cause, signature, batch, "PENSYS", count)


def test_one_rule_is_said_once_with_its_share() -> None:
    swap = CauseKind.DATE_PART_SWAP
    groups = [
        group("birth_date", swap, "month and day swapped", 9_800, "17"),
        group("birth_date", swap, "month and day swapped", 12, "18"),
        group("name", CauseKind.OTHER, "", 27, "17"),
        group("city", CauseKind.OTHER, "", 1, "17"),
    ]
    found = systematic(groups)
    assert found[0].sentence == (
        "9,812 of 9,840 differences are one rule: members.birth_date, month and day swapped, "
        "batch 17, source PENSYS (99.7%)."
    )
    assert [defect.count for defect in found] == [9_812, 27]
    assert isolated(groups) == 1


def test_one_rule_over_two_tables_is_one_defect_and_two_losses_are_two() -> None:
    trailing = (CauseKind.WHITESPACE, "trailing white space removed")
    groups = [
        CountedGroup("customer", "city", *trailing, None, None, 1),
        CountedGroup("invoice", "billing_city", *trailing, None, None, 7),
        group("plan", CauseKind.NULL_OUT, "", 3, "1"),
        group("tax_reference", CauseKind.NULL_OUT, "", 4, "2"),
    ]
    found = systematic(groups)
    assert [(defect.cause, defect.count) for defect in found] == [
        (CauseKind.WHITESPACE, 8),
        (CauseKind.NULL_OUT, 4),
        (CauseKind.NULL_OUT, 3),
    ]
    assert found[0].fields == ("invoice.billing_city", "customer.city")


@given(st.lists(st.integers(1, 1000), max_size=8))
def test_explained_and_isolated_are_everything(counts: list[int]) -> None:
    groups = [
        group(f"f{i % 3}", CauseKind.OTHER, "", count, str(i)) for i, count in enumerate(counts)
    ]
    explained = sum(defect.count for defect in systematic(groups))
    assert explained + isolated(groups) == sum(counts)
