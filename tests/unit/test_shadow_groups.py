"""Groups too small to be judged alone: named, judged together, and never a way past the gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from components.gates.assess import GateResult, evaluate
from components.gates.policy import load_policy
from components.gates.status import Status
from components.shadow.assess import report, rules
from components.shadow.assess_evidence import evidence
from components.shadow.assess_groups import TOGETHER
from components.shadow.types import ShadowReport
from components.statistics.slices import SliceState
from tests.unit.shadow_world import World

POLICY = load_policy(None)
GROUP, LABELS = "fairness.worst_group_difference", "shadow.labelled_worst_critical_slice"
_SMALL = tuple(f"Small {number}" for number in range(8))
_NAMES = ("Central", "Harbour", *_SMALL)


def world(small: float, *, n: int = 60_000, chance: float = 0.5) -> World:
    """Two large regions, and eight that hold ``small`` of all tickets together."""
    base = World.equal(n, seed=4)
    shares = (0.5, 0.5 - small, *[small / len(_SMALL)] * len(_SMALL))
    region = np.random.default_rng(4).choice(_NAMES, n, p=shares)
    return replace(base, region=region, chance=np.full(n, chance))


def judged(made: World) -> tuple[ShadowReport, dict[str, GateResult]]:
    material = made.material()
    found = report(material, rules(POLICY))
    shown = evidence(found, POLICY)
    result = evaluate(POLICY, shown, now=material.as_of, candidate="candidate-1")
    return found, {gate.requirement.metric: gate for gate in result.gates}


def states(found: ShadowReport) -> dict[str, SliceState]:
    return {one.slice.group: one.slice.state for one in found.slices}


def test_small_groups_are_named_and_judged_together() -> None:
    found, gates = judged(world(0.24))

    assert states(found)[f"region={TOGETHER}"] is SliceState.HOLDS
    assert all(states(found)[f"region={name}"] is SliceState.NO_DATA for name in _SMALL)
    assert gates[GROUP].status is Status.PASS
    assert "region=Small 3" in gates[GROUP].sentence
    assert gates[LABELS].status is Status.PASS


def test_harm_in_small_groups_is_found_in_them_together() -> None:
    base = world(0.24)
    small = np.isin(base.region, _SMALL)
    made = base.with_candidate(np.where(small, 0.0, 0.02), np.where(small, 0.05, 0.015))
    found, gates = judged(made)

    assert states(found)[f"region={TOGETHER}"] is SliceState.WORSE
    assert gates[GROUP].status is Status.FAIL


def test_harm_in_one_small_group_is_proven_by_few_labels() -> None:
    base = world(0.24, chance=1.0)
    one = base.region == "Small 3"
    made = base.with_candidate(np.where(one, 0.0, 0.02), np.where(one, 0.04, 0.01))
    found, gates = judged(made)
    harmed = next(each for each in found.slices if each.slice.group == "region=Small 3")

    assert harmed.slice.labels < POLICY.shadow.minimum_slice
    assert harmed.slice.state is SliceState.WORSE
    assert gates[GROUP].status is Status.FAIL
    assert "Small 3" in gates[GROUP].sentence


def test_a_remainder_too_small_takes_in_the_next_group_and_else_stays_without_data() -> None:
    found, gates = judged(world(0.02))
    together = next(one for one in found.slices if one.slice.group == f"region={TOGETHER}")
    assert {"region=Harbour", "region=Small 3"} <= set(together.members)
    assert gates[GROUP].status is not Status.NO_DATA

    _, gates = judged(world(0.24, n=3_000, chance=0.2))
    assert gates[GROUP].status is Status.NO_DATA
    assert "region=Small 3" in gates[GROUP].sentence
