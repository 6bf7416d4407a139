"""The knobs of the platform over time: which version of each was in force, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from dashboard.sample.features import Floats, Integers
from dashboard.sample.rules import RuleSet
from dashboard.sample.tickets import to_micros
from queries.names import UNIT_COST_KNOB, WORKFLOW_KNOB

RULES_KNOB = "rules_version"
MODEL_KNOB = "ml_version"
LLM_KNOB = "llm_version"
DECISION_THRESHOLD = 0.5

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One value of one knob, in force from ``at`` until the knob's next change."""

    knob: str
    version: str
    value: Mapping[str, str | float]
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """When things happen between ``start`` and ``until``, whatever the length."""

    start: datetime
    until: datetime

    @property
    def span(self) -> timedelta:
        return self.until - self.start

    @property
    def deployments(self) -> tuple[datetime, ...]:
        """The first model, and three retrained ones, the last well before the shadow run."""
        return (
            self.start,
            self.at(min(91 * _DAY, self.span * 0.2)),
            self.at(self.span * 0.46),
            self.at(self.span - min(150 * _DAY, self.span * 0.3)),
        )

    @property
    def shadow_start(self) -> datetime:
        """Thirteen weeks before the end: a small programme needs them to part often enough."""
        return self.until - min(92 * _DAY, self.span * 0.25)

    @property
    def recent(self) -> datetime:
        """A quarter before the end: from here development re-scores and all is explained."""
        return self.until - min(92 * _DAY, self.span * 0.29)

    @property
    def pace(self) -> float:
        """How much faster than usual people work: less than 1 in a programme of a few days."""
        return min(1.0, self.span / (90 * _DAY))

    @property
    def label_delay(self) -> timedelta:
        """Time between the last review that a training run sees and the deployment."""
        return min(2 * _DAY, self.span * 0.005)

    def at(self, after: timedelta) -> datetime:
        """A moment after the start: at ten in the morning where the programme has months."""
        if self.span < 60 * _DAY:
            return self.start + timedelta(seconds=round(after.total_seconds()))
        return self.start + timedelta(days=after.days, hours=10)


class Knobs:
    """All changes, and for any times the version in force."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self.changes = sorted(changes, key=lambda change: change.at)

    def of(self, knob: str) -> list[Change]:
        """The changes of one knob, oldest first."""
        return [change for change in self.changes if change.knob == knob]

    def position(self, knob: str, times: Integers) -> Integers:
        """For each time, the position in :meth:`of` of the change in force."""
        since = np.array([to_micros(change.at) for change in self.of(knob)])
        return np.searchsorted(since, times, side="right") - 1

    def versions(self, knob: str) -> npt.NDArray[np.object_]:
        """The versions of one knob, oldest first."""
        return np.array([change.version for change in self.of(knob)], dtype=object)

    def agreement_thresholds(self) -> Floats:
        """The thresholds of the workflow configurations, oldest first."""
        values = [change.value["agreement_threshold"] for change in self.of(WORKFLOW_KNOB)]
        return np.array(values, dtype=np.float64)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)


def history(
    timeline: Timeline, rules: tuple[RuleSet, ...], cut_shadow_at: datetime | None
) -> Knobs:
    """All changes of a programme; ``cut_shadow_at`` adds the one that is a planted defect."""
    first = timeline.start - min(_DAY, timeline.span * 0.01)
    span = timeline.span
    changes = [
        _workflow(1, 0.35, first, "Agreed for the start of operation"),
        _workflow(2, 0.30, timeline.at(span * 0.33), "The LLM shall see more disagreements"),
        _workflow(3, 0.25, timeline.at(span * 0.62), "Reviewers asked for closer scrutiny"),
        _version(LLM_KNOB, "simulated-llm-1", first, "Simulated language model"),
        _version(LLM_KNOB, "simulated-llm-2", timeline.at(span * 0.55), "Faster and more exact"),
        _cost(1, "0.0150", first, "Price list at the start"),
        _cost(2, "0.0120", timeline.at(span * 0.5), "New price list of the LLM"),
    ]
    for ruleset, at in zip(rules, (first, timeline.at(span * 0.4)), strict=False):
        changes.append(_version(RULES_KNOB, ruleset.version, at, ruleset.reason, "rules-team"))
    changes.append(_version(MODEL_KNOB, "xgb-1", first, "First model", "ml-platform"))
    for number, at in enumerate(timeline.deployments[1:], start=2):
        reason = "Retrained on newer reviews"
        changes.append(_version(MODEL_KNOB, f"xgb-{number}", at, reason, "ml-platform"))
    if cut_shadow_at is not None:
        changes.append(_workflow(4, 0.30, cut_shadow_at, "Fewer LLM calls wanted"))
    return Knobs(changes)


def _workflow(number: int, agreement: float, at: datetime, reason: str) -> Change:
    value = {"agreement_threshold": agreement, "decision_threshold": DECISION_THRESHOLD}
    return Change(WORKFLOW_KNOB, f"wf-{number}", value, at, "workflow-admin", reason)


def _version(
    knob: str, version: str, at: datetime, reason: str, by: str = "platform-admin"
) -> Change:
    return Change(knob, version, {"name": version}, at, by, reason)


def _cost(number: int, llm_usd: str, at: datetime, reason: str) -> Change:
    value = {
        "rules_usd": "0.00001",
        "ml_usd": "0.0002",
        "llm_usd": llm_usd,
        "review_usd": "4.50",
    }
    return Change(UNIT_COST_KNOB, f"cost-{number}", value, at, "finance", reason)
