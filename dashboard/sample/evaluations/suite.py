"""What a suite measures: typed results, with Wilson intervals on shares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from components.statistics.intervals import wilson

TOOL = "sample-evaluation 1"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Result:
    """One metric on one segment; shares lie between 0 and 1, latencies are milliseconds."""

    metric: str
    value: float | None
    n: int
    segment: str = ALL
    n_unscored: int = 0
    low: float | None = None
    high: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One suite run against one model version."""

    suite: str
    version: str
    digest: str
    model_version: str
    started_at: datetime
    results: tuple[Result, ...]
    attempt: int = 1
    status: str = "succeeded"
    tool: str = TOOL

    @property
    def run_id(self) -> str:
        return f"{self.suite}-{self.model_version}-{self.started_at:%Y%m%d%H%M}-{self.attempt}"

    @property
    def finished_at(self) -> datetime:
        return self.started_at + timedelta(minutes=6)


def share(
    metric: str,
    successes: int,
    n: int,
    *,
    segment: str = ALL,
    n_unscored: int = 0,
    evidence: Mapping[str, Any] | None = None,
) -> Result:
    """A share with its 95% interval (Wilson); no value where nothing was scored."""
    if n == 0:
        return Result(metric, None, 0, segment, n_unscored, evidence=evidence or {})
    interval = wilson(successes, n)
    return Result(
        metric,
        successes / n,
        n,
        segment,
        n_unscored,
        interval.low,
        interval.high,
        evidence or {},
    )


def digest(parts: Iterable[object]) -> str:
    """SHA-256 over the parts of a suite, in their order."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()
