"""A month of predictions written by hand, and a refresh of it: what the roll-up tests share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import sqlalchemy as sa

from components.gates.policy import load_policy
from dashboard.progress import SilentProgress
from dashboard.refresh.plan import Options
from dashboard.refresh.run import Outcome, refresh
from queries import contract
from queries.database import own_engine, source_engine
from queries.names import PRODUCTION
from queries.rollup_parts import midnight
from queries.scope import Scope

FIRST, TODAY = date(2026, 2, 1), date(2026, 3, 4)
REFERENCE = (FIRST, date(2026, 2, 15))
PER_DAY = 8

_ids = count(1)


@dataclass(slots=True)
class Programme:
    """A database with predictions, and engines on it as the refresh job has them."""

    url: str
    source: sa.Engine
    own: sa.Engine

    def refresh(self, **changes: Any) -> Outcome:
        given = {"environments": (PRODUCTION,), "today": TODAY, "families": ()}
        options = Options(**{**given, **changes})
        policy = load_policy(None).drift
        return refresh(self.source, self.own, policy, options, SilentProgress())

    def predict(self, day: date, n: int = 1, **changes: Any) -> list[int]:
        """Add predictions of a day; what is not said is drawn from the day's own numbers."""
        return self.predict_each(day, [changes] * n)

    def predict_each(self, day: date, changes: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add a prediction of a day for each set of changes."""
        rows = [{**_row(day, next(_ids)), **each} for each in changes]
        with self.own.begin() as connection:
            connection.execute(sa.insert(contract.prediction_audit), rows)
            explained = [_explanation(row) for row in rows if row["prediction_id"] % 2]
            if explained:
                connection.execute(sa.insert(contract.prediction_explanations), explained)
        return [row["prediction_id"] for row in rows]

    def execute(self, statement: str, **parameters: Any) -> None:
        with self.own.begin() as connection:
            connection.execute(sa.text(statement), parameters)

    def value(self, statement: str, **parameters: Any) -> Any:
        with self.own.connect() as connection:
            return connection.execute(sa.text(statement), parameters).scalar()


@contextmanager
def programme(url: str, *, filled: bool = True) -> Iterator[Programme]:
    """The programme in a database of the contract; a month and three days where it is filled."""
    source, own = source_engine(url), own_engine(url)
    made = Programme(url, source, own)
    if filled:
        for number in range((TODAY - FIRST).days):
            made.predict(FIRST + timedelta(days=number), PER_DAY)
    try:
        yield made
    finally:
        source.dispose()
        own.dispose()


def scope(start: date = FIRST, end: date = TODAY, **changes: Any) -> Scope:
    return Scope(start=midnight(start), end=midnight(end), as_of=midnight(TODAY), **changes)


def _row(day: date, number: int) -> dict[str, Any]:
    chance = Random(number)
    score = round(chance.random(), 6)
    decision = "priority" if score > 0.5 else "standard"
    return {
        "prediction_id": number,
        "ticket_id": f"T-{number}",
        "scored_at": midnight(day) + timedelta(seconds=chance.randrange(86_400)),
        "environment": PRODUCTION,
        "work_type": chance.choice(["Sewer", "Graffiti", None]),
        "region": chance.choice(["North", "South"]),
        "rules_version": "rules-1",
        "ml_version": "xgb-1" if day < date(2026, 2, 20) else "xgb-2",
        "workflow_config": "wf-1",
        "rules_score": chance.choice([0.1, 0.3, 0.8]),
        "rules_decision": decision,
        "ml_score": score,
        "ml_decision": decision,
        "escalated": False,
        "final_score": score,
        "final_decision": decision,
        "features": {
            "age": round(chance.uniform(1, 90), 2),
            "rain": chance.choice([0, 0, 0, round(chance.uniform(0.1, 40), 3)]),
            "hour": chance.randrange(24),
            "channel": chance.choice(["web", "phone", "phone"]),
            "flag": chance.choice([True, False]),
            "empty": None,
            "Odd % name": chance.choice(["a", "b"]),
        },
    }


def _explanation(row: dict[str, Any]) -> dict[str, Any]:
    chance = Random(-row["prediction_id"])
    names = row["features"] if isinstance(row["features"], dict) else {}
    return {
        "prediction_id": row["prediction_id"],
        "scored_at": row["scored_at"],
        "model_version": row["ml_version"],
        "method": "tree_path_dependent",
        "output_space": "log_odds",
        "base_value": -1.0,
        "shap_values": {name: round(chance.uniform(-2, 2), 7) for name in names},
        "library_version": "xgboost 3",
    }


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
