"""What was measured, handed to judgement: one metric, one slice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ALL = "all"
OUT_OF_TIME = "measuring it takes too long for a page; run “plumbline refresh”"
"""The sentence of what was left unmeasured, so that a page answers in time."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measured metric on one slice.

    ``value`` is in the metric's own unit: shares as 0–1, latencies in milliseconds, money as
    ``Decimal``. ``low`` and ``high`` are its 95% interval where one exists; a full count has
    none. ``n`` is how many items were measured and ``n_unscored`` how many could not be.
    ``measured_at`` is the time of the newest item behind the number. ``candidate`` and
    ``dataset_digest`` say what was measured, where that is a model or a data set.
    """

    metric: str
    value: int | float | Decimal | None
    n: int
    method: str
    measured_at: datetime | None
    slice: str = ALL
    low: float | None = None
    high: float | None = None
    n_unscored: int = 0
    candidate: str | None = None
    dataset_digest: str | None = None
    policy_version: str | None = None
    attempts: int = 1
    running: bool = False
    error: str | None = None
    sentence: str = ""
