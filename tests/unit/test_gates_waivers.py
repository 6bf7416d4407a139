"""Signed exceptions: which hold, and why the others do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from components.gates.assess import GateResult, Standing, evaluate
from components.gates.status import Status, Verdict
from components.gates.waivers import NotApplicable, Waiver
from tests.unit.test_gates_known_cases import NOW, evidence, policy, requirement

WAIVER = Waiver(
    waiver_id="W1",
    requirement="gate",
    candidate=None,
    reason="The source is being replaced",
    compensating_control="Every ticket is reviewed",
    requested_by="Ada Example",
    approved_by="Grace Sample",
    granted_at=NOW - timedelta(days=10),
    expires_at=NOW + timedelta(days=20),
)
STATEMENT = NotApplicable(
    requirement="gate",
    candidate=None,
    reason="There is no LLM in this release",
    signed_by="Grace Sample",
    signed_at=NOW - timedelta(days=1),
)


def judged(*waivers: Waiver, shown: tuple[Any, ...] | None = None, **changes: Any) -> GateResult:
    shown = (evidence(value=0.5),) if shown is None else shown
    result = evaluate(policy(requirement(**changes)), shown, now=NOW, waivers=waivers)
    gate = result.gates[0]
    allowed = gate.status in {Status.PASS, Status.WAIVED}
    assert (result.verdict is Verdict.GO) is allowed
    return gate


def test_a_valid_waiver_waives_and_is_named() -> None:
    gate = judged(WAIVER)
    assert (gate.status, gate.waiver) == (Status.WAIVED, WAIVER)
    assert "Waived by Grace Sample until 10 Dec 2026" in gate.sentence
    assert "Every ticket is reviewed" in gate.sentence


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"expires_at": NOW}, "expired on 20 Nov 2026"),
        ({"expires_at": NOW + timedelta(days=20, seconds=1)}, "at most 30 days"),
        ({"expires_at": NOW - timedelta(days=11)}, "at most 30 days"),
        ({"granted_at": NOW + timedelta(seconds=1)}, "not in force yet"),
        ({"approved_by": " ada  EXAMPLE"}, "different approver"),
        ({"approved_by": " "}, "different approver"),
        ({"requested_by": ""}, "different approver"),
        ({"reason": " "}, "a reason and a compensating control"),
        ({"compensating_control": ""}, "a reason and a compensating control"),
        ({"granted_at": datetime(2026, 11, 10)}, "no zone"),  # noqa: DTZ001
    ],
)
def test_an_invalid_waiver_blocks_and_says_why(changes: dict[str, Any], says: str) -> None:
    gate = judged(replace(WAIVER, **changes))
    assert gate.status is Status.FAIL
    assert "W1" in gate.sentence
    assert says in gate.sentence


@pytest.mark.parametrize(
    "changes",
    [{"requirement": "other"}, {"slice": "EAST"}, {"candidate": "m2"}],
)
def test_a_waiver_holds_for_its_own_scope_only(changes: dict[str, Any]) -> None:
    gate = judged(replace(WAIVER, **changes))
    assert (gate.status, gate.refused) == (Status.FAIL, ())


def test_a_promotion_waiver_is_bound_to_its_candidate() -> None:
    rules = policy(requirement(), judges_candidate=True)
    shown = [evidence(value=0.5, candidate="m2")]
    for candidate, status in (("m2", Status.WAIVED), ("m1", Status.FAIL), (None, Status.FAIL)):
        waiver = replace(WAIVER, candidate=candidate)
        result = evaluate(rules, shown, now=NOW, candidate="m2", waivers=[waiver])
        assert result.gates[0].status is status


def test_unwaivable_gates_refuse() -> None:
    gate = judged(WAIVER, waivable=False)
    assert gate.status is Status.FAIL
    assert "cannot be waived" in gate.sentence


def test_one_renewal_and_no_more() -> None:
    first = replace(
        WAIVER, granted_at=NOW - timedelta(days=70), expires_at=NOW - timedelta(days=41)
    )
    second = replace(
        first,
        waiver_id="W2",
        granted_at=NOW - timedelta(days=40),
        expires_at=NOW - timedelta(days=11),
    )
    third = replace(WAIVER, waiver_id="W3")
    assert judged(first, replace(WAIVER, waiver_id="W2")).status is Status.WAIVED
    gate = judged(third, second, first)
    assert gate.status is Status.FAIL
    assert "Waiver W3 does not count: it was renewed once already." in gate.refused


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ((), Status.WAIVED),
        ((evidence(measured_at=NOW - timedelta(days=9)),), Status.WAIVED),
        ((evidence(error="boom"),), Status.ERROR),
        ((evidence(running=True),), Status.RUNNING),
        ((evidence(value=float("nan")),), Status.ERROR),
        ((evidence(),), Status.PASS),
    ],
)
def test_what_can_be_waived(shown: tuple[Any, ...], expected: Status) -> None:
    assert judged(WAIVER, shown=shown).status is expected


def test_not_applicable_needs_a_reason_and_a_signature() -> None:
    gates = (requirement(), requirement("other"))

    def standing(statement: NotApplicable, **changes: Any) -> Standing:
        rules = policy(requirement(**changes), gates[1])
        result = evaluate(rules, [evidence("other")], now=NOW, not_applicable=[statement])
        excused = result.gates[0].standing is Standing.NOT_APPLICABLE
        assert (result.verdict is Verdict.GO) is excused
        return result.gates[0].standing

    assert standing(STATEMENT) is Standing.NOT_APPLICABLE
    for changes in (
        {"reason": " "},
        {"signed_by": ""},
        {"signed_at": NOW + timedelta(days=1)},
        {"candidate": "m2"},
        {"slice": "EAST"},
    ):
        assert standing(replace(STATEMENT, **changes)) is Standing.COUNTED
    assert standing(STATEMENT, waivable=False) is Standing.COUNTED


def test_a_measured_failure_is_never_declared_not_applicable() -> None:
    result = evaluate(
        policy(requirement()), [evidence(value=0.1)], now=NOW, not_applicable=[STATEMENT]
    )
    assert (result.verdict, result.gates[0].standing) == (Verdict.NO_GO, Standing.COUNTED)
    assert "there is evidence, so the gate applies" in result.gates[0].sentence


def test_setting_every_gate_aside_holds() -> None:
    result = evaluate(policy(requirement()), (), now=NOW, not_applicable=[STATEMENT])
    assert result.verdict is Verdict.HOLD
    assert "every gate of this decision is set aside" in result.decisions[0].sentence
