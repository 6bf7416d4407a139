"""The part of the policy that says how a candidate is compared with production (B3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("it must be a number without quotes, such as 0.05")
    return value


Money = Annotated[Decimal, BeforeValidator(_number), Field(ge=0)]
Share = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, lt=1)]
Dimension = Literal["work_type", "region"]


class ErrorCosts(BaseModel):
    """Money for one missed priority ticket, one false alarm, one LLM call, one review."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    false_negative: Money = Decimal(400)
    false_positive: Money = Decimal(60)
    llm_call: Money = Decimal("0.012")
    review: Money = Decimal("4.50")


class ShadowPolicy(BaseModel):
    """The window of the comparison, its aim, its groups, and what errors cost.

    A comparison begins with the candidate's first score, or ``start_within_days`` after its file
    was signed where that is earlier, so that first days cannot be taken out of the records; or on
    ``since`` where that is later (after a change of configuration it begins anew). It looks back
    ``comparison_days`` at most.
    Labels of the last ``label_days`` are still coming in, and do not count as evidence over time.
    The confidence sequence is tightest at ``aim_days`` of traffic. Weights 1 / propensity are cut
    at ``largest_weight`` in evidence over time. ``critical_slices`` are written as
    ``region=North``; without any, each work type and region with at least ``slice_share`` of the
    predictions is critical. ``groups`` are those between which fairness is judged.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    comparison_days: StrictInt = Field(default=92, ge=14, le=366)
    since: date | None = None
    start_within_days: StrictInt = Field(default=7, ge=0, le=366)
    label_days: StrictInt = Field(default=7, ge=0, le=60)
    aim_days: StrictInt = Field(default=30, ge=7, le=366)
    largest_weight: StrictInt = Field(default=300, ge=1, le=100_000)
    minimum_effective_reviews: StrictInt = Field(default=1_000, ge=30)
    minimum_slice: StrictInt = Field(default=100, ge=10)
    slice_share: Share = Decimal("0.05")
    critical_slices: tuple[str, ...] = ()
    groups: tuple[Dimension, ...] = ("region",)
    costs: ErrorCosts = ErrorCosts()
