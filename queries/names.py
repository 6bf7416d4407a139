"""Words that the platform writes into the tables and that the product must know."""

from __future__ import annotations

from datetime import timedelta

PRODUCTION = "production"
DEVELOPMENT = "development"

DISAGREEMENT = "disagreement"
ESCALATION = "escalation"

WORKFLOW_KNOB = "workflow_config"
UNIT_COST_KNOB = "unit_cost"
VERSION_KNOBS = ("rules_version", "ml_version", "llm_version", WORKFLOW_KNOB)

GRACE = timedelta(seconds=60)
"""Around a switch the old value is as good as the new one: servers do not turn at once."""
