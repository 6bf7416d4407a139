"""Where the policy draws the line for a metric, for charts and sentences."""

from __future__ import annotations

from components.gates.policy import Policy


def limit(policy: Policy, metric: str) -> float | None:
    """The threshold of the first gate on this metric; None where the policy has none."""
    found = (item for item in policy.requirements if item.metric == metric)
    return next((float(item.threshold) for item in found), None)
