"""A comparison finds what was planted, names it, and finds nothing where nothing is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from components.gates.assess import GateResult, evaluate
from components.gates.policy import load_policy
from components.gates.status import Status
from components.shadow.assess import report, rules
from components.shadow.assess_coverage import missingness
from components.shadow.assess_evidence import METRICS, evidence
from components.shadow.types import ShadowReport
from components.statistics.slices import SliceState
from tests.unit.shadow_world import World

POLICY = load_policy(None)


def judged(world: World) -> tuple[ShadowReport, Mapping[str, GateResult]]:
    """The report, and the gates by metric."""
    material = world.material()
    made = report(material, rules(POLICY))
    found = evidence(made, POLICY)
    assert {one.metric for one in found} <= set(METRICS)
    evaluation = evaluate(POLICY, found, now=material.as_of, candidate="candidate-1")
    return made, {
        gate.requirement.metric: gate
        for gate in evaluation.gates
        if gate.requirement.metric in METRICS
    }


@pytest.fixture(scope="module")
def equal() -> tuple[ShadowReport, Mapping[str, GateResult]]:
    return judged(World.equal())


def test_an_equal_candidate_is_blocked_by_nothing(
    equal: tuple[ShadowReport, Mapping[str, GateResult]],
) -> None:
    made, gates = equal
    bad = (Status.FAIL, Status.ERROR)
    assert not {metric for metric, gate in gates.items() if gate.status in bad}
    assert made.status is Status.PASS
    assert made.quality.banner == ""
    assert gates["shadow.accuracy_difference"].status is Status.PASS
    assert gates["shadow.harm_e_value"].status is Status.PASS


def test_numbers_of_the_whole_are_the_worlds() -> None:
    world = World.equal(20_000, seed=3)
    made = report(world.material(), rules(POLICY))
    differ = int((world.candidate != world.production).sum())
    assert made.agreement.total.raised + made.agreement.total.lowered == differ
    assert made.coverage.total.share == 1
    assert sum(made.scores.production_tenths) == 20_000
    assert sum(day.whole for day in made.agreement.by_day) == 20_000
    assert made.induced.escalations.candidate == int(world.candidate.sum())
    accuracy = made.quality.accuracy
    assert accuracy is not None
    assert accuracy.best is not None
    assert accuracy.best.low is not None
    assert accuracy.best.high is not None
    assert accuracy.best.low < world.difference() < accuracy.best.high


def test_better_on_reviewed_and_worse_on_all_is_stopped() -> None:
    base = World.equal(seed=5)
    seen = base.region == "Central"
    world = replace(base, chance=np.where(seen, 0.05, 0.6))
    world = world.with_candidate(np.where(seen, 0.0, 0.06), np.where(seen, 0.09, 0.0))
    made, gates = judged(world)
    assert world.difference() < -0.02
    quality, over_time = made.quality, made.sequential
    assert quality.accuracy is not None
    assert quality.accuracy.naive.value > 0
    assert quality.accuracy.hajek is not None
    assert quality.accuracy.hajek.value < 0
    assert "looks better than it is" in quality.banner
    assert over_time is not None
    last = [day for day in over_time.days if not day.immature][-1]
    assert last.wins > last.losses  # the plain count would have promoted it
    assert last.e_harm is not None
    assert last.e_harm > 20
    assert made.status is Status.FAIL
    assert gates["shadow.accuracy_difference"].status is Status.FAIL
    assert gates["shadow.harm_e_value"].status is Status.FAIL


def test_slightly_worse_within_the_margin_is_a_warning() -> None:
    world = World.equal(600_000, seed=6).with_candidate(0.010, 0.015)
    made, gates = judged(world)
    assert made.status is Status.WARN
    assert "slightly worse" in made.answer
    assert gates["shadow.accuracy_difference"].status is Status.PASS
    assert gates["shadow.harm_e_value"].status is Status.WARN


def test_harm_in_one_region_is_found_and_named() -> None:
    base = World.equal(seed=8)
    harmed = base.region == "Harbour"
    world = base.with_candidate(np.where(harmed, 0.0, 0.04), np.where(harmed, 0.13, 0.005))
    assert world.difference() > 0
    made, gates = judged(world)
    assert made.slices[0].slice.group == "region=Harbour"
    assert made.slices[0].slice.state is SliceState.WORSE
    assert made.status is Status.FAIL
    assert "region Harbour" in made.answer
    gate = gates["fairness.worst_group_difference"]
    assert gate.status is Status.FAIL
    assert "Harbour" in gate.evidence.sentence if gate.evidence else False


def test_groups_that_are_too_small_are_named_and_hold() -> None:
    made, gates = judged(World.equal(12_000, seed=9))
    small = [one.slice for one in made.slices if one.slice.state is SliceState.NO_DATA]
    assert "region=South" in {one.group for one in small}
    gate = gates["fairness.worst_group_difference"]
    assert gate.status is Status.NO_DATA
    assert "region=South" in gate.sentence


def test_scores_missing_in_one_region_are_no_chance() -> None:
    base = World.equal(40_000, seed=10)
    rng = np.random.default_rng(0)
    gone = (base.region == "North") & (rng.random(40_000) < 0.06)
    made, gates = judged(replace(base, absent=gone))
    region = next(test for test in made.coverage.tests if test.against == "region")
    assert region.worst == "North"
    assert region.e is not None
    assert region.e > 1e6
    assert gates["shadow.missingness_e_value"].status is Status.FAIL
    assert gates["shadow.coverage_worst_slice"].status is Status.FAIL
    assert "North" in gates["shadow.coverage_worst_slice"].sentence
    assert gates["shadow.coverage"].status in {Status.PASS, Status.WARN}


def test_evidence_of_missingness_is_an_e_value() -> None:
    rng = np.random.default_rng(4)
    sizes = {"a": 500, "b": 300, "c": 50}
    names = np.repeat(list(sizes), list(sizes.values()))
    values = []
    for _ in range(4_000):
        lost = rng.choice(names, 12, replace=False)
        found = missingness({name: int((lost == name).sum()) for name in sizes}, sizes)
        assert found is not None
        values.append(found)
    assert np.mean(values) < 1.1
    assert np.mean(np.array(values) >= 20) <= 0.05
    assert missingness({}, sizes) == 1


def test_unknown_propensities_are_counted_and_not_weighted() -> None:
    base = World.equal(20_000, seed=11)
    chance = base.chance.copy()
    chance[::7] = np.nan
    made, gates = judged(replace(base, chance=chance))
    assert made.quality.unknown_propensity > 100
    assert any("no known propensity" in words for words in made.caveats)
    assert gates["shadow.accuracy_difference"].status is Status.NO_DATA


def test_no_reviews_at_all_is_no_data_and_no_error() -> None:
    base = World.equal(5_000, seed=12)
    made, gates = judged(replace(base, chance=np.zeros(5_000)))
    assert made.quality.reviewed == 0
    assert made.status is Status.NO_DATA
    wanted = {"shadow.accuracy_difference", "shadow.auroc_difference", "shadow.critical_recall"}
    assert {gates[metric].status for metric in wanted} == {Status.NO_DATA}
    assert Status.ERROR not in {gate.status for gate in gates.values()}


def test_the_digest_changes_with_a_review() -> None:
    material = World.equal(2_000, seed=13).material()
    one = report(material, rules(POLICY)).pairing.digest
    turned = replace(material.labels, correct=1 - material.labels.correct)
    other = report(replace(material, labels=turned), rules(POLICY)).pairing.digest
    assert one != other
