"""Groups watched daily: the harmed one first, small ones named, few false alarms in 60 looks."""

from __future__ import annotations

import numpy as np
import pytest

from components.statistics.daily_scores import daily_scores
from components.statistics.slice_watch import GroupDays, WatchedSlice, watch_slices
from components.statistics.slices import SliceState
from queries.errors import InvalidInputError
from tests.benchmarks.promotion_data import DAILY, Programme, Truth, programme

AIM = 30 * DAILY


def group(made: Programme, days: int) -> GroupDays:
    seen = made.until(days)
    return GroupDays(daily_scores(seen.population, seen.reviewed), sum(seen.labels()))


def states(found: tuple[WatchedSlice, ...]) -> dict[str, SliceState]:
    return {one.group: one.state for one in found}


def test_the_harmed_group_comes_first_and_small_ones_are_named() -> None:
    rng = np.random.default_rng(1)
    made = watch_slices(
        {
            "empty": GroupDays((), 0),
            "north": group(programme(rng, Truth(0.025, 0.025), 60), 60),
            "new": group(programme(rng, Truth(0.01, 0.04), 2), 2),
            "south": group(programme(rng, Truth(0.015, 0.035), 60), 60),
        },
        aim=AIM,
    )
    assert [one.group for one in made[:2]] == ["south", "north"]
    assert states(made) == {
        "south": SliceState.WORSE,
        "north": SliceState.HOLDS,
        "new": SliceState.NO_DATA,
        "empty": SliceState.NO_DATA,
    }


def test_no_group_is_called_worse_or_safe_wrongly_over_sixty_looks() -> None:
    # Three equal groups, and one exactly at the margin.
    rng, wrong = np.random.default_rng(2), 0
    truths = {"a": Truth(0.025, 0.025), "b": Truth(0.025, 0.025), "m": Truth(0.02, 0.04)}
    for _ in range(60):
        made = {name: programme(rng, truth, 60) for name, truth in truths.items()}
        found = [
            states(watch_slices({n: group(p, day) for n, p in made.items()}, aim=AIM))
            for day in range(10, 61, 10)
        ]
        worse = any(SliceState.WORSE in (one["a"], one["b"]) for one in found)
        wrong += worse or any(one["m"] is SliceState.HOLDS for one in found)
    assert wrong <= 6


def test_a_margin_above_zero_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="margin"):
        watch_slices({}, aim=AIM, margin=0.01)
