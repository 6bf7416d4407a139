"""Other model families: paired where both versions scored the same tickets, and then decisive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from components.feedback.assess_families import families
from components.feedback.assess_pairs import pairings
from components.feedback.assess_training import Holdout
from queries.feedback_rows import RunRow
from queries.shadow_labels import Labels
from queries.shadow_rows import Pair

AT = datetime(2026, 9, 1, tzinfo=UTC)


def run(version: str, family: str, auc: float) -> RunRow:
    metrics = {"auc": auc, "production_auc": 0.85, "n": 1_000, "holdout_sha256": "d"}
    return RunRow(
        f"run-{version}", version, family, "xgb-4", AT, AT, "succeeded", 100, None, None, "x",
        metrics, "ann",
    )  # fmt: skip


def pairs(n: int, noise: float) -> dict[Pair, Labels]:
    chance = np.random.default_rng(4)
    label = chance.random(n) < 0.3
    ours = np.clip(label * 0.3 + chance.random(n) * 0.7, 0, 1)
    theirs = np.clip(ours + chance.normal(0, noise, n), 0, 1)
    zero = np.zeros(n, dtype=np.int64)
    found = Labels(
        names={},
        ticket=np.arange(n),
        day=zero,
        work_type=zero,
        region=zero,
        production_decision=zero,
        candidate_decision=zero,
        correct=label.astype(np.int64),
        severity=zero,
        reason=zero,
        production=ours,
        candidate=theirs,
        propensity=np.full(n, 0.05),
        reviewed=np.zeros(n),
    )
    return {Pair("lgb-1", "xgb-4", AT): found}


RUNS = [
    run("xgb-4", "xgboost", 0.85),
    run("lgb-1", "lightgbm", 0.84),
    run("rf-1", "random_forest", 0.84),
]
CASES = {row.run_id: Holdout(0.3, 0.5) for row in RUNS}


def test_scores_of_the_same_tickets_tell_what_separate_intervals_cannot() -> None:
    alone = families(RUNS, "xgb-4", CASES)
    paired = families(RUNS, "xgb-4", CASES, pairings(pairs(3_000, 0.25)))

    assert alone is not None
    assert paired is not None
    assert "LightGBM and random forest cannot be told apart" in alone.sentence
    assert "LightGBM did worse and random forest cannot be told apart" in paired.sentence
    first = paired.challengers[0]
    assert (first.version, first.paired, first.n) == ("lgb-1", True, 3_000)
    assert "on 3,000 reviewed tickets that both scored" in first.sentence
    assert not any(one.paired for one in paired.challengers[1:])


def test_few_tickets_of_one_kind_are_not_compared() -> None:
    assert pairings(pairs(200, 0.1)) == ()


def test_what_no_comparison_can_be_made_of_is_left_out() -> None:
    (pair, whole), *_ = pairs(3_000, 0.1).items()
    first = np.arange(3_000)
    found = replace(
        whole,
        correct=np.where(first < 100, 2, whole.correct),
        candidate_decision=np.where(first // 100 == 1, 3, 0),
        candidate=np.where(first // 100 == 2, np.nan, whole.candidate),
        propensity=np.where(first // 100 == 3, np.nan, whole.propensity),
    )
    (left,) = pairings({pair: found})
    assert left.n == 2_600
    assert left == pairings({pair: whole.take(first >= 400)})[0]
