"""Who measures what: every collector of evidence, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from components.gates.evidence import Evidence
from components.pipeline import assess as pipeline
from dashboard import (
    evidence_alerts,
    evidence_artifacts,
    evidence_drift,
    evidence_explanations,
    evidence_feedback,
    evidence_governance,
    evidence_kept,
    evidence_migration,
    evidence_pipeline,
    evidence_production,
    evidence_reconciliation,
    evidence_shadow,
)

Collect = Callable[..., tuple[Evidence, ...]]


@dataclass(frozen=True, slots=True)
class Collector:
    """Measures the metrics it names; none of them is left without a word when it fails.

    ``collect`` is asked with the connection and the scope; one that ``reads_own`` is also given
    the connection to the product's own schema, None where there is none; one that
    ``reads_policy`` the policy in force, after that. One that is ``slow`` reads predictions by
    the million where there are no roll-ups. ``in_time`` is asked instead where time is bounded.
    """

    name: str
    metrics: tuple[str, ...]
    collect: Collect
    reads_own: bool = False
    reads_policy: bool = False
    slow: bool = False
    in_time: Collect | None = None


COLLECTORS = (
    Collector("snapshots", pipeline.SNAPSHOT_METRICS, evidence_pipeline.snapshots, slow=True),
    Collector(
        "requests",
        (*pipeline.DAY_METRICS, *pipeline.FIRING_METRICS, *pipeline.LATENCY_METRICS),
        evidence_pipeline.requests,
        slow=True,
    ),
    Collector(
        "tickets",
        pipeline.TICKET_METRICS,
        evidence_pipeline.tickets,
        slow=True,
        in_time=evidence_kept.TICKETS.kept,
    ),
    Collector("reviews", pipeline.CORRECTNESS_METRICS, evidence_pipeline.correctness, slow=True),
    Collector(
        "environments",
        pipeline.ENVIRONMENT_METRICS,
        evidence_pipeline.environments,
        slow=True,
        in_time=evidence_kept.ENVIRONMENTS.kept,
    ),
    Collector("migration", evidence_migration.METRICS, evidence_migration.collect),
    Collector("reports", evidence_reconciliation.REPORT_METRICS, evidence_reconciliation.reported),
    Collector(
        "recount",
        evidence_reconciliation.RECOUNT_METRICS,
        evidence_reconciliation.recounted,
        reads_own=True,
    ),
    Collector("alerts", evidence_alerts.ANSWER_METRICS, evidence_alerts.answered, reads_own=True),
    Collector(
        "retraining",
        evidence_alerts.TRAINING_METRICS,
        evidence_alerts.retrained,
        reads_own=True,
        reads_policy=True,
    ),
    Collector(
        "runbooks",
        evidence_alerts.RUNBOOK_METRICS,
        evidence_alerts.documented,
        reads_policy=True,
    ),
    Collector(
        "model files", evidence_artifacts.FILE_METRICS, evidence_artifacts.files, reads_own=True
    ),
    Collector(
        "production model",
        evidence_production.METRICS,
        evidence_production.harm,
        reads_policy=True,
        slow=True,
        in_time=evidence_kept.HARM.kept,
    ),
    Collector("drills", evidence_artifacts.DRILL_METRICS, evidence_artifacts.drills),
    Collector(
        "overrides", evidence_feedback.OVERRIDE_METRICS, evidence_feedback.overrides, slow=True
    ),
    Collector(
        "random review",
        evidence_feedback.RANDOM_METRICS,
        evidence_feedback.random_review,
        reads_policy=True,
        slow=True,
    ),
    Collector("challengers", evidence_feedback.FAMILY_METRICS, evidence_feedback.challengers),
    Collector(
        "explanations",
        evidence_explanations.METRICS,
        evidence_explanations.attested,
        reads_own=True,
    ),
    Collector(
        "drift",
        evidence_drift.METRICS,
        evidence_drift.drift,
        reads_policy=True,
        in_time=evidence_drift.kept,
    ),
    Collector("suites", evidence_governance.SUITE_METRICS, evidence_governance.suites),
    Collector(
        "findings",
        evidence_governance.FINDING_METRICS,
        evidence_governance.findings,
        reads_policy=True,
    ),
    Collector("changes", evidence_governance.CHANGE_METRICS, evidence_governance.changes),
    Collector("audit events", evidence_governance.GAP_METRICS, evidence_governance.events),
    Collector("kept days", evidence_governance.DAY_METRICS, evidence_governance.days),
    Collector(
        "training data",
        evidence_governance.TRAINING_METRICS,
        evidence_governance.training,
        reads_policy=True,
    ),
    Collector(
        "ledger", evidence_governance.LEDGER_METRICS, evidence_governance.ledger, reads_own=True
    ),
    Collector(
        "shadow",
        evidence_shadow.METRICS,
        evidence_shadow.shadow,
        reads_policy=True,
        slow=True,
        in_time=evidence_kept.SHADOW.kept,
    ),
    Collector("reviewers", evidence_feedback.KAPPA_METRICS, evidence_feedback.agreement, slow=True),
)
