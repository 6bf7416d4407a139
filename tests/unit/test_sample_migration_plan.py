"""The plan of the sample migration: which batches, when, and how its tool prints numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.sample.migration.plan import RUNS, batches, slot
from dashboard.sample.migration.programme import member_count
from dashboard.sample.recipe import Recipe

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


def test_every_run_has_the_same_twelve_batches_under_its_own_name() -> None:
    ids = [[batch.id.removeprefix(batch.run.id) for batch in batches(run)] for run in RUNS]
    assert all(names == ids[0] for names in ids)
    assert len(set(ids[0])) == 12


def test_the_live_run_comes_last() -> None:
    assert [run.kind for run in RUNS] == ["mock", "mock", "mock", "live"]
    assert [run.number for run in RUNS] == [1, 2, 3, 4]


@given(
    records=st.integers(min_value=0, max_value=70_000), seed=st.integers(min_value=0, max_value=99)
)
def test_batches_follow_one_another_and_end_before_the_programme_does(
    records: int, seed: int
) -> None:
    for run in RUNS:
        slots = [slot(batch, records, UNTIL, seed) for batch in batches(run)]
        for earlier, later in pairwise(slots):
            assert earlier.started_at < earlier.finished_at < later.started_at
        assert slots[-1].checked_at < UNTIL


def test_a_late_batch_starts_hours_later_and_is_slow() -> None:
    batch = next(iter(batches(RUNS[-1])))
    usual = slot(batch, 10_000, UNTIL, 7)
    late = slot(batch, 10_000, UNTIL, 7, late=True)
    assert late.started_at - usual.started_at == timedelta(hours=9)
    assert late.finished_at - late.started_at > 5 * (usual.finished_at - usual.started_at)


def test_a_second_attempt_follows_the_first_on_the_same_day() -> None:
    batch = next(iter(batches(RUNS[-1])))
    first, second = (slot(batch, 10_000, UNTIL, 7, attempt=number) for number in (1, 2))
    assert timedelta(hours=6) < second.started_at - first.finished_at < timedelta(hours=8)


@pytest.mark.parametrize(
    ("tickets", "members"), [(500, 1_200), (60_000, 6_000), (90_000, 9_000), (20_000_000, 18_000)]
)
def test_members_grow_mildly_with_the_tickets(tickets: int, members: int) -> None:
    assert member_count(Recipe(tickets_per_year=tickets)) == members
