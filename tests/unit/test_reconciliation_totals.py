"""Control totals: exact differences, and a tool that is never trusted."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.reconciliation.assess_evidence import totals_sentence
from components.reconciliation.assess_totals import exact_sum, total, totals
from components.reconciliation.tables import amount, total_frame
from queries.migration_rows import TotalRow


def row(source: Decimal | None, target: Decimal | None, **changes) -> TotalRow:
    values = {
        "total_id": "1",
        "batch_id": "b",
        "name": "sum__amount",
        "aggregation": "sum",
        "source_table": "legacy.c",
        "source_column": "amount",
        "target_table": "rise.c",
        "target_column": "amount",
        "grouped_by": None,
        "unit": "USD",
        "source_value": source,
        "target_value": target,
        "source_printed": None,
        "target_printed": None,
        "difference": None,
        "tool_status": "success",
        "taken_at": datetime(2026, 10, 1, tzinfo=UTC),
        **changes,
    }
    return TotalRow(**values)


money = st.decimals("-1e40", "1e40", places=4)


@given(money, money)
def test_the_difference_is_exact_whatever_the_size(source, target):
    found = total(row(source, target))
    assert found.difference is not None
    assert Fraction(found.difference) == Fraction(target) - Fraction(source)
    assert found.differs is (source != target)


@given(st.lists(money))
def test_sums_are_exact(numbers):
    assert Fraction(exact_sum(numbers)) == sum(map(Fraction, numbers))


def test_a_cent_in_a_quarter_billion_is_seen_where_single_precision_sees_none():
    found = total(row(Decimal("209715212.01"), Decimal("209715215.02")))
    assert found.difference == Decimal("3.01")
    assert found.disagreement


@pytest.mark.parametrize(
    ("status", "passed"),
    [("success", True), (" PASS ", True), ("fail", False), ("Failed", False), ("maybe", None)],
)
def test_the_tools_verdict_is_read_in_its_dialects(status, passed):
    assert total(row(Decimal(1), Decimal(1), tool_status=status)).tool_passed is passed


def test_a_tool_that_fails_an_equality_disagrees_too():
    assert total(row(Decimal(1), Decimal(1), tool_status="fail")).disagreement
    assert not total(row(Decimal(1), Decimal(1), tool_status=None)).disagreement


@pytest.mark.parametrize("number", [None, Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_number_cannot_be_compared(number):
    found = total(row(number, Decimal(1)))
    assert found.differs is None
    assert not found.disagreement
    assert totals([row(number, Decimal(1))]).unknown


def test_printed_values_stand_in_and_are_marked():
    found = total(row(None, Decimal("2.5"), source_printed=" 2.25 "))
    assert found.difference == Decimal("0.25")
    assert found.printed
    assert total(row(None, Decimal(1), source_printed="n/a")).difference is None
    assert total(row(None, Decimal(1), source_printed="nan")).difference is None


def test_contradictions_come_first_then_differences_by_size():
    found = totals(
        [
            row(Decimal(1), Decimal(1), total_id="equal"),
            row(None, None, total_id="unknown"),
            row(Decimal(1), Decimal(9), total_id="large", tool_status="fail"),
            row(Decimal(1), Decimal(2), total_id="small", tool_status="fail"),
            row(Decimal(1), Decimal("1.01"), total_id="hidden"),
        ]
    )
    order = [item.row.total_id for item in found.totals]
    assert order == ["hidden", "large", "small", "unknown", "equal"]


def test_net_cancels_and_gross_does_not():
    found = totals([row(Decimal(1), Decimal(6)), row(Decimal(6), Decimal(1), batch_id="c")])
    (group,) = found.groups
    assert (group.net, group.gross, group.differing, group.passed_by_tool) == (0, 10, 2, 2)


def test_minima_do_not_add_up():
    (group,) = totals([row(Decimal(1), Decimal(6), aggregation="min")]).groups
    assert (group.net, group.gross, group.differing) == (None, None, 1)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no control totals were taken"),
        ([row(Decimal(1), Decimal(1))], "all 1 control totals agree exactly"),
        ([row(Decimal(1), None)], "no control total differs, 1 cannot be compared"),
        (
            [row(Decimal(1), Decimal(2))],
            "1 of 1 control totals differs, and the tool reported it as success",
        ),
        ([row(Decimal(1), Decimal(2), tool_status="fail")], "1 of 1 control totals differs"),
    ],
)
def test_the_sentence_says_what_the_tool_hid(rows, words):
    assert totals_sentence(totals(rows)) == words


def test_the_table_says_where_the_tool_is_wrong():
    frame = total_frame(totals([row(Decimal("1.00"), Decimal("1.01"))]).totals)
    assert frame.iloc[0][["Recomputed", "The tool says", "Difference"]].to_list() == [
        "✕ differs",
        "success: wrong",
        "+0.01",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (Decimal("NaN"), "–"),
        (Decimal("1234.5000"), "1,234.5000"),
        (Decimal("1E+3"), "1,000"),
        (Decimal("1E+99999"), "1.000000e+99999"),
        (Decimal("-0.1"), "−0.1"),
    ],
)
def test_amounts_keep_their_decimals_and_never_flood_the_screen(value, text):
    assert amount(value) == text
