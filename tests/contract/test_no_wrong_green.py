"""An adversary with write access to the source: no gate passes on what the tables cannot show.

Each case plants one defect in the clean programme, inside a transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from components.gates.assess import evaluate
from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from components.gates.status import Status
from dashboard import (
    evidence_feedback,
    evidence_governance,
    evidence_migration,
    evidence_pipeline,
    evidence_production,
    evidence_reconciliation,
    evidence_shadow,
)
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL
from tests.contract.wrong_green_cases import (
    CHANGES,
    FINDINGS,
    MIGRATION,
    PRODUCTION,
    RECORDS,
    REVIEWS,
    SHADOW,
    SUITES,
    Case,
)

POLICY = load_policy()
_OF_REVIEWS = (
    "override_rate", "llm_correctness", "reviewer_agreement", "rules_harm", "harm_e_process",
    "fairness_worst_group",
)  # fmt: skip
_CHANGED = {
    **{key: {"minimum_n": 1} for key in _OF_REVIEWS},
    "labelled_disagreements": {"minimum_n": 1, "threshold": Decimal(100)},
}
_SMALL = POLICY.model_copy(
    update={
        "requirements": tuple(
            each.model_copy(update=_CHANGED.get(each.id, {})) for each in POLICY.requirements
        )
    }
)
"""The sample has too few reviews for the policy, which would hide what is tested."""
SCOPE = Scope(SAMPLE_UNTIL - timedelta(days=POLICY.window_days), SAMPLE_UNTIL, SAMPLE_UNTIL)
_GOOD = frozenset({Status.PASS, Status.WARN})


@pytest.fixture(scope="module")
def engine(clean_database: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(clean_database)
    yield made
    made.dispose()


def _statuses(engine: sa.Engine, case: Case | None, collect: object) -> dict[str, Status]:
    with engine.connect() as connection, connection.begin() as transaction:
        for statement in case.sql if case else ():
            changed = connection.execute(sa.text(statement)).rowcount
            assert changed, f"nothing was planted for {case.defect}"
        found: tuple[Evidence, ...] = collect(connection)
        transaction.rollback()
    candidate = next((item.candidate for item in found if item.candidate), None)
    judged = evaluate(_SMALL, found, now=SAMPLE_UNTIL, candidate=candidate)
    return {gate.requirement.id: gate.status for gate in judged.gates}


def _migration(connection: sa.Connection) -> tuple[Evidence, ...]:
    return (
        *evidence_migration.collect(connection, SCOPE),
        *evidence_reconciliation.reported(connection, SCOPE),
    )


def _records(connection: sa.Connection) -> tuple[Evidence, ...]:
    return (
        *evidence_pipeline.requests(connection, SCOPE),
        *evidence_pipeline.tickets(connection, SCOPE),
    )


def _reviews(connection: sa.Connection) -> tuple[Evidence, ...]:
    return (
        *evidence_pipeline.correctness(connection, SCOPE),
        *evidence_feedback.overrides(connection, SCOPE),
        *evidence_feedback.agreement(connection, SCOPE),
    )


def _shadow(connection: sa.Connection) -> tuple[Evidence, ...]:
    return evidence_shadow.shadow(connection, SCOPE, POLICY)


def _production(connection: sa.Connection) -> tuple[Evidence, ...]:
    return evidence_production.harm(connection, SCOPE, POLICY)


def _changes(connection: sa.Connection) -> tuple[Evidence, ...]:
    return evidence_governance.changes(connection, SCOPE)


def _suites(connection: sa.Connection) -> tuple[Evidence, ...]:
    return evidence_governance.suites(connection, SCOPE)


def _findings(connection: sa.Connection) -> tuple[Evidence, ...]:
    return evidence_governance.findings(connection, SCOPE, POLICY)


CASES = {
    _migration: MIGRATION,
    _records: RECORDS,
    _reviews: REVIEWS,
    _shadow: SHADOW,
    _production: PRODUCTION,
    _changes: CHANGES,
    _suites: SUITES,
    _findings: FINDINGS,
}


@pytest.mark.parametrize(
    ("collect", "case"),
    [
        pytest.param(collect, *each.values, id=each.id)
        for collect, cases in CASES.items()
        for each in cases
    ],
)
def test_no_gate_passes_on_a_planted_defect(engine: sa.Engine, collect: object, case: Case) -> None:
    statuses = _statuses(engine, case, collect)
    assert not [gate for gate in case.gates if statuses[gate] in _GOOD]


@pytest.mark.parametrize("collect", CASES)
def test_the_same_gates_pass_on_what_is_clean(engine: sa.Engine, collect: object) -> None:
    """Or the cases above would show nothing."""
    statuses = _statuses(engine, None, collect)
    gates = {gate for each in CASES[collect] for gate in each.values[0].gates}
    assert not [gate for gate in gates if statuses[gate] not in _GOOD]
