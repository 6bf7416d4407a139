"""The tables the product reads: names, types, keys, meaning, and the pages that need them.

Where an owner's tables are named otherwise, views with these names do as well. The DDL is
printed by :mod:`queries.contract_ddl` and a database is compared with it by
:mod:`queries.contract_check`.
"""

from __future__ import annotations

import sqlalchemy as sa

from queries.contract_governance import (
    config_history,
    evaluation_results,
    evaluation_runs,
    findings,
    system_audit,
)
from queries.contract_migration import (
    migration_batches,
    migration_control_totals,
    migration_exceptions,
    migration_field_checks,
)
from queries.contract_parts import (
    Domain,
    Identifier,
    KnownIn,
    NonNegative,
    OneOf,
    Past,
    Unit,
    metadata,
)
from queries.contract_scoring import (
    ml_feedback,
    ml_shadow_scores,
    ml_training_runs,
    model_artifacts,
    prediction_audit,
    prediction_explanations,
)

CONTRACT_VERSION = "1"

# In the order in which people read them.
relations: tuple[sa.Table, ...] = (
    prediction_audit,
    prediction_explanations,
    ml_shadow_scores,
    ml_feedback,
    ml_training_runs,
    model_artifacts,
    system_audit,
    config_history,
    migration_batches,
    migration_control_totals,
    migration_field_checks,
    migration_exceptions,
    evaluation_runs,
    evaluation_results,
    findings,
)

__all__ = [
    "CONTRACT_VERSION",
    "Domain",
    "Identifier",
    "KnownIn",
    "NonNegative",
    "OneOf",
    "Past",
    "Unit",
    "config_history",
    "evaluation_results",
    "evaluation_runs",
    "findings",
    "metadata",
    "migration_batches",
    "migration_control_totals",
    "migration_exceptions",
    "migration_field_checks",
    "ml_feedback",
    "ml_shadow_scores",
    "ml_training_runs",
    "model_artifacts",
    "prediction_audit",
    "prediction_explanations",
    "relations",
    "system_audit",
]
