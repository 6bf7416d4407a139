"""Recipe, timeline and knobs."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.sample import city
from dashboard.sample.batches import batches
from dashboard.sample.configuration import MODEL_KNOB, RULES_KNOB, Timeline, history
from dashboard.sample.recipe import Recipe
from dashboard.sample.tickets import to_micros
from queries.errors import InvalidInputError
from queries.names import WORKFLOW_KNOB

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tickets_per_year": 10}, "Tickets per year"),
        ({"years": 0.1}, "years"),
        ({"seed": -1}, "seed"),
        ({"until": datetime(2026, 11, 1, 5, tzinfo=UTC)}, "midnight"),
        ({"until": datetime(2026, 11, 1, tzinfo=timezone(timedelta(hours=2)))}, "midnight"),
        ({"until": datetime(2026, 11, 1)}, "midnight"),  # noqa: DTZ001
        ({"tickets_csv": Path("x.csv")}, "mapping"),
    ],
)
def test_a_recipe_says_what_is_wrong_with_it(options, message):
    with pytest.raises(InvalidInputError, match=message):
        Recipe(**options)


def test_a_small_programme_reviews_and_repeats_a_larger_share():
    small, large = Recipe(6_000, until=UNTIL), Recipe(1_500_000, until=UNTIL)
    assert small.random_review_share == 0.15
    assert large.random_review_share == 0.015
    assert (small.development_share, large.development_share) == (0.5, 0.05)


@given(st.floats(2, 20 * 365))
def test_events_come_in_order_whatever_the_length(days):
    timeline = Timeline(UNTIL - timedelta(days=days), UNTIL)
    moments = [*timeline.deployments, timeline.recent, timeline.shadow_start, UNTIL]
    assert moments == sorted(moments)
    assert len(set(moments)) >= 6
    for knob in (WORKFLOW_KNOB, RULES_KNOB, MODEL_KNOB):
        changes = history(timeline, city.RULES, None).of(knob)
        assert changes[0].at <= timeline.start
        assert all(change.at < timeline.shadow_start for change in changes)
        assert len(changes) == len({change.version for change in changes})


def test_the_version_in_force_changes_at_its_very_moment():
    knobs = history(Timeline(UNTIL - timedelta(days=500), UNTIL), city.RULES, None)
    second = knobs.of(MODEL_KNOB)[1]
    at = to_micros(second.at)
    versions = knobs.versions(MODEL_KNOB)[knobs.position(MODEL_KNOB, np.array([at - 1, at]))]
    assert versions.tolist() == ["xgb-1", "xgb-2"]


@given(st.integers(0, 400), st.integers(3, 900))
def test_batches_hold_every_ticket_once_and_no_deployment_inside(tickets, days):
    timeline = Timeline(UNTIL - timedelta(days=days), UNTIL)
    times = np.linspace(
        to_micros(timeline.start) - 10**9, to_micros(UNTIL) - 1, tickets, dtype=np.int64
    )
    made = list(batches(times, timeline))
    numbers = [number for batch in made for number in range(batch.first, batch.last)]
    first = int(np.searchsorted(times, to_micros(timeline.start)))
    assert numbers == list(range(first, tickets))
    for batch in made:
        inside = times[batch.first : batch.last]
        assert inside[0] >= to_micros(batch.begin)
        assert not any(inside[0] < to_micros(at) <= inside[-1] for at in timeline.deployments)
