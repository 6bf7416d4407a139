"""A tiny programme written by hand: predictions, reviews and configuration, bent by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa

from queries import contract
from queries.database import source_engine
from queries.names import PRODUCTION
from queries.scope import Scope

DAY = datetime(2026, 10, 5, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
AS_OF = DAY + timedelta(days=10)
SCOPE = Scope(start=DAY, end=AS_OF, as_of=AS_OF)
THRESHOLD = 0.25

_ASKED = {
    "llm_version": "llm-1",
    "llm_score": 0.9,
    "llm_decision": "priority",
    "llm_latency_ms": 900.0,
}


class Programme:
    """Writes rows of the contract; what a test does not say is healthy."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._ids = count(1)

    def predict(self, n: int = 1, *, asked: bool = False, **changes: Any) -> list[int]:
        """Predictions on which rules and model agree; ``asked`` adds an answer of the LLM."""
        ids = [next(self._ids) for _ in range(n)]
        rows = [{**_healthy(each), **(_ASKED if asked else {}), **changes} for each in ids]
        self._connection.execute(sa.insert(contract.prediction_audit), rows)
        return ids

    def review(
        self, prediction_id: int, correct: str, *, reviewed_at: datetime = NOON, **changes: Any
    ) -> None:
        row = {
            "feedback_id": next(self._ids),
            "prediction_id": prediction_id,
            "reviewer": "r1",
            "reviewed_at": reviewed_at,
            "model_decision": "priority",
            "correct_decision": correct,
            "review_reason": "random",
            "blinded": True,
            **changes,
        }
        self._connection.execute(sa.insert(contract.ml_feedback), [row])

    def configure(
        self, knob: str, version: str, valid_from: datetime, value: dict[str, Any] | None = None
    ) -> None:
        row = {
            "knob": knob,
            "version": version,
            "value": value or {},
            "valid_from": valid_from,
            "changed_by": "ops",
        }
        self._connection.execute(sa.insert(contract.config_history), [row])

    def train(self, version: str) -> None:
        row = {
            "run_id": f"run-{version}",
            "model_version": version,
            "family": "xgboost",
            "started_at": DAY - timedelta(days=60),
            "status": "succeeded",
            "trained_by": "team",
        }
        self._connection.execute(sa.insert(contract.ml_training_runs), [row])

    def execute(self, statement: str) -> None:
        self._connection.execute(sa.text(statement))

    def healthy_configuration(self) -> None:
        """Everything that the predictions name, in force since a month before."""
        since = DAY - timedelta(days=30)
        value = {"agreement_threshold": THRESHOLD, "decision_threshold": 0.5}
        self.configure("workflow_config", "wf-1", since, value)
        self.configure("rules_version", "rules-1", since)
        self.configure("ml_version", "ml-1", since)
        self.configure("llm_version", "llm-1", since)
        self.train("ml-1")


def _healthy(prediction_id: int) -> dict[str, Any]:
    return {
        "prediction_id": prediction_id,
        "ticket_id": f"t{prediction_id}",
        "scored_at": NOON,
        "environment": PRODUCTION,
        "work_type": "water",
        "region": "Harbor",
        "rules_version": "rules-1",
        "ml_version": "ml-1",
        "llm_version": None,
        "workflow_config": "wf-1",
        "rules_score": 0.75,
        "rules_decision": "priority",
        "ml_score": 0.75,
        "ml_decision": "priority",
        "llm_score": None,
        "llm_decision": None,
        "llm_trigger": None,
        "escalated": False,
        "final_score": 0.75,
        "final_decision": "priority",
        "rules_latency_ms": 1.0,
        "ml_latency_ms": 5.0,
        "llm_latency_ms": None,
        "total_latency_ms": 10.0,
        "error": None,
        "review_propensity": 0.5,
    }


@contextmanager
def programme(url: str) -> Iterator[Programme]:
    """Write into a database; everything is committed at the end."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        yield Programme(connection)
    engine.dispose()


@contextmanager
def asking(url: str) -> Iterator[sa.Connection]:
    """A connection such as the pages use."""
    engine = source_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
