"""Words that the platform writes into the tables and that the product must know."""

from __future__ import annotations

PRODUCTION = "production"
DEVELOPMENT = "development"

DISAGREEMENT = "disagreement"
ESCALATION = "escalation"

WORKFLOW_KNOB = "workflow_config"
UNIT_COST_KNOB = "unit_cost"
