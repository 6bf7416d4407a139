"""Whatever is put in, nothing that is not shown to hold ever passes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.gates.assess import Evaluation, evaluate
from components.gates.evidence import Evidence
from components.gates.policy import Direction, Policy, Requirement
from components.gates.status import Status, Verdict
from tests.unit.test_gates_known_cases import NOW, evidence, policy, requirement

NAMES = ("a", "b", "c", "d")
VERDICTS = (Verdict.GO, Verdict.HOLD, Verdict.NO_GO)
NOT_FINITE = (
    float("nan"),
    float("inf"),
    float("-inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("-Infinity"),
)

finite_numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
)
shares = st.one_of(st.floats(0, 1), st.decimals(0, 1, places=6), st.sampled_from([0, 1]))


@st.composite
def gates(draw: st.DrawFn, name: str) -> Requirement:
    direction = draw(st.sampled_from(list(Direction)))
    bounds = {
        Direction.AT_MOST: ["value", "high"],
        Direction.AT_LEAST: ["value", "low"],
        Direction.EQUAL: ["value"],
    }
    return requirement(
        name,
        unit="difference",
        direction=direction,
        threshold=draw(st.decimals(-100, 100, places=3)),
        bound=draw(st.sampled_from(bounds[direction])),
        minimum_n=draw(st.integers(1, 500)),
    )


@st.composite
def sound(draw: st.DrawFn, gate: Requirement) -> Evidence:
    """Evidence that passes its gate."""
    value = gate.threshold
    return Evidence(
        metric=gate.metric,
        value=value,
        low=float(value),
        high=float(value),
        n=draw(st.integers(gate.minimum_n, 10_000)),
        method="m",
        measured_at=NOW - timedelta(minutes=draw(st.integers(0, 60 * 24 * 3))),
    )


@st.composite
def passing_worlds(draw: st.DrawFn) -> tuple[Policy, list[Evidence]]:
    chosen = [draw(gates(name)) for name in NAMES]
    return policy(*chosen), [draw(sound(gate)) for gate in chosen]


def judged(world: tuple[Policy, list[Evidence]], **asked: Any) -> Evaluation:
    return evaluate(*world, now=NOW, **asked)


# Each spoils one piece of evidence so that its gate has no right to pass.
SPOILERS: dict[str, Any] = {
    "no value": lambda item, _: [replace(item, value=None)],
    "missing": lambda _, __: [],
    "another slice": lambda item, _: [replace(item, slice="EAST")],
    "duplicate": lambda item, _: [item, item],
    "contradiction": lambda item, _: [item, replace(item, n=item.n + 1)],
    "too few": lambda item, gate: [replace(item, n=gate.minimum_n - 1)],
    "unscored": lambda item, _: [replace(item, n_unscored=item.n)],
    "too old": lambda item, _: [replace(item, measured_at=NOW - timedelta(days=3, seconds=1))],
    "future": lambda item, _: [replace(item, measured_at=NOW + timedelta(minutes=2))],
    "undated": lambda item, _: [replace(item, measured_at=None)],
    "other policy": lambda item, _: [replace(item, policy_version="0" * 64)],
    "other candidate": lambda item, _: [replace(item, candidate="somebody else")],
    "other data": lambda item, _: [replace(item, dataset_digest="other")],
    "running": lambda item, _: [replace(item, running=True)],
    "error": lambda item, _: [replace(item, error="boom")],
    "negative n": lambda item, _: [replace(item, n=-item.n)],
    "text": lambda item, _: [replace(item, value="1")],
    **{
        f"{name} {number}": lambda item, _, name=name, number=number: [
            replace(item, **{name: number})
        ]
        for name in ("value", "low", "high")
        for number in NOT_FINITE
    },
}


@settings(max_examples=30)
@given(world=passing_worlds(), index=st.integers(0, len(NAMES) - 1))
@pytest.mark.parametrize("spoiler", SPOILERS)
def test_spoiled_evidence_never_passes(
    spoiler: str, world: tuple[Policy, list[Evidence]], index: int
) -> None:
    asked: dict[str, Any] = {"candidate": "m2"}
    rules, shown = world
    gate = rules.requirements[index]
    if spoiler == "other data":
        asked["dataset_digests"] = {gate.metric: "right"}
        shown = [replace(item, dataset_digest="right") for item in shown]
    assert judged((rules, shown), **asked).verdict is Verdict.GO
    spoiled = [*shown[:index], *SPOILERS[spoiler](shown[index], gate), *shown[index + 1 :]]
    result = judged((rules, spoiled), **asked)
    assert result.gates[index].status not in {Status.PASS, Status.WARN, Status.WAIVED}
    assert result.gates[index].blocks
    assert result.verdict is not Verdict.GO
    assert result.decisions[0].verdict is not Verdict.GO


@given(world=passing_worlds(), number=st.sampled_from(NOT_FINITE))
def test_thresholds_that_are_not_finite_never_pass(
    world: tuple[Policy, list[Evidence]], number: Any
) -> None:
    rules, shown = world
    broken = rules.requirements[0].model_copy(update={"threshold": Decimal(number)})
    changed = rules.model_copy(update={"requirements": (broken, *rules.requirements[1:])})
    assert judged((changed, shown)).gates[0].status is Status.ERROR


@given(value=st.one_of(st.floats(), st.decimals(), st.integers(), st.none()), gate=gates("a"))
def test_a_pass_means_that_the_number_lies_on_the_right_side(value: Any, gate: Requirement) -> None:
    shown = replace(
        evidence("a"),
        value=value,
        low=value if isinstance(value, float) else None,
        high=value if isinstance(value, float) else None,
    )
    if judged((policy(gate), [shown])).gates[0].status is not Status.PASS:
        return
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    assert number.is_finite()
    if gate.direction is Direction.AT_MOST:
        assert number <= gate.threshold
    elif gate.direction is Direction.AT_LEAST:
        assert number >= gate.threshold
    else:
        assert number == gate.threshold


@st.composite
def any_worlds(draw: st.DrawFn) -> tuple[Policy, list[Evidence]]:
    """Policies and evidence of every kind, good and bad."""
    count = draw(st.integers(0, 4))
    chosen = [draw(gates(name)) for name in NAMES[:count]]
    shown = []
    for gate in chosen:
        item = draw(sound(gate))
        if draw(st.booleans()):
            item = replace(item, value=draw(finite_numbers))
        if draw(st.booleans()):
            item = replace(item, low=None, high=None)
        shown += (
            SPOILERS[draw(st.sampled_from(sorted(SPOILERS)))](item, gate)
            if draw(st.booleans())
            else [item]
        )
    return policy(*chosen), shown


@given(world=any_worlds())
def test_the_worst_status_decides(world: tuple[Policy, list[Evidence]]) -> None:
    result = judged(world)
    statuses = [gate.status for gate in result.gates]
    if Status.FAIL in statuses:
        assert result.verdict is Verdict.NO_GO
    elif not statuses or max(statuses) > Status.WAIVED:
        assert result.verdict is Verdict.HOLD
    else:
        assert result.verdict is Verdict.GO
    assert result.decisions[0].status is max(statuses, default=Status.ERROR)


@given(world=any_worlds(), value=finite_numbers)
def test_another_gate_never_improves_a_verdict(
    world: tuple[Policy, list[Evidence]], value: Any
) -> None:
    rules, shown = world
    before = judged(world)
    added = requirement("added", unit="difference", direction="at_most", threshold=0)
    more = rules.model_copy(update={"requirements": (*rules.requirements, added)})
    failing = [*shown, replace(evidence("added"), value=abs(value) + 1)]
    assert judged((more, failing)).verdict is Verdict.NO_GO
    if rules.requirements:  # an empty policy is held; its first gate may only be judged then
        after = judged((more, [*shown, replace(evidence("added"), value=value)]))
        assert VERDICTS.index(after.verdict) >= VERDICTS.index(before.verdict)


@given(world=any_worlds(), seed=st.integers(0, 2**32))
def test_order_and_unasked_evidence_do_not_matter(
    world: tuple[Policy, list[Evidence]], seed: int
) -> None:
    rules, shown = world
    shuffled = [*shown, replace(evidence("nobody asked"))]
    random.Random(seed).shuffle(shuffled)
    assert judged((rules, shuffled)).digest == judged(world).digest


@given(rules=passing_worlds(), share=shares)
def test_without_evidence_everything_has_no_data(
    rules: tuple[Policy, list[Evidence]], share: Any
) -> None:
    result = judged((rules[0], [replace(evidence("unrelated"), value=share)]))
    assert {gate.status for gate in result.gates} == {Status.NO_DATA}
    assert result.verdict is Verdict.HOLD
