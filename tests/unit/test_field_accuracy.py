"""Field accuracy: bounds, judgement, claim beside recount."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from components.field_accuracy import figures, tables, words
from components.field_accuracy.assess import (
    Accuracy,
    Field,
    Limits,
    accuracy,
    claimed,
    limits,
)
from components.gates.policy import load_policy
from components.gates.status import Status
from components.statistics.finite_population import sampled_share
from components.statistics.intervals import clopper_pearson
from queries.errors import InvalidInputError
from queries.field_accuracy import ReportedRow
from queries.reconciliation_results import FieldRow, RunRow

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LIMITS = Limits(Decimal(0), Decimal("0.0001"))
FULL = ReportedRow("members", "plan", False, 6, 60_000, 0, 0, 0, 0, 0, NOW)
SAMPLE = ReportedRow("members", "plan", False, 6, 0, 0, 60_000, 12_000, 0, 0, NOW)
PAIR = RunRow(
    7, "rise", "members", "one database", "completed", NOW, NOW, "legacy.members",
    "rise.members", None, None, 60_000, 60_000, 0, 0, 1, 1, 60_000, 0,
)  # fmt: skip


def one(row: ReportedRow, own: FieldRow | None = None) -> Field:
    pairs, recounted = ((PAIR,), (own,)) if own is not None else ((), ())
    return accuracy((row,), pairs, recounted, LIMITS).fields[0]


def counted(differing: int, *, critical: bool = False) -> FieldRow:
    return FieldRow(7, "members", "plan", critical, 60_000, differing)


def test_the_exact_bound_of_a_small_population() -> None:
    """Cochran's problem, counted out: none of 5 drawn from 20 leaves up to 9 of them open."""
    found = sampled_share(0, 5, 20)
    assert found.low == 0
    assert found.high == 9 / 20
    assert hypergeom.cdf(0, 20, 9, 5) == pytest.approx(462 / 15_504)  # C(11, 5) / C(20, 5)
    assert hypergeom.cdf(0, 20, 10, 5) < 0.025


@given(
    st.integers(1, 60).flatmap(
        lambda population: st.integers(1, population).flatmap(
            lambda n: st.tuples(st.integers(0, n), st.just(n), st.just(population))
        )
    )
)
def test_the_bound_keeps_every_credible_population(drawn: tuple[int, int, int]) -> None:
    successes, n, population = drawn
    found = sampled_share(successes, n, population)
    credible = [
        k
        for k in range(successes, population - (n - successes) + 1)
        if hypergeom.cdf(successes, population, k, n) > 0.025
        and hypergeom.sf(successes - 1, population, k, n) > 0.025
    ]
    assert credible
    assert (found.low, found.high) == (credible[0] / population, credible[-1] / population)


def test_a_population_drawn_completely_has_no_error_and_a_large_one_is_endless() -> None:
    assert sampled_share(3, 50, 50).low == sampled_share(3, 50, 50).high == 3 / 50
    assert sampled_share(2, 1_000, 5_000_000) == clopper_pearson(2, 1_000)
    small, large = sampled_share(2, 1_000, 2_000), clopper_pearson(2, 1_000)
    assert large.low < small.low < small.high < large.high


@pytest.mark.parametrize("drawn", [(0, 0, 5), (3, 2, 5), (0, 6, 5), (-1, 2, 5)])
def test_what_is_no_sample_is_refused(drawn: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInputError):
        sampled_share(*drawn)


def test_a_full_comparison_has_no_bound_and_says_so() -> None:
    count = claimed(replace(FULL, full_differing=3))
    assert (count.low, count.high) == (None, None)
    assert words.coverage(count) == "full comparison, no sampling error"


def test_a_sample_says_what_it_leaves_open() -> None:
    count = claimed(SAMPLE)
    assert count.high == sampled_share(0, 12_000, 60_000).high
    assert "sample of 12,000 from 60,000 (20.0%)" in words.coverage(count)
    assert "16 values" in words.coverage(count)


def test_only_the_sampled_batches_are_uncertain() -> None:
    row = replace(SAMPLE, full_compared=40_000, full_differing=10)
    count = claimed(row)
    bound = sampled_share(0, 12_000, 60_000)
    assert count.low == pytest.approx(10 / 100_000)
    assert count.high == pytest.approx((10 + bound.high * 60_000) / 100_000)


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (FULL, Status.PASS),
        (replace(FULL, full_differing=6), Status.PASS),
        (replace(FULL, full_differing=7), Status.FAIL),
        (replace(FULL, critical=True), Status.PASS),
        (replace(FULL, critical=True, full_differing=1), Status.FAIL),
        (replace(SAMPLE, critical=True), Status.WARN),
        (SAMPLE, Status.WARN),
        (replace(SAMPLE, sampled=58_000), Status.PASS),
        (replace(SAMPLE, sample_differing=2), Status.FAIL),
        (replace(SAMPLE, sampled=0), Status.NO_DATA),
        (replace(FULL, full_compared=0), Status.NO_DATA),
    ],
)
def test_judgement(row: ReportedRow, status: Status) -> None:
    assert one(row).status is status


def test_without_limits_nothing_passes() -> None:
    assert accuracy((FULL,), (), (), None).fields[0].status is Status.NO_DATA


def test_the_shipped_policy_has_both_limits() -> None:
    assert limits(load_policy()) == LIMITS


def test_our_recount_is_judged_before_the_claim() -> None:
    field = one(FULL, counted(64))
    assert field.status is Status.FAIL
    assert field.agrees is False
    assert words.verdict(field) == "contradicts: claims too few"


def test_a_sample_agrees_where_it_could_have_shown_what_it_shows() -> None:
    """A fifth of the values: none of 5 differing ones seen is likely, none of 64 is not."""
    assert one(SAMPLE, counted(5)).agrees is True
    assert one(SAMPLE, counted(64)).agrees is False


def test_a_field_that_only_we_compared() -> None:
    found = accuracy((), (PAIR,), (counted(0), replace(counted(4), field="status")), LIMITS)
    agrees = {field.name: field.agrees for field in found.fields}
    assert agrees == {"plan": None, "status": False}


def test_tables_with_one_name_in_two_schemas_are_kept_apart() -> None:
    rows = (replace(FULL, table_name="a.members"), replace(FULL, table_name="b.members"))
    assert {field.table for field in accuracy(rows, (), (), LIMITS).fields} == {
        "a.members",
        "b.members",
    }


def found(*rows: ReportedRow) -> Accuracy:
    return accuracy(rows, (PAIR,), (counted(64),), LIMITS)


def test_contradictions_stand_first_and_the_answer_names_them() -> None:
    planted = found(FULL, replace(FULL, field="annual_salary", critical=True, full_differing=2))
    assert tables.claim_frame(planted)["Field"].tolist() == ["plan", "annual_salary"]
    sentence = words.answer("Live load live-1", planted)
    assert "2 of 2 fields are over their limit; critical: members.annual_salary" in sentence
    assert "claim about members.plan contradicts what we counted" in sentence


def test_the_answer_of_clean_fields() -> None:
    clean = accuracy((FULL,), (PAIR,), (counted(0),), LIMITS)
    assert words.answer("Live load live-1", clean) == (
        "Live load live-1: none of 1 fields is over its limit. "
        "The pipeline's claim agrees with our recount of 1 fields."
    )


def test_the_heat_map_says_counts_marks_critical_fields_and_has_words() -> None:
    planted = found(FULL, replace(FULL, field="status", critical=True))
    texts = list(figures.heat_map(planted, LIMITS).data[1].text)
    assert "✕ 64 of 60,000" in texts
    assert "◆ ✓ 0 of 60,000" in texts
    assert "members.plan 64 of 60,000 (0.11%)" in figures.heat_map_alt(planted)


def test_a_cause_that_is_no_class_of_ours_stays_as_it_was_written() -> None:
    assert tables.cause("truncation") == "Truncation"
    assert tables.cause("gone_wrong") == "Gone wrong"
