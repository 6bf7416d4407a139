"""The policy file: what it may say, how it is versioned, and how it is refused."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gates.policy import DEFAULT_POLICY, Policy, Severity, load_policy
from queries.errors import InvalidInputError

VALID = """
title = "Test"

[decisions.scoring]
title = "Scoring"
question = "May it?"
owner = "Head"

[requirements.snapshots]
decision = "scoring"
title = "Snapshots are complete"
requirements = ["B2"]
metric = "audit.snapshot_completeness"
unit = "share"
direction = "at_least"
threshold = 0.75
warn = 0.80
minimum_n = 100
maximum_age_days = 3
severity = "critical"
owner = "Lead"
page = "pipeline"
reason = "Because."
next_step = "Look."
"""
EVERY_REQUIREMENT = (
    {f"A{n}" for n in range(1, 9)}
    | {f"B{n}" for n in range(1, 13)}
    | {f"C{n}" for n in range(1, 11)}
)
MEASURED = {
    "audit.snapshot_completeness",
    "audit.known_versions",
    "audit.configuration_in_force",
    "llm.fired_without_cause",
    "llm.missed",
    "layers.agreement",
    "llm.correctness",
    "latency.fast_path_p95",
    "latency.llm_path_p95",
    "errors.rate",
    "environments.decision_agreement",
    "batches.unbalanced",
    "batches.incomplete",
    "control_totals.differing",
    "exceptions.open_rate",
}


def loaded(folder: Path, text: str) -> Policy:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def test_the_shipped_policy_covers_every_requirement_and_measured_metric() -> None:
    policy = load_policy()
    assert {number for gate in policy.requirements for number in gate.requirements} >= (
        EVERY_REQUIREMENT
    )
    assert {gate.metric for gate in policy.requirements} >= MEASURED
    assert [decision.id for decision in policy.decisions] == ["scoring", "promotion", "migration"]
    for decision in policy.decisions:
        assert any(gate.counted for gate in policy.of(decision.id))


def test_the_shipped_policy_refuses_waivers_where_methods_say_so() -> None:
    policy = load_policy()
    for name in (
        "production_signature",
        "candidate_signature",
        "llm_leaks",
        "golden_critical",
        "record_intact",
        "two_signatures",
    ):
        gate = policy.requirement(name)
        assert not gate.waivable
        assert gate.severity is Severity.CRITICAL
    assert policy.requirement("llm_leaks").minimum_n == 2995


def test_each_metric_is_judged_once() -> None:
    metrics = [gate.metric for gate in load_policy().requirements]
    assert len(metrics) == len(set(metrics))


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    policy = loaded(tmp_path, VALID.replace("0.75", "0.7500000000000000000000001"))
    assert policy.requirements[0].threshold == Decimal("0.7500000000000000000000001")


def test_the_version_is_that_of_the_content(tmp_path: Path) -> None:
    version = loaded(tmp_path, VALID).version
    assert re.fullmatch(r"[0-9a-f]{64}", version)
    head, decision, gate = re.split(r"\n(?=\[)", VALID)
    for same in (
        VALID.replace("0.80", "8e-1"),
        f"# A comment\n{VALID}",
        f"{head}\n{gate}\n{decision}",
        VALID.replace('owner = "Head"', 'owner = "Head"\njudges_candidate = false'),
    ):
        assert loaded(tmp_path, same).version == version
    for other in (
        VALID.replace("0.80", "0.8000000000000000000000001"),
        VALID.replace('"Because."', '"For a reason."'),
        f"window_days = 29\n{VALID}",
        VALID.replace("B2", "B3"),
    ):
        assert loaded(tmp_path, other).version != version


@given(seed=st.integers(0, 2**32))
def test_the_order_of_requirements_does_not_change_the_version(seed: int) -> None:
    policy = load_policy()
    shuffled = list(policy.requirements)
    random.Random(seed).shuffle(shuffled)
    other = Policy(**{**dict(policy), "requirements": tuple(shuffled)})
    assert other.version == policy.version


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("warn = 0.80", "warn = 0.70", "raise it or remove it"),
        ('"at_least"', '"at_most"', "lower it or remove it"),
        ("warn = 0.80", 'bound = "high"', "use “low” or “value”"),
        ('"at_least"', '"equal"', "remove “warn”"),
        ("0.75", "75", "write 5% as 0.05"),
        ("0.75", "nan", "finite number"),
        ("0.75", "inf", "finite number"),
        ("0.75", '"0.75"', "number without quotes"),
        ("0.75", "true", "number without quotes"),
        ("minimum_n = 100", "minimum_n = 0", "greater than or equal to 1"),
        ("minimum_n = 100", "minimum_n = 1.5", "whole number"),
        ("minimum_n = 100\n", "", "field “minimum_n”: Field required. Add it."),
        ("minimum_n = 100", "minimum_m = 100", "field “minimum_m”"),
        ('"critical"', '"terrible"', "Use one of the words"),
        ('["B2"]', "[]", "List at least one"),
        ('["B2"]', '["Z9"]', "Use the form"),
        ('"Because."', '" "', "Write it out"),
        ('metric = "audit.', "slices = ['a', 'a']\nmetric = \"audit.", "named twice"),
    ],
)
def test_a_refusal_names_the_requirement_and_the_remedy(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        loaded(tmp_path, VALID.replace(old, new))
    assert "“snapshots”" in str(refused.value)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (VALID.replace('decision = "scoring"', 'decision = "promotion"'), "is not defined; add it"),
        (f"window = 3\n{VALID}", "field “window”"),
        ("title = ", "not valid TOML"),
        (VALID + VALID.split("\n\n")[-1], "not valid TOML"),
        ("requirements = [1]\ntitle='x'", "Requirement “number 1”"),
        ("requirements = 3\ntitle='x'", "field “requirements”"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(says)):
        loaded(tmp_path, text)


def test_a_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        load_policy(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "caf\xe9"')
    with pytest.raises(InvalidInputError, match="UTF-8"):
        load_policy(tmp_path / "latin.toml")


def test_an_unknown_requirement_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no requirement “nothing”"):
        load_policy(DEFAULT_POLICY).requirement("nothing")
