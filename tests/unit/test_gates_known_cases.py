"""Judgement on known cases: which evidence leads to which status and verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from components.gates.assess import Standing, evaluate
from components.gates.evidence import Evidence
from components.gates.policy import Decision, Policy, Requirement
from components.gates.status import Status, Verdict
from queries.errors import InvalidInputError

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def requirement(identifier: str = "gate", **changes: Any) -> Requirement:
    fields: dict[str, Any] = {
        "id": identifier,
        "decision": "scoring",
        "title": "Predictions are complete",
        "requirements": ("B2",),
        "metric": f"metric.{identifier}",
        "unit": "share",
        "direction": "at_least",
        "threshold": Decimal("0.995"),
        "minimum_n": 100,
        "maximum_age_days": 3,
        "severity": "major",
        "owner": "Scoring lead",
        "reason": "Because.",
        "next_step": "Look at it.",
        "page": "pipeline",
    }
    return Requirement.model_validate({**fields, **changes})


def policy(*requirements: Requirement, judges_candidate: bool = False, **changes: Any) -> Policy:
    decision = Decision(
        id="scoring",
        title="Scoring",
        question="May it?",
        owner="Head",
        judges_candidate=judges_candidate,
    )
    return Policy(title="Test", decisions=(decision,), requirements=requirements, **changes)


def evidence(identifier: str = "gate", **changes: Any) -> Evidence:
    good = Evidence(
        metric=f"metric.{identifier}",
        value=Decimal(1),
        n=1000,
        method="count",
        measured_at=NOW - timedelta(hours=1),
    )
    return replace(good, **changes)


def status_of(gate: Requirement, *shown: Evidence, **asked: Any) -> Status:
    return evaluate(policy(gate), shown, now=NOW, **asked).gates[0].status


@pytest.mark.parametrize(
    ("direction", "threshold", "warn", "value", "expected"),
    [
        ("at_least", "0.995", None, 0.995, Status.PASS),
        ("at_least", "0.995", None, 199 / 200, Status.PASS),
        ("at_least", "0.995", None, Decimal("0.99499999999999999999"), Status.FAIL),
        ("at_least", "0.75", "0.80", 0.79, Status.WARN),
        ("at_least", "0.75", "0.80", 0.80, Status.PASS),
        ("at_least", "0.75", "0.80", 0.7499999999, Status.FAIL),
        ("at_most", "0.001", "0.0005", Decimal("0.001"), Status.WARN),
        ("at_most", "0.001", "0.0005", Decimal("0.0005"), Status.PASS),
        ("at_most", "0.001", None, Decimal("0.00100000000000000000001"), Status.FAIL),
        ("equal", "1", None, 1, Status.PASS),
        ("equal", "1", None, Decimal("0.9999999999999999999999"), Status.FAIL),
        ("at_least", "0.5", None, np.float64(0.5), Status.PASS),
        ("at_least", "0.5", None, np.float64(0.4), Status.FAIL),
        ("at_least", "1", None, np.int64(1), Status.PASS),
    ],
)
def test_value_against_threshold(
    direction: str, threshold: str, warn: str | None, value: Any, expected: Status
) -> None:
    gate = requirement(
        direction=direction,
        threshold=Decimal(threshold),
        warn=Decimal(warn) if warn else None,
    )
    assert status_of(gate, evidence(value=value)) is expected


def test_large_counts_are_compared_exactly() -> None:
    gate = requirement(unit="count", direction="at_most", threshold=2**60)
    assert status_of(gate, evidence(value=2**60)) is Status.PASS
    assert status_of(gate, evidence(value=2**60 + 1)) is Status.FAIL


@pytest.mark.parametrize(
    ("changes", "expected", "says"),
    [
        ({"value": None}, Status.NO_DATA, "no value"),
        ({"value": None, "n": 0}, Status.NO_DATA, "nothing to measure"),
        ({"n": 99}, Status.NO_DATA, "only 99 were measured, at least 100"),
        ({"n_unscored": 11}, Status.NO_DATA, "11 of 1,011 could not be scored"),
        ({"n_unscored": 10}, Status.PASS, "meets the required"),
        ({"measured_at": None}, Status.NO_DATA, "when it was measured"),
        ({"measured_at": NOW - timedelta(days=3)}, Status.PASS, "meets the required"),
        ({"measured_at": NOW - timedelta(days=3, seconds=1)}, Status.STALE, "3 days old"),
        ({"measured_at": NOW + timedelta(seconds=59)}, Status.PASS, "meets the required"),
        ({"measured_at": NOW + timedelta(seconds=61)}, Status.ERROR, "later than"),
        ({"measured_at": datetime(2026, 11, 19)}, Status.ERROR, "no zone"),  # noqa: DTZ001
        ({"policy_version": "other"}, Status.STALE, "another policy"),
        ({"running": True, "value": None}, Status.RUNNING, "still running"),
        ({"running": True}, Status.RUNNING, "still running"),
        ({"error": "the table is locked."}, Status.ERROR, "the table is locked."),
        ({"value": float("nan")}, Status.ERROR, "value is not a finite number"),
        ({"value": Decimal("sNaN")}, Status.ERROR, "value is not a finite number"),
        ({"value": float("inf")}, Status.ERROR, "value is not a finite number"),
        ({"value": True}, Status.ERROR, "value is not a finite number"),
        ({"low": float("nan")}, Status.ERROR, "low is not a finite number"),
        ({"value": 1.5}, Status.ERROR, "above 100%"),
        ({"value": -0.1}, Status.ERROR, "below zero"),
        ({"value": 0.999, "low": 0.9995, "high": 1.0}, Status.ERROR, "outside its own interval"),
        ({"value": 0.999, "low": 0.99, "high": 0.995}, Status.ERROR, "outside its own interval"),
        ({"n": -5}, Status.ERROR, "not a count"),
        ({"n": float("nan")}, Status.ERROR, "not a count"),
    ],
)
def test_evidence_that_cannot_be_used(changes: dict[str, Any], expected: Status, says: str) -> None:
    result = evaluate(policy(requirement()), [evidence(**changes)], now=NOW).gates[0]
    assert result.status is expected
    assert says in result.sentence


def test_a_threshold_that_is_not_finite_is_an_error() -> None:
    rules = policy(requirement())
    broken = requirement().model_copy(update={"threshold": Decimal("NaN")})
    result = evaluate(rules.model_copy(update={"requirements": (broken,)}), [evidence()], now=NOW)
    assert (result.gates[0].status, result.verdict) == (Status.ERROR, Verdict.HOLD)


def test_missing_evidence_and_missing_slices_have_no_data() -> None:
    gate = requirement(slices=("all", "EAST"))
    results = evaluate(policy(gate), [evidence()], now=NOW)
    assert [(g.slice, g.status) for g in results.gates] == [
        ("all", Status.PASS),
        ("EAST", Status.NO_DATA),
    ]
    assert results.verdict is Verdict.HOLD


def test_two_measurements_of_one_thing_are_an_error() -> None:
    assert status_of(requirement(), evidence(), evidence(value=0.2)) is Status.ERROR
    assert status_of(requirement(), evidence(), evidence()) is Status.ERROR


def test_bound_is_judged_instead_of_the_value() -> None:
    gate = requirement(bound="low", threshold=Decimal("0.7"))
    assert status_of(gate, evidence(value=0.8, low=0.69, high=0.9)) is Status.FAIL
    assert status_of(gate, evidence(value=0.8, low=0.7, high=0.9)) is Status.PASS
    assert status_of(gate, evidence(value=0.8)) is Status.NO_DATA


def test_a_count_over_its_limit_fails_although_more_could_be_measured() -> None:
    gate = requirement(unit="count", direction="at_most", threshold=0, minimum_n=2995)
    assert status_of(gate, evidence(value=1, n=10)) is Status.FAIL
    assert status_of(gate, evidence(value=1, n=2995, n_unscored=500)) is Status.FAIL
    assert status_of(gate, evidence(value=1, n=10, running=True)) is Status.FAIL
    long_ago = NOW - timedelta(days=9)
    assert status_of(gate, evidence(value=1, n=10, measured_at=long_ago)) is Status.STALE
    assert status_of(gate, evidence(value=0, n=10)) is Status.NO_DATA
    assert status_of(gate, evidence(value=0, n=2995)) is Status.PASS


def test_evidence_about_another_candidate_or_data_set_is_stale() -> None:
    gate = requirement()
    promotion = policy(gate, judges_candidate=True)

    def judged(shown: Evidence, **asked: Any) -> Status:
        return evaluate(promotion, [shown], now=NOW, **asked).gates[0].status

    assert judged(evidence(candidate="m2"), candidate="m2") is Status.PASS
    assert judged(evidence(candidate="m1"), candidate="m2") is Status.STALE
    assert judged(evidence(), candidate="m2") is Status.STALE
    assert judged(evidence(candidate="m2")) is Status.STALE
    assert judged(evidence()) is Status.STALE
    assert status_of(gate, evidence(), candidate="m2") is Status.PASS
    assert status_of(gate, evidence(candidate="m1"), candidate="m2") is Status.STALE
    digests = {"metric.gate": "d2"}
    assert status_of(gate, evidence(dataset_digest="d2"), dataset_digests=digests) is Status.PASS
    assert status_of(gate, evidence(dataset_digest="d1"), dataset_digests=digests) is Status.STALE
    assert status_of(gate, evidence(), dataset_digests=digests) is Status.STALE


@pytest.mark.parametrize(
    ("values", "verdict", "status"),
    [
        ((1, 1), Verdict.GO, Status.PASS),
        ((1, 0.1), Verdict.NO_GO, Status.FAIL),
        ((1, None), Verdict.HOLD, Status.NO_DATA),
        ((0.1, None), Verdict.NO_GO, Status.FAIL),
        ((1, float("nan")), Verdict.HOLD, Status.ERROR),
    ],
)
def test_worst_status_decides(values: tuple[Any, Any], verdict: Verdict, status: Status) -> None:
    shown = [evidence(name, value=value) for name, value in zip("ab", values, strict=True)]
    result = evaluate(policy(requirement("a"), requirement("b")), shown, now=NOW)
    assert result.verdict is result.decisions[0].verdict is verdict
    assert result.decisions[0].status is status


def test_advisory_and_optional_gates_are_shown_but_never_counted() -> None:
    gates = (requirement("a"), requirement("b", mode="advisory"), requirement("c", required=False))
    shown = [evidence("a"), evidence("b", value=0.1), evidence("c", value=0.1)]
    result = evaluate(policy(*gates), shown, now=NOW)
    assert result.verdict is Verdict.GO
    assert [g.standing for g in result.gates[1:]] == [Standing.ADVISORY] * 2
    assert result.gates[1].word == "Advisory: fail"
    alone = evaluate(policy(gates[1]), [evidence("b")], now=NOW)
    assert (alone.verdict, alone.decisions[0].status) == (Verdict.HOLD, Status.ERROR)


def test_nothing_required_is_an_error_and_holds() -> None:
    empty = evaluate(policy(), [evidence()], now=NOW)
    assert (empty.verdict, empty.decisions[0].status) == (Verdict.HOLD, Status.ERROR)
    assert "Add requirements" in empty.decisions[0].sentence
    assert evaluate(Policy(title="None"), [evidence()], now=NOW).verdict is Verdict.HOLD


def test_too_many_warnings_hold() -> None:
    gates = [requirement(name, threshold=Decimal("0.5"), warn=Decimal("0.9")) for name in "abc"]
    shown = [evidence(name, value=0.8) for name in "abc"]
    assert evaluate(policy(*gates, maximum_warnings=3), shown, now=NOW).verdict is Verdict.GO
    held = evaluate(policy(*gates, maximum_warnings=2), shown, now=NOW)
    assert held.verdict is Verdict.HOLD
    assert held.decisions[0].sentence == "Hold: 3 gates warn, more than the 2 allowed."


def test_blocking_gates_come_worst_first() -> None:
    gates = (
        requirement("a"),
        requirement("b", severity="minor"),
        requirement("c", severity="critical"),
        requirement("d"),
    )
    shown = [evidence("b", value=0.1), evidence("c", value=0.1), evidence("d")]
    decision = evaluate(policy(*gates), shown, now=NOW).decisions[0]
    assert [gate.requirement.id for gate in decision.blocking] == ["c", "b", "a"]
    assert decision.sentence == "No-go: of 4 gates, 2 fail and 1 has no data."


def test_sentences_say_the_finding_the_limit_and_the_next_step() -> None:
    gate = requirement(direction="at_most", threshold=Decimal("0.0001"))
    shown = evidence(
        value=Decimal(180) / 1_204_512,
        n=1_204_512,
        sentence="180 of 1,204,512 salary values differ.",
    )
    result = evaluate(policy(gate), [shown], now=NOW).gates[0]
    assert result.sentence == "180 of 1,204,512 salary values differ — over the limit of 0.01%."
    assert (result.next_step, result.who) == ("Look at it.", "Scoring lead")


def test_a_sentence_without_its_number_gets_it() -> None:
    gate = requirement(unit="milliseconds", direction="at_most", threshold=500)
    shown = evidence(value=312.4, sentence="Measured on 1,000 of 1,000 requests")
    result = evaluate(policy(gate), [shown], now=NOW).gates[0]
    assert result.sentence == (
        "Predictions are complete: 312 ms, measured on 1,000 of 1,000 requests "
        "— within the limit of 500 ms."
    )


def test_the_next_step_tells_none_from_too_little() -> None:
    few = evaluate(policy(requirement()), [evidence(n=5)], now=NOW).gates[0]
    none = evaluate(policy(requirement()), (), now=NOW).gates[0]
    assert few.next_step.startswith("Collect more evidence")
    assert none.next_step.startswith("Provide evidence")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.99499"), "99.499%"),
        (Decimal("0.995"), "99.5%"),
        (Decimal("0.99999999"), "99.999999%"),
        (Decimal("1"), "100%"),
        (0, "0%"),
        (Decimal("0.0000001"), "0.00001%"),
    ],
)
def test_numbers_are_never_rounded_onto_a_limit(value: Any, text: str) -> None:
    result = evaluate(policy(requirement()), [evidence(value=value)], now=NOW).gates[0]
    assert result.value_text == text


def test_the_time_of_an_evaluation_needs_a_zone() -> None:
    with pytest.raises(InvalidInputError, match="no zone"):
        evaluate(policy(), (), now=datetime(2026, 11, 20))  # noqa: DTZ001


def test_the_digest_changes_with_anything_that_was_judged() -> None:
    base = evaluate(policy(requirement()), [evidence()], now=NOW)
    again = evaluate(policy(requirement()), [evidence()], now=NOW)
    assert base.digest == again.digest
    for other in (
        evaluate(policy(requirement()), [evidence(n=1001)], now=NOW),
        evaluate(policy(requirement()), [evidence(method="other")], now=NOW),
        evaluate(policy(requirement()), [evidence(attempts=2)], now=NOW),
        evaluate(policy(requirement()), [evidence()], now=NOW + timedelta(seconds=1)),
        evaluate(policy(requirement(minimum_n=99)), [evidence()], now=NOW),
        evaluate(policy(requirement()), [evidence()], now=NOW, candidate="m2"),
    ):
        assert other.digest != base.digest
