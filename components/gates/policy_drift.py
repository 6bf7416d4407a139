"""The part of the policy that says when two windows differ enough to matter (B4)."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    model_validator,
)


class Watch(StrEnum):
    """What an alert rule looks at, once a week."""

    FEATURE_DISTANCE = "feature_distance"  # largest Jensen–Shannon distance of a feature
    SCORE_PSI = "score_psi"  # PSI of the final score
    MISSING_SHARE = "missing_share"  # largest rise of a feature's missing share
    DECISION_SHARE = "decision_share"  # change of the share of final decisions


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("it must be a number without quotes, such as 0.05")
    return value


Number = Annotated[Decimal, BeforeValidator(_number)]
Share = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, lt=1)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]*$")]


class AlertRule(BaseModel):
    """One alert: raised when what it watches reaches ``level`` in ``persistence`` looks running.

    With ``calibrated`` the value must also be more than shuffled days explain.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Identifier
    title: Text
    watches: Watch
    level: Annotated[Decimal, BeforeValidator(_number), Field(gt=0)]
    persistence: StrictInt = Field(default=1, ge=1, le=12)
    calibrated: bool = True


class DriftPolicy(BaseModel):
    """Windows, evidence and the size of a change that matters in practice.

    The reference is the ``reference_days`` that end ``reference_gap_days`` before the last day.
    A variable has moved if the false-discovery rate holds (Benjamini–Hochberg over features ×
    segments) *and* its Jensen–Shannon distance or its impact in score points leaves the band.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference_days: StrictInt = Field(default=90, ge=7, le=731)
    reference_gap_days: StrictInt = Field(default=60, ge=0, le=366)
    minimum_reference_days: StrictInt = Field(default=14, ge=7)
    current_days: StrictInt = Field(default=28, ge=7, le=366)
    minimum_current_days: StrictInt = Field(default=7, ge=1)
    minimum_rows: StrictInt = Field(default=200, ge=1)
    permutations: StrictInt = Field(default=499, ge=99, le=100_000)
    tail_permutations: StrictInt = Field(default=9_999, ge=99, le=1_000_000)
    false_discovery_rate: Share = Decimal("0.05")
    minimum_distance: Share = Decimal("0.06")
    minimum_segment_distance: Share = Decimal("0.15")
    minimum_points: Annotated[Decimal, BeforeValidator(_number), Field(gt=0)] = Decimal("0.5")
    leave_at: Annotated[Decimal, BeforeValidator(_number), Field(gt=0, le=1)] = Decimal("0.7")
    missing_rise: Share = Decimal("0.05")
    unusable_share: Share = Decimal("0.001")
    unseen_share: Share = Decimal("0.001")
    outside_share: Share = Decimal("0.02")
    incident_days: StrictInt = Field(default=3, ge=0, le=31)
    coincidence_days: StrictInt = Field(default=2, ge=0, le=31)
    concept_days: StrictInt = Field(default=42, ge=14, le=366)
    concept_effective_reviews: StrictInt = Field(default=50, ge=10)
    concept_gap: Share = Decimal("0.05")
    mature_share: Share = Decimal("0.90")
    rules: tuple[AlertRule, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.minimum_reference_days > self.reference_days:
            raise ValueError("“minimum_reference_days” is more than “reference_days”; lower it")
        if self.minimum_current_days > self.current_days:
            raise ValueError("“minimum_current_days” is more than “current_days”; lower it")
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) != len(ids):
            raise ValueError("an alert rule is defined twice; rename or remove one")
        return self
