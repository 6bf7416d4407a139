"""The part of the policy about alerts: which gates raise them, and when to recommend retraining."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

GateId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]*$")]
Hours = Annotated[StrictInt, Field(ge=1, le=24 * 90)]


class Enter(StrEnum):
    """The least bad status of a gate that counts as a signal."""

    WARN = "warn"
    FAIL = "fail"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerWithin(_Frozen):
    """Hours within which somebody acknowledges an alert, by its severity."""

    critical: Hours = 4
    major: Hours = 24
    minor: Hours = 72


class RetrainingRule(_Frozen):
    """Retraining is recommended while a gate of each list is in alarm.

    ``drift_from`` and ``degradation_from`` say from which status a gate of the list counts. A
    training run is to begin within ``start_within_days``.
    """

    drift: tuple[GateId, ...] = ()
    drift_from: Enter = Enter.WARN
    degradation: tuple[GateId, ...] = ()
    degradation_from: Enter = Enter.FAIL
    runbook: GateId | None = None
    start_within_days: StrictInt = Field(default=7, ge=1, le=90)


class Alerts(_Frozen):
    """Which gates raise an alert, when one ends, and who is told.

    An alert is raised when its gate fails or cannot be measured for an error. It ends when the
    number is back at ``leave`` times the limit (for a share that must be at least the limit:
    when its shortfall from 100% is), so that a number on the edge does not raise it daily.
    """

    gates: tuple[GateId, ...] = ()
    leave: Decimal = Field(default=Decimal("0.7"), gt=0, le=1)
    webhook: StrictBool = True
    runbook_days: StrictInt = Field(default=180, ge=1, le=1000)
    answer_within_hours: AnswerWithin = AnswerWithin()
    retraining: RetrainingRule = RetrainingRule()

    @property
    def named(self) -> tuple[str, ...]:
        """Every gate that this section names."""
        return (*self.gates, *self.retraining.drift, *self.retraining.degradation)
