"""All evidence there is, gathered in one snapshot of the database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from components.gates.evidence import Evidence
from components.gates.policy import Policy
from components.pipeline import assess as pipeline
from dashboard import (
    evidence_alerts,
    evidence_artifacts,
    evidence_drift,
    evidence_explanations,
    evidence_feedback,
    evidence_migration,
    evidence_pipeline,
    evidence_reconciliation,
    evidence_shadow,
)
from dashboard.settings import settings
from queries.database import translate
from queries.errors import MissingRelationError, PlumblineError
from queries.names import PRODUCTION
from queries.rolled import read_rolled
from queries.scope import Scope

LOG = logging.getLogger("plumbline.evidence")

Collect = Callable[..., tuple[Evidence, ...]]


@dataclass(frozen=True, slots=True)
class Collector:
    """Measures the metrics it names; none of them is left without a word when it fails.

    ``collect`` is asked with the connection and the scope; one that ``reads_own`` is also given
    the URL of the product's own schema, None where there is none; one that ``reads_policy`` the
    policy in force, after that.
    """

    name: str
    metrics: tuple[str, ...]
    collect: Collect
    reads_own: bool = False
    reads_policy: bool = False


COLLECTORS = (
    Collector("snapshots", pipeline.SNAPSHOT_METRICS, evidence_pipeline.snapshots),
    Collector(
        "requests",
        (*pipeline.FIRING_METRICS, *pipeline.LATENCY_METRICS),
        evidence_pipeline.requests,
    ),
    Collector("reviews", pipeline.CORRECTNESS_METRICS, evidence_pipeline.correctness),
    Collector("environments", pipeline.ENVIRONMENT_METRICS, evidence_pipeline.environments),
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
    Collector("drills", evidence_artifacts.DRILL_METRICS, evidence_artifacts.drills),
    Collector("overrides", evidence_feedback.OVERRIDE_METRICS, evidence_feedback.overrides),
    Collector("reviewers", evidence_feedback.KAPPA_METRICS, evidence_feedback.agreement),
    Collector(
        "random review",
        evidence_feedback.RANDOM_METRICS,
        evidence_feedback.random_review,
        reads_policy=True,
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
    ),
    Collector("shadow", evidence_shadow.METRICS, evidence_shadow.shadow, reads_policy=True),
)


def candidate(evidence: Iterable[Evidence]) -> str | None:
    """The model that a promotion would be about: the one in the shadow, else the only one named.

    Without one, or with several and none in the shadow, the gates of a promotion are STALE: they
    do not know what they would be about.
    """
    named = [item for item in evidence if item.candidate is not None]
    scored = {item.candidate for item in named if item.metric in evidence_shadow.METRICS}
    known = scored or {item.candidate for item in named}
    return known.pop() if len(known) == 1 else None


def gather(
    engine: sa.Engine,
    policy: Policy,
    as_of: datetime,
    collectors: tuple[Collector, ...] = COLLECTORS,
    own_url: str | None = None,
    roll_ups: sa.Engine | None = None,
) -> tuple[Evidence, ...]:
    """Everything the collectors can measure over the policy's window before ``as_of``.

    ``own_url`` names the product's own schema; by default the one that is configured.
    ``roll_ups`` is an engine for a schema with roll-ups; those of another source are refused.
    Without them the source alone is read, which takes longer and gives the same evidence, and
    drift is not judged.

    A table that is missing gives no evidence, so that its gates say NO DATA. Any other failure
    of a collector becomes an evidence with ``error`` for each of its metrics, and the others go
    on.

    Raises:
        DatabaseDownError: there is no database to measure.
    """
    scope = Scope(
        start=as_of - timedelta(days=policy.window_days),
        end=as_of,
        as_of=as_of,
        environment=PRODUCTION,
    )
    own = own_url or _configured()
    return read_rolled(
        engine, roll_ups, lambda connection: _gather(connection, scope, policy, collectors, own)
    )


def _configured() -> str | None:
    url = settings().own_url
    return url.get_secret_value() if url is not None else None


def _gather(
    connection: sa.Connection,
    scope: Scope,
    policy: Policy,
    collectors: tuple[Collector, ...],
    own_url: str | None,
) -> tuple[Evidence, ...]:
    return tuple(
        item for one in collectors for item in _collect(connection, scope, policy, one, own_url)
    )


def _collect(
    connection: sa.Connection,
    scope: Scope,
    policy: Policy,
    collector: Collector,
    own_url: str | None,
) -> tuple[Evidence, ...]:
    """One collector behind a savepoint: its failure does not end the snapshot."""
    try:
        with connection.begin_nested():
            more: tuple[object, ...] = (own_url,) if collector.reads_own else ()
            if collector.reads_policy:
                more = (*more, policy)
            return collector.collect(connection, scope, *more)
    except exc.SQLAlchemyError as error:
        if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
            raise
        return _failure(collector, translate(error))
    except PlumblineError as error:
        return _failure(collector, error)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # A value that nobody foresaw in somebody's table must not silence the other gates.
        LOG.exception("collector=%s", collector.name)
        return _errors(collector, f"{type(error).__name__} while assessing; the log says more")


def _failure(collector: Collector, error: PlumblineError) -> tuple[Evidence, ...]:
    LOG.warning("collector=%s %s", collector.name, error.log)
    if isinstance(error, MissingRelationError):
        return ()
    return _errors(collector, str(error))


def _errors(collector: Collector, words: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            metric=metric, value=None, n=0, method=collector.name, measured_at=None, error=words
        )
        for metric in collector.metrics
    )
