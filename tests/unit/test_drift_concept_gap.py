"""Whether outcomes left what scores meant before: few false alarms, and no blindness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from components.drift.concept_gap import comparable, effective, gap, with_meanings
from components.drift.labels import Labels
from components.statistics.intervals import clopper_pearson

LEAST = 50


def reviews(
    rng: np.random.Generator,
    n: int,
    *,
    version: str = "m-1",
    base: float = 0.0,
    shift: float = 0.0,
    disputes: float = 0.3,
) -> Labels:
    """Reviews of ``n`` scored tickets, of which a tenth is drawn and of the disputed ones more.

    Priority is needed with the chance of the score plus ``base``; disputed tickets, which no
    score knows, need it more often. ``shift`` is the planted change.
    """
    score = rng.beta(1.2, 3.0, n)
    disputed = rng.random(n) < 0.2
    chance = np.clip(score + base + np.where(disputed, 0.15, -0.0375), 0.0, 1.0)
    needed = (rng.random(n) < np.clip(chance + shift, 0.0, 1.0)).astype(float)
    propensity = np.where(disputed, disputes, 0.1)
    drawn = rng.random(n) < propensity
    return Labels(
        day=np.zeros(int(drawn.sum()), np.int64),
        score=score[drawn],
        decided=score[drawn] >= 0.5,
        needed=needed[drawn],
        propensity=propensity[drawn],
        segment={},
        version=np.full(int(drawn.sum()), version, dtype=object),
        chance=np.zeros(int(drawn.sum())),
    )


def together(*parts: Labels) -> Labels:
    names = [name for name in Labels.__dataclass_fields__ if name not in ("segment", "cap")]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Labels(segment={}, **columns)


def compared(before: Labels, after: Labels) -> tuple[Labels, Labels]:
    return comparable(with_meanings(before, before), with_meanings(after, before), LEAST)


def test_nothing_new_is_rarely_called_a_change() -> None:
    rng = np.random.default_rng(7)
    alarms, looks = 0, 300
    for _ in range(looks):
        found = gap(*compared(reviews(rng, 4000), reviews(rng, 700)))
        assert found is not None
        alarms += found.p < 0.05

    assert clopper_pearson(alarms, looks).low <= 0.05


def test_a_changed_meaning_is_found_in_its_size() -> None:
    rng = np.random.default_rng(8)
    found = gap(*compared(reviews(rng, 20_000), reviews(rng, 6000, shift=0.2)))

    assert found is not None
    assert found.low < 0.2 < found.high + 0.03  # chances end at one
    assert found.p < 1e-6


def test_another_way_to_choose_reviews_is_no_change() -> None:
    rng = np.random.default_rng(9)
    before, after = compared(reviews(rng, 40_000), reviews(rng, 20_000, disputes=1.0))

    unweighted = float((after.needed - after.chance).mean())
    assert unweighted > 0.03
    found = gap(before, after)
    assert found is not None
    assert found.low < 0 < found.high


def test_another_model_is_compared_with_itself_alone() -> None:
    """The second model's scores lie lower for the same need: a deployment, not a change."""
    rng = np.random.default_rng(10)
    before = together(reviews(rng, 20_000), reviews(rng, 8000, version="m-2", base=0.2))
    after = reviews(rng, 8000, version="m-2", base=0.2)

    found = gap(*compared(before, after))

    assert found is not None
    assert found.low < 0 < found.high


def test_a_model_too_new_to_be_known_is_not_judged() -> None:
    rng = np.random.default_rng(11)
    before = together(reviews(rng, 20_000), reviews(rng, 300, version="m-2", base=0.2))
    after = reviews(rng, 8000, version="m-2", base=0.2)

    known, judged = compared(before, after)

    assert not len(judged.day)
    assert gap(known, judged) is None


def test_no_priority_among_few_is_no_proof_where_priority_is_rare() -> None:
    """Sixty reviews without any, where one in forty is usual, show no spread of their own."""
    score = np.full(4000, 0.1)
    needed = (np.arange(4000) % 40 == 0).astype(float)
    before = Labels(
        *(np.zeros(4000, np.int64), score, score > 1, needed, np.ones(4000), {}),
        *(np.full(4000, "m-1", dtype=object), np.zeros(4000)),
    )
    after = before.take(np.arange(4000) % 40 < 1)
    after = after.take(np.arange(len(after.day)) < 60)
    none = replace(after, needed=np.zeros(60))

    found = gap(*compared(before, none))

    assert found is not None
    assert found.value == pytest.approx(-1 / 40)
    assert found.p > 0.1


def test_effective_reviews_are_all_of_them_at_equal_chance() -> None:
    found = reviews(np.random.default_rng(12), 1000, disputes=0.1)

    assert effective(found) == pytest.approx(len(found.day))
