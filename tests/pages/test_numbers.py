"""Numbers on a screen: exact counts, no digit too many, nothing rounded into certainty."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.layout import glossary, numbers


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (18, 1_204_512, "18 of 1,204,512 (0.0015%)"),
        (0, 4110, "0 of 4,110"),
        (4110, 4110, "4,110 of 4,110 (100%)"),
        (0, 0, "0 of 0"),
        (1, 2, "1 of 2 (50%)"),
        (48_123, 115_000, "48,123 of 115,000 (41.8%)"),
    ],
)
def test_shares(part: int, whole: int, text: str) -> None:
    assert numbers.share(part, whole) == text


@given(st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_only_nothing_is_nothing_and_only_everything_is_everything(pair: tuple[int, int]) -> None:
    part, whole = pair

    text = numbers.share(part, whole)

    assert text.endswith("(100%)") == (part == whole)
    assert ("%" not in text) == (part == 0)
    if 0 < part < whole and part / whole > 1e-6 and 1 - part / whole > 1e-6:
        assert "(0%)" not in text
        assert not text.endswith(("(0.0%)", "(100.0%)"))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_not_finite_is_a_dash(value: float | None) -> None:
    assert numbers.milliseconds(value) == numbers.MISSING
    assert numbers.proportion_text(value) == numbers.MISSING
    assert numbers.decimal(value) == numbers.MISSING
    assert numbers.interval(value, 1.0) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234.5"), "$1,234.50"),
        (Decimal("-3"), "−$3.00"),
        (Decimal("0.00020"), "$0.0002"),
        (Decimal(0), "$0.00"),
        (Decimal("NaN"), numbers.MISSING),
    ],
)
def test_money(value: Decimal, text: str) -> None:
    assert numbers.money(value) == text


def test_times_are_absolute_and_relative() -> None:
    now = datetime(2026, 11, 20, 16, 5, tzinfo=UTC)

    assert numbers.moment(now - timedelta(hours=2), now) == "20 Nov 2026, 14:05 UTC (2 h ago)"
    assert numbers.age(now + timedelta(days=1), now) == "in the future"
    assert numbers.day(datetime(2026, 11, 1, tzinfo=UTC)) == "1 Nov 2026"


def test_an_interval_has_the_digits_of_its_width() -> None:
    assert numbers.interval(0.412, 0.424) == "95% interval 41.2% to 42.4%"


def test_the_glossary_refuses_unknown_words() -> None:
    with pytest.raises(KeyError):
        glossary.help_for("synergy")


def test_the_glossary_is_plain_text_in_order() -> None:
    terms = [term for term, _ in glossary.ordered()]

    assert terms == sorted(terms, key=str.casefold)
    assert all(meaning.endswith(".") for _, meaning in glossary.ordered())
