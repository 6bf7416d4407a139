"""Counting earlier tickets of a group, against counting by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.sample.counting import earlier_in_window

MS = 1_000


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=40),
    st.integers(1, 15),
)
def test_counts_equal_counting_by_hand(tickets, window):
    tickets = sorted(tickets, key=lambda ticket: ticket[1])
    group = np.array([one for one, _ in tickets], dtype=np.int32)
    times = np.array([at for _, at in tickets], dtype=np.int64) * MS
    expected = [
        sum(group[j] == group[i] and times[i] - times[j] < window * MS for j in range(i))
        for i in range(len(tickets))
    ]
    assert earlier_in_window(group, times, window * MS).tolist() == expected


def test_many_groups_over_years_do_not_run_into_each_other():
    four_years = 4 * 365 * 86_400_000_000
    group = np.array([0, 374_999, 375_000, 375_000])
    times = np.array([0, 0, four_years - MS, four_years])
    assert earlier_in_window(group, times, 90 * 86_400_000_000).tolist() == [0, 0, 0, 1]


def test_too_many_groups_are_refused_rather_than_miscounted():
    with pytest.raises(OverflowError):
        earlier_in_window(np.array([0, 2**40]), np.array([0, 2**50]), MS)
