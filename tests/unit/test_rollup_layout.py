"""Edges from a reference: every value of it has a bin, a point mass its own, and ids by content."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import accumulate, pairwise
from math import inf, nextafter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.refresh.build import runs
from queries.drift_rows import FIRST, Histograms, Variable, VariableKind
from queries.rollup_layout import (
    MOST_EXACT,
    QUANTILE_BINS,
    Cut,
    NumberProfile,
    assemble,
    category,
    edges_of,
    joint,
    number,
    variable_from_json,
    variables_json,
)
from queries.rollup_partitions import Partitions, _range
from queries.rollup_vectors import from_array, from_arrays, to_array

NOW = datetime(2026, 11, 20, tzinfo=UTC)
_finite = st.floats(-1e12, 1e12)
_numbers = st.lists(_finite | st.sampled_from([0.0, 1.0]), min_size=1, max_size=300)
_whole = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=300)


def _profile(values: list[float]) -> NumberProfile:
    """The reference's profile as the statement in ``rollup_reference`` defines it."""
    counted = sorted(Counter(values).items())
    upto = list(accumulate(n for _, n in counted))
    total = upto[-1]
    cuts = []
    for (value, n), after in zip(counted, upto, strict=True):
        reached = QUANTILE_BINS * after // total - QUANTILE_BINS * (after - n) // total
        if reached or len(counted) <= MOST_EXACT:
            cuts.append(Cut(value, reached))
    whole = all(value == int(value) for value in values)
    return NumberProfile(tuple(cuts), len(counted), counted[0][0], whole, 0.0, 1.0)


@given(_numbers | _whole)
def test_every_value_of_the_reference_lies_between_the_edges(values: list[float]) -> None:
    edges = edges_of(_profile(values))
    assert all(low < high for low, high in pairwise(edges))
    assert edges[0] == min(values)
    assert all(1 <= bisect_right(edges, value) <= len(edges) - 1 for value in values)


@given(_numbers | _whole)
def test_no_bin_of_several_values_holds_much_more_than_two_shares(values: list[float]) -> None:
    edges = edges_of(_profile(values))
    bins: dict[int, Counter[float]] = {}
    for value in values:
        bins.setdefault(bisect_right(edges, value), Counter())[value] += 1
    share = len(values) / QUANTILE_BINS
    for held in bins.values():
        if len(held) > 1:
            assert sum(held.values()) <= 2 * share + max(held.values())


@given(st.floats(0.0, 1e6), st.lists(st.floats(0.5, 100), min_size=40, max_size=100))
def test_a_point_mass_is_alone_in_its_bin(mass: float, others: list[float]) -> None:
    edges = edges_of(_profile([mass] * (2 * len(others)) + others))
    if not float(mass).is_integer():
        assert (mass, nextafter(mass, inf)) in set(pairwise(edges))
    inside = {value for value in others if bisect_right(edges, value) == bisect_right(edges, mass)}
    assert inside <= {mass}


def test_labels_say_what_a_bin_holds() -> None:
    rain = number("feature:rain", _profile([0.0] * 70 + [round(0.1 * i, 1) for i in range(1, 61)]))
    labels = rain.bin_labels()
    assert len(labels) == rain.width
    assert labels[:4] == ("missing", "unusable", "below 0", "0")
    assert labels[-1] == "above 6"
    hour = number("feature:hour", _profile([float(hour) for hour in range(24)]))
    assert hour.bin_labels()[3:5] == ("0", "1")
    assert hour.bin_labels()[-2:] == ("23", "above 23")


@given(_numbers, st.lists(st.text(max_size=20), max_size=10, unique=True))
def test_variables_come_back_to_the_bit(values: list[float], names: list[str]) -> None:
    variables = [number("feature:x", _profile(values), "number"), category("feature:y", names)]
    assert [variable_from_json(each) for each in variables_json(variables)] == variables


def test_the_id_is_that_of_the_content() -> None:
    def made(*variables: Variable) -> str:
        return assemble(variables, start=NOW, end=NOW, rows=1, created_at=NOW).edges_id

    one = category("feature:a", ["x", "y"])
    assert made(one) == made(replace(one, offset=7))
    assert made(one) != made(category("feature:a", ["y", "x"]))


def test_features_stand_first_and_nothing_overlaps() -> None:
    score = number("score:ml", _profile([0.1, 0.2, 0.9]))
    decision = category("decision:ml", ["standard", "priority"])
    parts = [score, decision, joint("ml", score, decision), category("feature:a", ["x"])]
    layout = assemble(parts, start=NOW, end=NOW, rows=3, created_at=NOW)
    assert layout.variables[0].name == "feature:a"
    taken = [place for each in layout.variables for place in range(*each.slice.indices(10_000))]
    assert taken == list(range(layout.width))
    assert layout["joint:ml"].width == FIRST + (score.bins + 2) * 2
    assert "score:ml" in layout
    assert "score:llm" not in layout
    with pytest.raises(KeyError):
        layout["score:llm"]


@given(st.lists(st.integers(0, 2**31 - 1), max_size=50), st.booleans())
def test_vectors_survive_the_binary_form(values: list[int], wide: bool) -> None:
    vector = np.array(values, dtype=np.int64)
    assert from_array(to_array(vector, wide=wide)).tolist() == values
    if values:
        sent = [to_array(vector, wide=wide)] * 3
        assert from_arrays(sent).tolist() == [values] * 3


def test_a_count_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(OverflowError):
        to_array(np.array([2**31], dtype=np.int64), wide=False)


def test_windows_are_cut_by_day() -> None:
    layout = assemble([category("feature:a", ["x"])], start=NOW, end=NOW, rows=1, created_at=NOW)
    days = (date(2026, 1, 1), date(2026, 1, 3), date(2026, 1, 4))
    counts = np.arange(12, dtype=np.int64).reshape(3, 1, 4)
    whole = Histograms(layout, days, ("all",), counts.sum(axis=2), counts)
    part = whole.window(date(2026, 1, 2), date(2026, 1, 4))
    assert part.days == (date(2026, 1, 3),)
    assert part.total().tolist() == [[4, 5, 6, 7]]
    assert layout["feature:a"].kind is VariableKind.CATEGORY


def test_days_that_follow_each_other_are_counted_together() -> None:
    first, second, third = date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)
    assert runs([first, second, third]) == [[first, second], [third]]


@pytest.mark.parametrize(
    ("bounds", "inside"),
    [
        ("FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')", True),
        ("FOR VALUES FROM (MINVALUE) TO ('2026-01-01 00:00:00+00')", False),
        ("FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)", True),
        ("DEFAULT", True),
    ],
)
def test_partitions_say_what_the_source_can_hold(bounds: str, inside: bool) -> None:
    found = _range(bounds)
    assert found is not None
    assert Partitions((found,), None).purged(date(2026, 5, 5)) is not inside


def test_without_partitions_a_year_before_the_oldest_row_was_purged() -> None:
    whole = Partitions(None, date(2025, 3, 1))
    assert whole.purged(date(2024, 12, 31))
    assert not whole.purged(date(2025, 2, 1))
    assert _range("FOR VALUES IN ('a')") is None
