"""Numbers of the pipeline into typed assessments; each idea lives in its own small file."""

from __future__ import annotations

from components.pipeline.assess_changes import Change, changes
from components.pipeline.assess_correctness import Correctness, LayerCorrectness, correctness
from components.pipeline.assess_days import Days, days
from components.pipeline.assess_environments import Environments, environments
from components.pipeline.assess_evidence import (
    CORRECTNESS_METRICS,
    DAY_METRICS,
    ENVIRONMENT_METRICS,
    FIRING_METRICS,
    LATENCY_METRICS,
    SNAPSHOT_METRICS,
    TICKET_METRICS,
    correctness_evidence,
    day_evidence,
    environment_evidence,
    firing_evidence,
    latency_evidence,
    snapshot_evidence,
    ticket_evidence,
)
from components.pipeline.assess_firing import Firing, firing
from components.pipeline.assess_latency import Costs, Latency, costs, latency
from components.pipeline.assess_layers import Agreement, agreement, weekly_agreement
from components.pipeline.assess_summary import Summary, period_words, summary
from components.pipeline.assess_threshold import (
    Setting,
    ThresholdEffect,
    effect,
    setting,
)
from components.pipeline.assess_versions import Snapshots, snapshots

__all__ = [
    "CORRECTNESS_METRICS",
    "DAY_METRICS",
    "ENVIRONMENT_METRICS",
    "FIRING_METRICS",
    "LATENCY_METRICS",
    "SNAPSHOT_METRICS",
    "TICKET_METRICS",
    "Agreement",
    "Change",
    "Correctness",
    "Costs",
    "Days",
    "Environments",
    "Firing",
    "Latency",
    "LayerCorrectness",
    "Setting",
    "Snapshots",
    "Summary",
    "ThresholdEffect",
    "agreement",
    "changes",
    "correctness",
    "correctness_evidence",
    "costs",
    "day_evidence",
    "days",
    "effect",
    "environment_evidence",
    "environments",
    "firing",
    "firing_evidence",
    "latency",
    "latency_evidence",
    "period_words",
    "setting",
    "snapshot_evidence",
    "snapshots",
    "summary",
    "ticket_evidence",
    "weekly_agreement",
]
